"""One client's connection: takes requests apart, has them answered in order.

How it works. The parser tells about each request as its bytes come. When a head is complete it becomes an `Exchange`,
which at once is dispatched, or waits behind the one being answered: then the connection is not read on until the
queue is empty, so what one read held is all that can wait. `_receiving` is the exchange whose body is still coming,
`current` the one whose answer is due; often they are the same, and a body passes through without being collected. An
answer may come while the parser still tells about the same read, and may close the connection: then `_parser` is
None, and what else it tells is passed over.

Three flags stop the reading: the queue (PIPELINE), an app that reads more slowly than the client sends (BODY), an
answer that decides whether what follows is HTTP or a WebSocket (UPGRADE). A client that reads more slowly than the
app sends stops the reading of the app's connection instead.

A message that could be understood in two ways is refused, and nothing behind it is read: the connection closes after
the answers before it and an error page. It closes in steps (RFC 9112 section 9.6): our side first, then what the
client still sends is read and thrown away for a while, since closing with unread bytes would reset the connection
and take the page from the client.

Time limits are one number, `deadline`, compared once a second by the gateway's sweep; `expire` knows from the state
what has taken too long.
"""

import asyncio
import math
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

import httptools

from devgem.gateway import headers
from devgem.gateway.exchange import RETRY_SOON, Exchange
from devgem.gateway.headers import COLON, CRLF, REQUEST_HELD
from devgem.gateway.intake import read_head
from devgem.gateway.pages import page
from devgem.gateway.refused import Refused
from devgem.gateway.resumed import Resumed

if TYPE_CHECKING:
    from devgem.gateway.door import Door

_LINGER_SECONDS = 5.0
_LINGER_LIMIT_SECONDS = 30.0


class Client(asyncio.Protocol):
    PIPELINE: Final = 1
    BODY: Final = 2
    UPGRADE: Final = 4

    __slots__ = (
        "_advancing",
        "_ended",
        "_fields",
        "_forwarded",
        "_held",
        "_latest",
        "_lingers",
        "_parser",
        "_peer",
        "_port",
        "_queue",
        "_reading_head",
        "_receiving",
        "_silent",
        "_skips_body",
        "_stopped",
        "_trusted",
        "_url",
        "_writable",
        "current",
        "deadline",
        "door",
        "transport",
        "write_paused",
    )

    transport: asyncio.Transport

    def __init__(self, door: "Door") -> None:
        self.door = door
        self.current: Exchange | None = None
        self.deadline = math.inf
        self.write_paused = False
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._receiving: Exchange | None = None
        self._latest: Exchange | None = None
        self._url = b""
        self._fields: list[bytes] = []
        self._held: dict[bytes, bytes] = {}
        self._silent = 0
        self._stopped = 0
        self._reading_head = self._skips_body = self._trusted = self._ended = self._advancing = False
        self._lingers = 0.0
        self._writable: asyncio.Future[None] | None = None

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast("asyncio.Transport", transport)
        door = self.door
        transport.set_write_buffer_limits(door.limits.buffer_bytes)
        peer = transport.get_extra_info("peername")
        if peer is None:
            # It was reset while it waited to be accepted.
            self._parser = None
            transport.abort()
            return
        self._peer = peer[0].removeprefix("::ffff:").encode()
        self._port = b"%d" % transport.get_extra_info("sockname")[1]
        self._trusted = door.trusts(self._peer)
        self._forwarded = headers.forwarded(self._peer, self._port)
        self.deadline = monotonic() + door.limits.head_seconds
        if len(door.clients) >= door.limits.connections:
            self._parser = None
            detail = "DevGem has as many connections as it may have. Try again soon."
            transport.write(page(503, detail, date=door.date(), close=True, extra=RETRY_SOON))
            transport.close()
        else:
            door.add(self)

    def data_received(self, data: bytes | memoryview) -> None:
        while data:
            parser = self._parser
            if parser is None:
                if self._lingers:
                    self.deadline = min(self._lingers, monotonic() + _LINGER_SECONDS)
                return
            self._silent += len(data)
            try:
                parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._after_upgrade(memoryview(data)[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                self._misread(error)
                return
        if self._silent and self._parser is not None:
            self._watch_head()

    def _misread(self, error: httptools.HttpParserError) -> None:
        if self._parser is None:
            return
        cause = error.__context__
        if cause is not None and not isinstance(cause, Refused):
            raise cause from None
        self.refuse(cause or Refused(400, f"The request is not valid HTTP: {error}."))

    def _watch_head(self) -> None:
        """Bytes have come that no callback has told of yet: part of a head, of trailers or of a chunk's size."""
        if self._silent > self.door.limits.head_bytes:
            self.refuse(Refused(431, "The header fields of the request are too large."))
        elif self._receiving is not None:
            self._receiving.allow(self.door.limits.stall_seconds)
        elif not self._reading_head:
            self._reading_head = True
            if self.current is None:
                self.deadline = monotonic() + self.door.limits.head_seconds

    def eof_received(self) -> bool:
        """A client may close its side once it has sent all it wants to ask."""
        self._ended = True
        self._parser = None
        last = self._queue[-1] if self._queue else self.current
        if last is None or self._receiving is not None or self._lingers:
            return False
        last.keep_alive = False
        return self.current is None or not self.current.is_stream

    def connection_lost(self, error: Exception | None) -> None:
        self.door.remove(self)
        self._parser = None
        self.deadline = math.inf
        self._queue.clear()
        exchange, self.current, self._receiving = self.current, None, None
        self._latest = None
        if exchange is not None:
            exchange.abandon()
        if self._writable is not None:
            self._writable.cancel()

    def pause_writing(self) -> None:
        self.write_paused = True
        self.deadline = monotonic() + self.door.limits.stall_seconds
        if self.current is not None:
            self.current.hold_answer()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.current is not None:
            self.current.free_answer()
        else:
            self.deadline = monotonic() + self.door.limits.idle_seconds
            self._advance()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    async def writable(self) -> None:
        """Waits until the client has read most of what was written."""
        if self.write_paused:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable

    # What the parser tells

    def on_message_begin(self) -> None:
        if len(self._queue) >= self.door.limits.pipelined:
            # Closing after the last answer is the client's sign to ask again for the others.
            self._queue[-1].keep_alive = False
            self._parser = None
            raise Refused(429, "too many pipelined requests")
        self._url = b""
        self._fields = []
        self._held = {}

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower not in REQUEST_HELD:
            if b"_" not in lower or not headers.disguised(lower):
                self._fields += (name, COLON, value, CRLF)
        elif lower in self._held:
            self._held[lower] += b", " + value
        else:
            self._held[lower] = value

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        if self._silent > self.door.limits.head_bytes:
            size = len(self._url) + sum(map(len, self._fields)) + sum(map(len, self._held.values()))
            if size > self.door.limits.head_bytes:
                raise Refused(431, "The header fields of the request are too large.")
        self._silent = 0
        self._reading_head = False
        exchange = read_head(self, parser.get_method(), parser.get_http_version(), self._url, self._fields, self._held)
        # Trailers, which are dropped, go to a list of their own.
        self._fields = []
        self._receiving = self._latest = exchange
        if b"upgrade" in self._held:
            self._skips_body = bool(exchange.framing) and parser.should_upgrade()
        if self.current is None and not self.write_paused:
            self.current = exchange
            exchange.dispatch()
        else:
            self._queue.append(exchange)
            self.hold(self.PIPELINE)

    def on_body(self, data: bytes) -> None:
        self._silent = 0
        exchange = self._receiving
        if exchange is not None:
            exchange.allow(self.door.limits.stall_seconds)
            exchange.body(data)

    def on_message_complete(self) -> None:
        if self._skips_body:
            return
        self._silent = 0
        exchange, self._receiving = self._receiving, None
        if exchange is not None:
            if not exchange.keep_alive:
                self._parser = None
            exchange.body_end()

    def _after_upgrade(self, rest: memoryview) -> bytes | memoryview:
        """The parser has stopped behind a request with `Upgrade`; what it may go on with."""
        exchange = self._latest
        if exchange is None or self._parser is None:
            return b""
        if self._skips_body:
            self._skips_body = False
            self._parser = Resumed(self, exchange.framing).parser
        elif exchange.upgrade:
            exchange.early = bytes(rest)
            self.hold(self.UPGRADE)
            return b""
        return rest

    # What an exchange asks for

    def hold(self, reason: int) -> None:
        """Stops reading."""
        if not self._stopped and not self.transport.is_closing():
            self.transport.pause_reading()
        self._stopped |= reason

    def free(self, reason: int) -> None:
        """Goes on reading, unless there is another reason not to."""
        if self._stopped & reason:
            self._stopped &= ~reason
            if not self._stopped and not self.transport.is_closing():
                self.transport.resume_reading()

    def forwarded(self, host: bytes, held: dict[bytes, bytes]) -> bytes:
        """The X-Forwarded-* lines: what a trusted proxy says, or else what this connection shows."""
        if self._trusted:
            return headers.forwarded_by_proxy(self._peer, self._port, host, held)
        return self._forwarded + host + CRLF

    def ended(self, exchange: Exchange) -> None:
        """The current exchange is over."""
        self.current = None
        if not exchange.keep_alive:
            self._close(lingering=exchange.refusal is not None or not exchange.received)
            return
        self.deadline = monotonic() + self.door.limits.idle_seconds
        if self._stopped:
            self.free(self.BODY | self.UPGRADE if exchange.upgrade else self.BODY)
        if self._queue:
            self._advance()

    def _advance(self) -> None:
        """Dispatches what waits, as long as it is answered at once."""
        if self._advancing:
            return
        self._advancing = True
        while self._queue and self.current is None and not self.write_paused:
            self.current = exchange = self._queue.popleft()
            exchange.dispatch()
        self._advancing = False
        if not self._queue:
            self.free(self.PIPELINE)

    # The ends

    def refuse(self, refused: Refused) -> None:
        """Reads no more requests; the last answer is an error page."""
        self._parser = None
        exchange = self._receiving
        if exchange is None:
            exchange = Exchange(self, b"GET", b"/", self._fields)
            exchange.received = True
            self._queue.append(exchange)
        exchange.refusal = refused
        exchange.keep_alive = False
        if exchange is self.current:
            exchange.fail(refused.status, refused.detail)
        else:
            self._advance()

    def finish(self) -> None:
        """Answers what it has been asked, then closes."""
        if self.current is None:
            if not self._lingers:
                self.transport.close()
            return
        (self._queue[-1] if self._queue else self.current).keep_alive = False
        if self._receiving is None:
            self._parser = None

    def cut(self) -> None:
        """Ends at once what it has been asked."""
        if self.current is not None:
            self.current.cut()
        else:
            self.transport.abort()

    def break_off(self) -> None:
        """The response that has begun cannot be completed: what there is of it leaves, then the connection closes.
        Where only closing ends a response (HTTP/1.0), a reset tells it from a whole one."""
        if self.current is not None and self.current.http11:
            self.deadline = monotonic() + self.door.limits.stall_seconds
            self.transport.close()
        else:
            self.transport.abort()

    def _close(self, *, lingering: bool) -> None:
        self._parser = self._receiving = None
        self._queue.clear()
        now = monotonic()
        if lingering and not self._ended and not self.transport.is_closing():
            self._lingers = now + _LINGER_LIMIT_SECONDS
            self.deadline = now + _LINGER_SECONDS
            self.transport.write_eof()
            self.free(self._stopped)
        else:
            self.deadline = now + self.door.limits.stall_seconds
            self.transport.close()

    def expire(self) -> None:
        """Its deadline has passed."""
        exchange = self.current
        if exchange is not None and exchange.tunnel is not None:
            exchange.tunnel.abort()
        elif self.write_paused or self._lingers or self.transport.is_closing():
            self.transport.abort()
        elif exchange is not None:
            exchange.expire(reading=self._receiving is exchange and not self._stopped)
        elif self._reading_head:
            self.refuse(Refused(408, "The request did not come in time."))
        else:
            self.transport.close()
