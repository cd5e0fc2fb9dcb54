package listen

import (
	"net/http"
	"os"
)

// On serves until it fails.
func On(handler http.Handler) {
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: handler}
	panic(server.ListenAndServe())
}
