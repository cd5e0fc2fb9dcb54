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
        self._runners: dict[str, web.AppRunner] = {}
        self._opening = asyncio.Lock()

    async def open(self, name: str) -> str:
        async with self._opening:
            if name not in self._runners:
                self._runners[name] = await self._listen(name)
        host, port = self._runners[name].addresses[0]
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
        for runner in self._runners.values():
            await runner.cleanup()


@asynccontextmanager
async def front() -> AsyncIterator[Front]:
    made = Front()
    try:
        yield made
    finally:
        await made.close()
