import web

web.serve(lambda path, host: (200, "ok") if host == "localhost" else (400, "<h1>Bad Request (400)</h1>"))
