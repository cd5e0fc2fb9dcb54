"""Where the services of the stand-in's Cloud Run answer: an address on loopback for each service and each tag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Front:
    """`route` finds what answers at a name (`shop`, `v1---shop`); None is Google's own 404."""

    def __init__(self) -> None:
        self.route: Callable[[str], Handler | None] = lambda name: None
        self._opened: dict[str, asyncio.Task[web.AppRunner]] = {}

    async def open(self, name: str) -> str:
        """Once for each name, whether or not who asked for it is still there."""
        if name not in self._opened:
            self._opened[name] = asyncio.create_task(self._listen(name))
        runner = await asyncio.shield(self._opened[name])
        host, port = runner.addresses[0]
        return f"http://{host}:{port}"

    async def _listen(self, name: str) -> web.AppRunner:
        async def answer(request: web.Request) -> web.StreamResponse:
            handler = self.route(name)
            if handler is None:
                return web.Response(status=404, text="Error: Page not found", headers={"Server": "Google Frontend"})
            return await handler(request)

        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def close(self) -> None:
        for opened in self._opened.values():
            await (await opened).cleanup()


@asynccontextmanager
async def front() -> AsyncIterator[Front]:
    made = Front()
    try:
        yield made
    finally:
        await made.close()
