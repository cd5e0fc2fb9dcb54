module github.com/acme/api

go 1.22

require (
	github.com/acme/shared v0.0.0
	github.com/go-chi/chi/v5 v5.0.12
)
