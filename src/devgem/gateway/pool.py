"""The connections to one backend: kept alive between requests, never shared with another revision."""

import asyncio
import socket
from collections import deque
from time import monotonic

from devgem.gateway.limits import Limits
from devgem.gateway.targets import Dial
from devgem.gateway.upstream import Upstream

_SURELY_OPEN_SECONDS = 1.0
"""Servers close idle connections after 2 (gunicorn), 5 (Node, uvicorn) or more seconds. A request that must not be
repeated never meets that moment: it takes a connection used less than this ago, or a new one."""

_KEEP_SECONDS = 60.0


class Pool:
    def __init__(self, dial: Dial, limits: Limits) -> None:
        self.limits = limits
        self._dial = dial
        self._idle: deque[Upstream] = deque()
        self._closed = False

    def take(self, *, repeatable: bool) -> Upstream | None:
        """The connection used last, if there is one that is good for such a request."""
        idle = self._idle
        while idle:
            upstream = idle.pop()
            if upstream.closed or upstream.transport.is_closing():
                continue
            if repeatable or monotonic() - upstream.idle_since < _SURELY_OPEN_SECONDS:
                return upstream
            idle.append(upstream)
            break
        return None

    def put(self, upstream: Upstream) -> None:
        idle = self._idle
        if self._closed or len(idle) >= self.limits.idle_upstreams:
            upstream.transport.close()
        else:
            upstream.idle_since = now = monotonic()
            idle.append(upstream)
            while idle[0].closed or now - idle[0].idle_since > _KEEP_SECONDS:
                idle.popleft().transport.close()

    async def connect(self) -> Upstream:
        """A new connection. Raises OSError (TimeoutError among them) when the backend has none to give."""
        async with asyncio.timeout(self.limits.dial_seconds):
            sock = await self._dial()
            try:
                return await self._adopt(sock)
            except BaseException:
                sock.close()
                raise

    async def _adopt(self, sock: socket.socket) -> Upstream:
        loop = asyncio.get_running_loop()
        if sock.family == socket.AF_UNIX:
            _, upstream = await loop.create_unix_connection(lambda: Upstream(self), sock=sock)
        else:
            _, upstream = await loop.create_connection(lambda: Upstream(self), sock=sock)
        return upstream

    def close(self) -> None:
        """Closes what is idle now, and what is in use when its response is complete."""
        self._closed = True
        while self._idle:
            self._idle.pop().transport.close()
