"""The two peers of a gateway, as plain as can be: a client and an app that read and write bytes."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from devgem.gateway import Backend, Dial

LIMIT_SECONDS = 30.0


@dataclass
class Message:
    """A request or a response. `start` is its first line; header names are in lower case, in order."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} occurs {len(values)} times"
        return values[0] if values else None


class Wire:
    """One connection. `read_*` raise IncompleteReadError when it ends too early."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, port: int, *, receive_bytes: int | None = None) -> Self:
        sock = socket.socket()
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.setblocking(False)
        await _connect(sock, port)
        return cls(*await asyncio.open_connection(sock=sock, limit=1 << 16))

    async def send(self, data: bytes) -> None:
        if self.writer.transport.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> Message:
        await self.send(data)
        return await self.read_response(head_only=data.startswith(b"HEAD "))

    async def read_head(self) -> Message:
        async with asyncio.timeout(LIMIT_SECONDS):
            start = (await self.reader.readuntil(b"\r\n")).decode("latin-1").removesuffix("\r\n")
            return Message(start, await self._read_fields())

    async def _read_fields(self) -> list[tuple[str, str]]:
        fields = []
        while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name.lower(), value.strip()))
        return fields

    async def read_request(self) -> Message:
        message = await self.read_head()
        await self._read_body(message, until_end=False)
        return message

    async def read_response(self, *, head_only: bool = False) -> Message:
        message = await self.read_head()
        if not head_only and message.status >= 200 and message.status not in (204, 304):
            await self._read_body(message, until_end=True)
        return message

    async def _read_body(self, message: Message, *, until_end: bool) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            if message.get("transfer-encoding") == "chunked":
                while size := int(await self.reader.readuntil(b"\r\n"), 16):
                    message.body += (await self.reader.readexactly(size + 2))[:-2]
                message.trailers = await self._read_fields()
            elif (length := message.get("content-length")) is not None:
                message.body = await self.reader.readexactly(int(length))
            elif until_end:
                message.body = await self.reader.read()

    async def read_exactly(self, size: int) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.reader.readexactly(size)

    async def read_some(self) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.reader.read(1 << 16)

    async def read_all(self) -> bytes:
        """Whatever comes until the connection ends, by a reset too."""
        got = b""
        with contextlib.suppress(ConnectionError):
            while data := await self.read_some():
                got += data
        return got

    async def reset(self) -> None:
        """Closes so that the peer knows that nothing more will be read either."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class App:
    """An app on loopback. Every connection is handled by `handler`; `seen` are the requests that `answering` took."""

    def __init__(self, handler: Callable[["App", Wire], Awaitable[None]]) -> None:
        self._handler = handler
        self.wires: list[Wire] = []
        self.seen: list[Message] = []
        self.dialled = 0

    @classmethod
    def saying(cls, response: bytes) -> Self:
        """Gives one response to every request, on kept-alive connections."""
        return cls.answering(lambda _: response)

    @classmethod
    def answering(cls, answer: Callable[[Message], bytes]) -> Self:
        async def handle(app: App, wire: Wire) -> None:
            while True:
                request = await wire.read_request()
                app.seen.append(request)
                await wire.send(answer(request))

        return cls(handle)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=4096, limit=1 << 16)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for wire in self.wires:
            await wire.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        self.wires.append(wire)
        try:
            await self._handler(self, wire)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            await wire.close()

    async def dial(self) -> socket.socket:
        self.dialled += 1
        sock = socket.socket()
        sock.setblocking(False)
        await _connect(sock, self.port)
        return sock

    def backend(self, revision: int = 1) -> Backend:
        return Backend(revision, self.dial)


async def _connect(sock: socket.socket, port: int) -> None:
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise


@contextlib.asynccontextmanager
async def connected(port: int, **options: int) -> AsyncIterator[Wire]:
    wire = await Wire.to(port, **options)
    try:
        yield wire
    finally:
        await wire.close()


def response(body: bytes = b"ok", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def request(target: str = "/", *, method: str = "GET", host: str = "a.localhost", headers: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode()


__all__ = ["LIMIT_SECONDS", "App", "Dial", "Message", "Wire", "connected", "request", "response"]
