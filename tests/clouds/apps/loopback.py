import web

web.serve(web.good, host="127.0.0.1")
