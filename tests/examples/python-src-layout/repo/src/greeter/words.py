HELLO = "From the src layout"
