import web

web.serve(web.good)
