package cmd

import (
	"net/http"

	"github.com/spf13/cobra"
)

var port int

var serve = &cobra.Command{
	Use: "serve",
	Run: func(cmd *cobra.Command, args []string) { _ = http.ListenAndServe(":7000", nil) },
}

func init() { root.AddCommand(serve) }
