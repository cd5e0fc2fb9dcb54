import web

web.serve(web.good, port=80)
