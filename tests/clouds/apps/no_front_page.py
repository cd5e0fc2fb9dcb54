import web

web.serve(lambda path, host: (404, "no such page"))
