"""The web frameworks of Python: how their app objects are made, and which server runs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Serving(StrEnum):
    """How an app object gets to listen."""

    WSGI = "wsgi"
    ASGI = "asgi"
    SANIC = "sanic"
    SCRIPT = "script"
    """The program runs its own server; the object is no WSGI or ASGI app."""


@dataclass(frozen=True)
class Framework:
    """`makers` are the dotted calls that make an app object; `package` is the distribution's name on PyPI; `port` is
    what its own `run()` listens on when the code names none."""

    name: str
    package: str
    serving: Serving
    makers: tuple[str, ...]
    port: int = 8000


FRAMEWORKS: tuple[Framework, ...] = (
    Framework(
        "fasthtml",
        "python-fasthtml",
        Serving.ASGI,
        ("fasthtml.common.FastHTML", "fasthtml.common.fast_app", "fasthtml.FastHTML", "fasthtml.fast_app",
         "fasthtml.core.FastHTML", "fasthtml.fastapp.fast_app"),
        5001,
    ),
    Framework("fastapi", "fastapi", Serving.ASGI, ("fastapi.FastAPI", "fastapi.applications.FastAPI")),
    Framework("flask", "flask", Serving.WSGI, ("flask.Flask", "flask.app.Flask", "apiflask.APIFlask"), 5000),
    Framework("quart", "quart", Serving.ASGI, ("quart.Quart",), 5000),
    Framework("litestar", "litestar", Serving.ASGI, ("litestar.Litestar", "litestar.app.Litestar")),
    Framework("starlette", "starlette", Serving.ASGI, ("starlette.applications.Starlette",)),
    Framework("sanic", "sanic", Serving.SANIC, ("sanic.Sanic",)),
    Framework("dash", "dash", Serving.SCRIPT, ("dash.Dash", "dash.dash.Dash"), 8050),
    Framework("gradio", "gradio", Serving.SCRIPT,
              ("gradio.Blocks", "gradio.Interface", "gradio.ChatInterface", "gradio.TabbedInterface"), 7860),
    Framework("falcon", "falcon", Serving.WSGI, ("falcon.App", "falcon.API")),
    Framework("falcon", "falcon", Serving.ASGI, ("falcon.asgi.App",)),
    Framework("bottle", "bottle", Serving.WSGI, ("bottle.Bottle", "bottle.default_app", "bottle.app"), 8080),
    Framework("aiohttp", "aiohttp", Serving.SCRIPT, ("aiohttp.web.Application",), 8080),
    Framework("tornado", "tornado", Serving.SCRIPT, ("tornado.web.Application",), 8888),
    Framework("django", "django", Serving.WSGI, ("django.core.wsgi.get_wsgi_application",)),
    Framework("django", "django", Serving.ASGI, ("django.core.asgi.get_asgi_application",)),
    Framework("socketio", "python-socketio", Serving.ASGI, ("socketio.ASGIApp",)),
    Framework("socketio", "python-socketio", Serving.WSGI, ("socketio.WSGIApp", "socketio.Middleware")),
    Framework("blacksheep", "blacksheep", Serving.ASGI, ("blacksheep.Application", "blacksheep.server.Application")),
    Framework("pyramid", "pyramid", Serving.WSGI, ("pyramid.config.Configurator.make_wsgi_app",)),
)  # fmt: skip

MAKERS: Mapping[str, Framework] = {maker: framework for framework in FRAMEWORKS for maker in framework.makers}

PLAIN_WSGI = Framework("wsgi", "", Serving.WSGI, ())
PLAIN_ASGI = Framework("asgi", "", Serving.ASGI, ())

SERVER_CALLS: Mapping[str, tuple[str, int]] = {
    "uvicorn.run": ("uvicorn", 8000),
    "hypercorn.run": ("hypercorn", 8000),
    "waitress.serve": ("waitress", 8080),
    "aiohttp.web.run_app": ("aiohttp", 8080),
    "bottle.run": ("bottle", 8080),
    "cherrypy.quickstart": ("cherrypy", 8080),
    "nicegui.ui.run": ("nicegui", 8080),
    "http.server.HTTPServer": ("http.server", 8000),
    "http.server.ThreadingHTTPServer": ("http.server", 8000),
    "http.server.test": ("http.server", 8000),
    "socketserver.TCPServer": ("http.server", 8000),
    "socketserver.ThreadingTCPServer": ("http.server", 8000),
    "wsgiref.simple_server.make_server": ("wsgiref", 8000),
    "wsgiref.simple_server.WSGIServer": ("wsgiref", 8000),
    "werkzeug.serving.run_simple": ("werkzeug", 5000),
    "gevent.pywsgi.WSGIServer": ("gevent", 8000),
    "eventlet.wsgi.server": ("eventlet", 8000),
    "tornado.httpserver.HTTPServer": ("tornado", 8888),
    "cheroot.wsgi.Server": ("cheroot", 8080),
}
"""Calls that start a server, with its name and the port it takes when the code names none."""
