package slug

func Make(title string) string { return title }
