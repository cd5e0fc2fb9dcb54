"""Who may speak to the dashboard at all: host and origin checks, security headers, a trace id per request.

Hosts are an exact list, since DNS rebinding reaches loopback under any name (T-07); apps live under other hosts, so
their pages are foreign origins here. An unsafe request from a browser must come from the dashboard's own origin and
carry X-DevGem, which no form can send (T-06); a WebSocket needs the origin too (T-10). What no address of ours can
hold goes no further: databases and file systems do not take it.
"""

import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devgem.web.errors import problem

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# MCP's clients send forms without a cookie's power, and its own pages' forms are sealed; webhooks are signed.
_OWN_CHECKS = ("/mcp/", "/webhooks/")
_PART_CHARACTERS = 255
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware. `origins` are the dashboard's own, such as `http://localhost:8080`."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = frozenset(origin.partition("://")[2] for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        trace_id = secrets.token_hex(8)
        scope["devgem.trace_id"] = trace_id
        refusal = self._refusal(scope, Headers(scope=scope))
        if scope["type"] == "websocket" and refusal is not None:
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": refusal})
            return
        inside = self._app
        if refusal is not None:
            inside = problem(403, "forbidden", refusal, trace_id=trace_id)
        elif any("\0" in part or len(part) > _PART_CHARACTERS for part in scope["path"].split("/")):
            inside = problem(404, "not_found", "there is nothing at this address", trace_id=trace_id)
        elif b"%00" in scope["query_string"]:
            inside = problem(422, "invalid_input", "a parameter holds a NUL character", trace_id=trace_id)
        await inside(scope, receive, self._with_headers(send, trace_id))

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return "this host name is not the dashboard's"
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            return "this origin is not the dashboard's"
        from_program = headers.get("authorization", "").startswith("Bearer ")
        if scope["type"] == "websocket":
            return None if origin is not None or from_program else "a WebSocket needs an Origin or a bearer token"
        if scope["method"] in _SAFE_METHODS or from_program or "x-devgem" in headers:
            return None
        if f"{scope['path']}/".startswith(_OWN_CHECKS):
            return None
        return "an unsafe request needs the header X-DevGem"

    @staticmethod
    def _with_headers(send: Send, trace_id: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = trace_id
            await send(message)

        return sending
