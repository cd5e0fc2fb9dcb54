"""A small HTTP/1.1 server: one asyncio protocol per connection over httptools, with full control of the bytes sent."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

import httptools

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Closed(Exception):
    """The peer is gone."""


class Wire:
    """The answering side of one request."""

    def __init__(self, transport: asyncio.Transport, protocol: "Connection") -> None:
        self._transport = transport
        self._protocol = protocol

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def answer(self, status: int, body: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        kind = {"content-type": "application/json; charset=UTF-8"} | dict(headers or {})
        self._transport.write(_head(status, kind | {"content-length": str(len(body))}) + body)

    def begin(self, content_type: str = "text/event-stream") -> None:
        self._transport.write(_head(200, {"content-type": content_type, "transfer-encoding": "chunked"}))

    async def chunk(self, piece: bytes) -> None:
        if piece:
            if not self.is_open:
                raise Closed
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self._protocol.drained()

    def end(self) -> None:
        self._transport.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """What was written arrives, then the connection ends without the last chunk."""
        self._transport.close()

    def reset(self) -> None:
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def gone(self) -> None:
        """Waits until the peer hangs up."""
        await self._protocol.lost.wait()


Answer = Callable[[Request, Wire], Awaitable[None]]


class Connection(asyncio.Protocol):
    """Requests of one connection are answered one after the other."""

    def __init__(self, answer: Answer, connections: set["Connection"]) -> None:
        self._answer = answer
        self._connections = connections
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.lost = asyncio.Event()
        self._clear()

    def _clear(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode()
        self._waiting.append(Request(method, path, query, self._headers, b"".join(self._body)))
        self._clear()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting and not self.transport.is_closing():
                await self._answer(self._waiting.popleft(), Wire(self.transport, self))
        except Closed:
            pass
        finally:
            self._task = None

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def drained(self) -> None:
        if not self._may_write.is_set():
            await self._may_write.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._may_write.set()
        self._connections.discard(self)

    async def close(self) -> None:
        self.transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}\r\n{lines}\r\n".encode("latin-1")
