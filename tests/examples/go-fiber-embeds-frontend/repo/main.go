package main

import (
	"embed"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/filesystem"
)

//go:embed all:web/out
var site embed.FS

func main() {
	app := fiber.New()
	app.Use("/", filesystem.New(filesystem.Config{Root: http.FS(site), PathPrefix: "web/out"}))
	app.Listen("127.0.0.1:3000")
}
