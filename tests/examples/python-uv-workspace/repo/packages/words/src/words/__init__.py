HELLO = "From the workspace"
