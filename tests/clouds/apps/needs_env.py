import os

import web

token = os.environ["API_TOKEN"]
web.serve(web.good)
