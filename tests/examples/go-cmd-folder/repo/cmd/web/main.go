package main

import (
	"log"
	"net/http"
	"os"

	"example.com/shop/internal/pages"
)

func main() {
	addr := ":9000"
	if port, ok := os.LookupEnv("PORT"); ok {
		addr = ":" + port
	}
	log.Fatal(http.ListenAndServe(addr, pages.Handler()))
}
