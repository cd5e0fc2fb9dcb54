package pages

import (
	"html/template"
	"net/http"
)

func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page := template.Must(template.ParseFiles("templates/index.html"))
		_ = page.Execute(w, "the shop")
	})
	return mux
}
