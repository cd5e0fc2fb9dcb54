from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from words import HELLO

app = Starlette(routes=[Route("/", lambda request: PlainTextResponse(HELLO))])
