package cmd

import "github.com/spf13/cobra"

var root = &cobra.Command{Use: "wiki"}

func Execute() { _ = root.Execute() }
