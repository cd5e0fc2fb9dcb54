"""Many clients at once: each asks again and again on one kept-alive connection, and counts what goes wrong."""

import asyncio
import resource
import socket
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

REQUEST = b"GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n"


@dataclass
class Crowd:
    clients: int
    requests: int
    """In all; when they are done, every client closes."""
    asked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    revisions: Counter[bytes] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    async def run(self, port: int) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        loop = asyncio.get_running_loop()
        visitors = [Visitor(self, loop.create_future()) for _ in range(self.clients)]
        begun = perf_counter()
        for visitor in visitors:
            sock = socket.socket()
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.create_connection(lambda visitor=visitor: visitor, sock=sock)  # type: ignore[misc]
        await asyncio.gather(*(visitor.done for visitor in visitors))
        self.seconds = perf_counter() - begun


class Visitor(asyncio.Protocol):
    def __init__(self, crowd: Crowd, done: "asyncio.Future[None]") -> None:
        self.crowd = crowd
        self.done = done
        self._got = b""
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        if self.crowd.asked < self.crowd.requests:
            self.crowd.asked += 1
            self._waiting = True
            self.transport.write(REQUEST)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        length = head.partition(b"Content-Length: ")[2].partition(b"\r")[0]
        if not end or len(body) < int(length):
            return
        self._got = b""
        self._waiting = False
        self.crowd.statuses[int(head[9:12])] += 1
        self.crowd.revisions[head.partition(b"X-Revision: ")[2].partition(b"\r")[0]] += 1
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting:
            self.crowd.failures[repr(error)] += 1
        self.done.set_result(None)
