"""One connection to an app: reads a response, rewrites its head and passes it to the client as it comes.

Whatever one read from the app holds (head, body pieces, end) leaves in one write to the client. A connection goes
back to its pool only after the parser has taken the whole read without complaint: bytes behind a complete response
were not asked for (a smuggled second response), so they close the connection instead of reaching the next client.
"""

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from devgem.gateway import headers
from devgem.gateway.headers import COLON, CRLF, RESPONSE_HELD
from devgem.gateway.refused import Refused

if TYPE_CHECKING:
    from devgem.gateway.exchange import Exchange
    from devgem.gateway.pool import Pool


class Upstream(asyncio.Protocol):
    __slots__ = (
        "_chunked",
        "_done",
        "_fields",
        "_head_done",
        "_held",
        "_misled",
        "_out",
        "_parser",
        "_paused",
        "_pool",
        "_reusable",
        "_silent",
        "_status",
        "_until_eof",
        "closed",
        "exchange",
        "idle_since",
        "reused",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.exchange: Exchange | None = None
        self.closed = False
        self.reused = False
        self.idle_since = 0.0
        self._paused = self._misled = False
        self._silent = 0
        self._fields: list[bytes] = []
        self._held: dict[bytes, bytes] = {}
        self._out: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._head_done = self._done = self._chunked = self._until_eof = self._reusable = False
        self._status = 0

    # What the exchange asks for

    def begin(self, exchange: "Exchange", head: bytes) -> None:
        self.exchange = exchange
        self._silent = self._status = 0
        self._head_done = self._done = self._chunked = self._until_eof = False
        self.write(head)

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def pause(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def release(self) -> None:
        """The exchange is over: back to the pool, or closed when the connection cannot be used again."""
        self.exchange = None
        # The last write to the client may have paused it.
        self.resume()
        if self._reusable and not self.transport.is_closing():
            self.reused = True
            if self._misled:
                self._parser = httptools.HttpResponseParser(self)
                self._misled = False
            self._pool.put(self)
        else:
            self.transport.close()

    def drop(self) -> None:
        """The exchange has failed or its client is gone: nothing more of this connection is of use."""
        self.exchange = None
        self.transport.abort()

    def detach(self) -> None:
        """Another protocol takes the transport over."""
        self.exchange = None
        self.closed = True

    @property
    def is_event_stream(self) -> bool:
        return headers.by_name(self._fields).get(b"content-type", b"").lower().startswith(b"text/event-stream")

    @property
    def is_stale(self) -> bool:
        """Whether it had been kept alive and was lost without a word to this request, which the app then cannot have
        answered: servers close idle connections just as a request is on its way."""
        return self.reused and not self._status and not self._silent

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast("asyncio.Transport", transport)
        transport.set_write_buffer_limits(self._pool.limits.buffer_bytes)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            self.transport.abort()
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            exchange.open_tunnel(self, b"".join(self._out), data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            if cause is not None and not isinstance(cause, Refused):
                raise cause from None
            if not self._done:
                exchange.fail(
                    502, f"The app {exchange.app!r} sent a response that is not valid HTTP: {cause or error}."
                )
                return
            self._reusable = False
        if self._silent > self._pool.limits.response_head_bytes:
            exchange.fail(502, f"The app {exchange.app!r} sent a response with too many header bytes.")
            return
        self._pass_on(exchange)

    def _pass_on(self, exchange: "Exchange") -> None:
        if self._out:
            if self._head_done and not exchange.started:
                exchange.start(self._status)
            exchange.client.write(b"".join(self._out))
            self._out.clear()
        if self._done:
            exchange.answered()

    def eof_received(self) -> None:
        if self.exchange is not None and self._head_done and self._until_eof and not self._done:
            self.on_message_complete()
            self._reusable = False
            self._pass_on(self.exchange)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.upstream_lost(self)

    def pause_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.hold_body()

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.free_body()

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._done:
            raise Refused(502, "a second response to one request")
        self._fields = []
        if self._held:
            self._held = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower not in RESPONSE_HELD:
            self._fields += (name, COLON, value, CRLF)
        elif lower in self._held:
            self._held[lower] += b", " + value
        else:
            self._held[lower] = value

    def on_headers_complete(self) -> None:
        self._silent = 0
        status: int = self._parser.get_status_code()
        self._status = status
        exchange = self.exchange
        assert exchange is not None
        held = self._held
        fields = self._fields
        if b"connection" in held:
            fields = headers.without(fields, held[b"connection"])
        if status < 200:
            self._interim(exchange, status, fields)
            return
        self._head_done = True
        out = self._out
        out.append(headers.status_line(status))
        out += fields
        coding = held.get(b"transfer-encoding")
        if coding is not None and coding.lower() != b"chunked":
            raise Refused(502, "unknown Transfer-Encoding")
        length = held.get(b"content-length")
        if length is not None and status != 204:
            out += (b"Content-Length: ", length, CRLF)
        self._reusable = self._parser.should_keep_alive()
        if exchange.is_head:
            # The parser cannot know that no body follows, and waits for it.
            self._done = self._misled = True
        elif length is None and status != 204 and status != 304:
            self._until_eof = coding is None
            if exchange.http11:
                self._chunked = True
                out.append(b"Transfer-Encoding: chunked\r\n")
        if exchange.expects or exchange.early:
            exchange.close_if_unread()
        out.append(CRLF if exchange.keep_alive else b"Connection: close\r\n\r\n")

    def _interim(self, exchange: "Exchange", status: int, fields: list[bytes]) -> None:
        """1xx (RFC 9110 section 15.2): passed on to those who can know what it means."""
        if status == 101:
            if not exchange.upgrade or self._held.get(b"upgrade", b"").lower() != b"websocket":
                raise Refused(502, "101 without a WebSocket")
            self._out += (headers.status_line(101), *fields, b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        elif status < 100:
            raise Refused(502, "invalid status")
        elif exchange.http11 and (status != 100 or exchange.take_continue()):
            self._out += (headers.status_line(status), *fields, CRLF)

    def on_body(self, data: bytes) -> None:
        self._silent = 0
        if self._done:
            raise Refused(502, "a body that was not announced")
        if self._chunked:
            self._out += (b"%x\r\n" % len(data), data, CRLF)
        else:
            self._out.append(data)

    def on_message_complete(self) -> None:
        if not self._head_done or self._done:
            return
        if self._chunked:
            self._out.append(b"0\r\n\r\n")
        self._done = True
