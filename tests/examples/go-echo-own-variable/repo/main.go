package main

import (
	"net/http"

	"github.com/acme/notes/config"
	"github.com/labstack/echo/v4"
)

func main() {
	settings := config.Load()
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "notes") })
	// e.Start(":1323")
	e.Logger.Fatal(e.Start(":" + settings.Port))
}
