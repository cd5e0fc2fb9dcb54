package main

import (
	"net/http"

	"github.com/acme/shared/listen"
	"github.com/go-chi/chi/v5"
)

func main() {
	router := chi.NewRouter()
	router.Get("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("api")) })
	listen.On(router)
}
