"""The gateway as the rest of DevGem sees it."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

from devgem.domain.app import Metrics, Signals
from devgem.gateway.client import Client
from devgem.gateway.door import Door
from devgem.gateway.limits import Limits
from devgem.gateway.targets import Backend, Site

_SWEEP_SECONDS = 1.0
_LAST_WORDS_SECONDS = 1.0

# A client that vanished without a word is found after about two minutes.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class Gateway:
    """Apps answer at `<app>.<base_domain>`. Every method is called on one event loop, the one that listens."""

    def __init__(self, *, base_domain: str = "localhost", limits: Limits | None = None) -> None:
        self._door = Door(base_domain, limits or Limits())
        self._servers: list[asyncio.Server] = []
        self._sweeping: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int) -> int:
        """Accepts connections at one more address; the port, chosen by the system when `port` is 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Client(self._door), host, port, backlog=self._door.limits.backlog, reuse_address=True
        )
        for sock in server.sockets:
            # Accepted connections inherit it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEP_ALIVE:
                if hasattr(socket, name):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._servers.append(server)
        if self._sweeping is None:
            self._sweep()
        number: int = server.sockets[0].getsockname()[1]
        return number

    def route(self, app: str, targets: Sequence[tuple[Backend | Site, int]]) -> None:
        """Sends new requests of `app` to `targets` by their percent shares, at once; what is not among them any more
        starts to drain. A backend that is equal to a live one is that one: its connections are kept. Raises
        InvalidInput when the shares do not sum to 100."""
        self._door.routes.shift(app, targets)

    def unroute(self, app: str) -> None:
        """Sends new requests of `app` nowhere; what is in flight drains. Idempotent."""
        self._door.routes.remove(app)

    def call(self, host: str, app: str | None) -> None:
        """Lets an app answer at one more host name, in lower case without port; with None nobody does. Idempotent."""
        self._door.call(host, app)

    async def drained(self, app: str, revision: int, limit_seconds: float) -> bool:
        """Waits until nothing is in flight on what `route` has taken away from `revision`: requests, event streams,
        WebSockets. False when something still is at the limit."""
        try:
            async with asyncio.timeout(limit_seconds):
                for target in self._door.routes.draining(app, revision):
                    await target.emptied()
        except TimeoutError:
            return False
        return True

    def cut(self, app: str, revision: int) -> None:
        """Ends what still drains: a WebSocket by close code 1001, a request without an answer yet by a 503, any other
        by closing its connection."""
        for target in self._door.routes.draining(app, revision):
            for exchange in list(target.active):
                exchange.cut()

    def signals(self, app: str) -> Signals:
        """Counts and latencies (to the first byte) per revision since the gateway started."""
        return self._door.routes.signals(app)

    def metrics(self, app: str, window: timedelta) -> Metrics:
        """Minute by minute since the gateway started, for a day at most."""
        return self._door.routes.metrics(app, window, datetime.now(UTC))

    async def close(self, limit_seconds: float) -> None:
        """Stops accepting, lets what is in flight finish for at most `limit_seconds`, then cuts the rest."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        self._door.closing = True
        for client in list(self._door.clients):
            client.finish()
        await self._gone(limit_seconds)
        for client in list(self._door.clients):
            client.cut()
        self._door.routes.close()
        await self._gone(_LAST_WORDS_SECONDS)
        for client in list(self._door.clients):
            client.transport.abort()
        self._door.shelf.close()
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _gone(self, limit_seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_seconds):
                await self._door.empty.wait()

    def _sweep(self) -> None:
        """Once a second: what has taken too long, and a minute that is over."""
        now = monotonic()
        for client in list(self._door.clients):
            if client.deadline < now:
                client.expire()
        self._door.routes.tick(datetime.now(UTC))
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)
