"""Serves the files of sites: small ones from memory, large ones in pieces, read on threads."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from devgem.gateway import headers
from devgem.gateway.files import HELD_BYTES, Folder, look_up, read_piece
from devgem.gateway.headers import CRLF
from devgem.gateway.site import Asked, File, accepted, byte_range, not_modified, segments, wants_page
from devgem.gateway.targets import Site

if TYPE_CHECKING:
    from devgem.gateway.exchange import Exchange

_ENTRY_BYTES = 1024
"""What an entry takes beside its body, roughly."""
_THREADS = 4

_P = ParamSpec("_P")
_T = TypeVar("_T")
Key = tuple[Site, str, tuple[bytes, ...]]


class Shelf:
    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._files: OrderedDict[Key, File] = OrderedDict()
        self._bytes = 0
        self._threads: ThreadPoolExecutor | None = None

    def serve(self, site: Site, exchange: "Exchange") -> None:
        if exchange.method not in (b"GET", b"HEAD"):
            exchange.fail(405, "A static site answers GET and HEAD only.", extra=b"Allow: GET, HEAD\r\n")
            return
        parts = segments(exchange.path)
        if parts is None:
            exchange.fail(404, f"There is no such page in {exchange.app!r}.")
            return
        asked = headers.by_name(exchange.fields)
        encodings = () if b"range" in asked else accepted(asked.get(b"accept-encoding"))
        key = (site, "/".join(parts), encodings)
        file = self._files.get(key)
        if file is None:
            exchange.work(asyncio.get_running_loop().create_task(self._fetch(key, parts, exchange, asked)))
        else:
            self._files.move_to_end(key)
            self._send_held(exchange, asked, file, 200)

    def forget(self, site: Site) -> None:
        """Frees what is held of a site."""
        for key in [key for key in self._files if key[0] == site]:
            self._drop(key)

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _fetch(self, key: Key, parts: list[str], exchange: "Exchange", asked: Asked) -> None:
        site, path, encodings = key
        page = wants_page(path, asked.get(b"accept"))
        found = await self._on_thread(look_up, site, parts, encodings, page=page)
        if found is None:
            exchange.fail(404, f"There is no such page in {exchange.app!r}.")
        elif isinstance(found, Folder):
            self._redirect(exchange)
        elif found.file.body is not None:
            if found.exact:
                self._keep(key, found.file)
            self._send_held(exchange, asked, found.file, found.status)
        else:
            await self._send_pieces(exchange, asked, found.file, found.status)

    def _redirect(self, exchange: "Exchange") -> None:
        path, mark, query = exchange.path.partition(b"?")
        head = b"Date: %b\r\nLocation: %b/%b%b\r\nCache-Control: no-cache\r\nContent-Length: 0\r\n" % (
            exchange.client.door.date(),
            path,
            mark,
            query,
        )
        exchange.reply(headers.status_line(301) + head + _end(exchange), 301)

    def _send_held(self, exchange: "Exchange", asked: Asked, file: File, status: int) -> None:
        assert file.body is not None
        status, head, first, size = _answer(exchange, asked, file, status)
        exchange.reply(head + file.body[first : first + size] if size else head, status)

    async def _send_pieces(self, exchange: "Exchange", asked: Asked, file: File, status: int) -> None:
        status, head, at, size = _answer(exchange, asked, file, status)
        exchange.start(status)
        exchange.client.write(head)
        while size:
            piece = await self._on_thread(read_piece, file.path, at, min(size, HELD_BYTES))
            exchange.client.write(piece)
            at += len(piece)
            size -= len(piece)
            await exchange.client.writable()
        exchange.answered()

    async def _on_thread(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="files")
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))

    def _keep(self, key: Key, file: File) -> None:
        self._drop(key)
        self._files[key] = file
        self._bytes += file.size + _ENTRY_BYTES
        while self._bytes > self._limit_bytes:
            self._drop(next(iter(self._files)))

    def _drop(self, key: Key) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            self._bytes -= file.size + _ENTRY_BYTES


def _answer(exchange: "Exchange", asked: Asked, file: File, status: int) -> tuple[int, bytes, int, int]:
    """Status, head, and first byte and number of bytes of the body."""
    lines = b"Date: %b\r\n%b" % (exchange.client.door.date(), file.lines)
    first, size = 0, file.size
    if status == 200:
        if not_modified(file, asked):
            return 304, headers.status_line(304) + lines + _end(exchange), 0, 0
        part = byte_range(file, asked) if exchange.method == b"GET" else None
        lines += b"Accept-Ranges: bytes\r\n"
        if part == (size, size):
            lines += b"Content-Range: bytes */%d\r\nContent-Length: 0\r\n" % size
            return 416, headers.status_line(416) + lines + _end(exchange), 0, 0
        if part is not None:
            lines += b"Content-Range: bytes %d-%d/%d\r\n" % (*part, size)
            first, size, status = part[0], part[1] - part[0] + 1, 206
    if file.encoding is not None:
        lines += b"Content-Encoding: %b\r\n" % file.encoding
    lines += b"Content-Type: %b\r\nContent-Length: %d\r\n" % (file.kind, size)
    return status, headers.status_line(status) + lines + _end(exchange), first, 0 if exchange.is_head else size


def _end(exchange: "Exchange") -> bytes:
    return CRLF if exchange.keep_alive else b"Connection: close\r\n\r\n"
