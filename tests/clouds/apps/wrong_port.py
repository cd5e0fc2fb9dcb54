import web

web.serve(web.good, port=3000)
