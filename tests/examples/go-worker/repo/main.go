package main

import (
	"log"
	"net/http"
	"os"
	"os/exec"
	"time"
)

func main() {
	url := os.Getenv("FEED_URL")
	for range time.Tick(time.Minute) {
		if _, err := http.Get(url); err != nil {
			log.Print(err)
		}
		_ = exec.Command("true").Run()
	}
}
