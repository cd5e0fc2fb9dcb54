import os

from aiohttp import web


async def index(request):
    return web.Response(text="Hello from aiohttp")


app = web.Application()
app.add_routes([web.get("/", index)])
web.run_app(app, port=int(os.environ.get("PORT", 8080)))
