module github.com/acme/links/v2

go 1.22

toolchain go1.23.4

require (
	github.com/gin-gonic/gin v1.10.0
	github.com/mattn/go-sqlite3 v1.14.22
)
