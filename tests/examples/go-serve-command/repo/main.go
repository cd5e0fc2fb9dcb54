package main

import "example.com/wiki/cmd"

func main() { cmd.Execute() }
