"""Where MCP comes in. What it needs is imported with the first request of its own, so that DevGem starts fast."""

import asyncio
import importlib
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from devgem.web.mcp.desk import Desk
from devgem.web.parts import Parts

if TYPE_CHECKING:
    from devgem.web.mcp.serving import Serving

_PATHS = ("/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server")


class Door:
    """ASGI middleware, behind the guard. With the first request of any kind, such as one that approves something, the
    desk takes up what was approved before."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._desk = Desk(parts.conversations)
        self._attending: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[Serving] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._attending is None:
            self._attending = asyncio.create_task(self._desk.start())
        if scope["type"] != "http" or not (scope["path"] in _PATHS or scope["path"].startswith("/mcp/")):
            await self._app(scope, receive, send)
            return
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        serving = await asyncio.shield(self._opening)
        await serving(scope, receive, send)

    async def _open(self) -> "Serving":
        module = await asyncio.to_thread(importlib.import_module, "devgem.web.mcp.serving")
        serving: Serving = module.Serving(self._parts, self._desk)
        await serving.start()
        return serving
