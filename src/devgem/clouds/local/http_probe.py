"""One HTTP request to a stranger's program: strict, bounded, and patient only as long as it is told."""

import asyncio
import socket
import time
from dataclasses import dataclass

import httptools

_HEAD_BYTES = 64 << 10
_EXCERPT_BYTES = 16 << 10
_EXCERPT_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """`excerpt` is the beginning of the body, read only of answers that are errors."""

    status: int
    first_byte_seconds: float
    excerpt: str = ""


@dataclass(frozen=True)
class NoAnswer:
    """`reason` completes "the port accepts connections, but ..."."""

    reason: str
    is_http: bool = False


async def ask(peer: socket.socket, host: str, path: str, limit_seconds: float) -> Answer | NoAnswer:
    """GETs `path` as the gateway would, on a connection of its own, which it closes. Raises OSError when it breaks."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: DevGem-Proof/1\r\nAccept: */*\r\n"
        f"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: {host}\r\n"
        "Connection: close\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    head = _Head()
    with peer:
        try:
            async with asyncio.timeout(limit_seconds):
                await loop.sock_sendall(peer, request.encode())
                sent = time.monotonic()
                chunk = await loop.sock_recv(peer, _HEAD_BYTES)
                first_byte_seconds = time.monotonic() - sent
                while not head.status:
                    if failure := head.feed(chunk):
                        return NoAnswer(failure)
                    if not head.status:
                        chunk = await loop.sock_recv(peer, _HEAD_BYTES)
        except TimeoutError:
            return NoAnswer(f"does not answer within {limit_seconds:.0f} s", is_http=head.size_bytes == 0)
        if head.status >= 400:
            await _read_excerpt(peer, head)
        return Answer(head.status, first_byte_seconds, head.body.decode(errors="replace"))


async def _read_excerpt(peer: socket.socket, head: "_Head") -> None:
    try:
        async with asyncio.timeout(_EXCERPT_SECONDS):
            while len(head.body) < _EXCERPT_BYTES and not head.complete:
                if head.feed(await asyncio.get_running_loop().sock_recv(peer, _EXCERPT_BYTES)):
                    return
    except (TimeoutError, OSError):
        return


class _Head:
    """What has come so far, as far as it is HTTP."""

    def __init__(self) -> None:
        self.status = 0
        self.size_bytes = 0
        self.body = b""
        self.complete = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, chunk: bytes) -> str:
        """What is wrong with it, or an empty text."""
        if not chunk:
            return "closes them without an answer" if not self.size_bytes else "breaks off in the middle of its answer"
        if not self.size_bytes and chunk[:2] in (b"\x15\x03", b"\x16\x03"):
            return "speaks TLS: let the app serve plain HTTP, encryption is added in front of it"
        self.size_bytes += len(chunk)
        if self.size_bytes > _HEAD_BYTES and not self.status:
            return f"sends more than {_HEAD_BYTES >> 10} KiB of headers"
        try:
            self._parser.feed_data(chunk)
        except httptools.HttpParserUpgrade:
            return ""
        except httptools.HttpParserError:
            return "" if self.status else f"does not speak HTTP: it says {chunk[:60]!r}"
        return ""

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = status if status >= 200 else 0

    def on_body(self, body: bytes) -> None:
        self.body = (self.body + body)[:_EXCERPT_BYTES]

    def on_message_complete(self) -> None:
        self.complete = self.status >= 200
