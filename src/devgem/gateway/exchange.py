"""One request and its answer."""

import asyncio
import math
from time import monotonic
from typing import TYPE_CHECKING

from devgem.gateway import headers
from devgem.gateway.headers import CRLF
from devgem.gateway.pages import page
from devgem.gateway.refused import Refused
from devgem.gateway.tunnel import Tunnel

if TYPE_CHECKING:
    from devgem.gateway.client import Client
    from devgem.gateway.routes import Target
    from devgem.gateway.upstream import Upstream

_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
RETRY_SOON = b"Retry-After: 2\r\n"
_CLIENT_LEFT = 499
"""What nginx calls a request whose client went away before the response began."""


class Exchange:
    """Begins when a request's head is complete, ends when both the request and the response are, or one breaks off."""

    host = b""
    """As the client wrote it; `app` is the name in it, None when it names no app."""
    app: str | None = None
    http11 = True
    keep_alive = True
    framing = b""
    """The header line that frames the request's body; empty when there is none."""
    chunked = False
    expects = False
    """The client waits for `100 Continue` before it sends the body."""
    upgrade = False
    """The client asks for a WebSocket."""
    early = b""
    """What the client sent behind such a request, before the answer."""
    forwarded = b""
    """The X-Forwarded-* lines for the app."""
    refusal: Refused | None = None
    """Why there will be no answer but an error page."""

    received = False
    """The whole request has come."""
    started = False
    """The head of the response has left."""
    target: "Target | None" = None
    tunnel: Tunnel | None = None
    status = 0

    _answered = False
    _began = 0.0
    _upstream: "Upstream | None" = None
    _pending: list[bytes] | None = None
    _work: asyncio.Task[None] | None = None

    def __init__(self, client: "Client", method: bytes, path: bytes, fields: list[bytes]) -> None:
        self.client = client
        self.method = method
        self.path = path
        self.fields = fields
        self.is_head = method == b"HEAD"

    # The beginning

    def dispatch(self) -> None:
        """Its turn has come: finds the target that is live now."""
        door = self.client.door
        self._began = now = monotonic()
        self.client.deadline = now + (door.limits.stall_seconds if self.framing else door.limits.silent_seconds)
        if self.refusal is not None:
            self.fail(self.refusal.status, self.refusal.detail)
            return
        target = door.routes.pick(self.app) if self.app is not None else None
        if target is None:
            name = self.host.decode("latin-1")
            self.fail(404, f"No app answers at {name}. Check the address, or deploy an app under this name.")
        elif len(target.active) >= door.limits.requests_per_revision:
            self.fail(503, f"The app {self.app!r} has as many requests in flight as it may have. Try again soon.")
        else:
            self.target = target
            target.active.add(self)
            target.serve(self)

    def allow(self, seconds: float) -> None:
        """From now on it may take so long until something happens, if it is its turn."""
        if self.client.current is self:
            self.client.deadline = monotonic() + seconds

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm, and can be done (RFC 9110 section 9.2.2)."""
        return not self.framing and self.method in _REPEATABLE and not self.upgrade

    def head(self) -> bytes:
        """The request as the app gets it."""
        connection = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" if self.upgrade else CRLF
        expects = b"Expect: 100-continue\r\n" if self.expects else b""
        start = b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (self.method, self.path, self.host)
        return b"".join((start, *self.fields, self.framing, expects, self.forwarded, connection))

    def send(self, upstream: "Upstream") -> None:
        """The app's connection is there."""
        self._upstream = upstream
        pending, self._pending = self._pending, None
        upstream.begin(self, self.head() if pending is None else b"".join((self.head(), *pending)))
        if pending is not None:
            self.free_body()

    def work(self, task: asyncio.Task[None]) -> None:
        """Owns a task that prepares or writes the answer; what it raises becomes an error page."""
        self._work = task
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._work = None
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, OSError) and self.target is not None and self.target.retired and not self.started:
            # Nothing of the request has been sent to the revision that went away.
            self.target.leave(self)
            self.target = None
            self.dispatch()
        elif isinstance(error, OSError):
            self.fail(503, f"The app {self.app!r} is starting, or has no instance that answers. Try again in a moment.")
        elif error is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "gateway: answering failed", "exception": error}
            )
            self.fail(500, f"DevGem could not answer for the app {self.app!r}. Its log says why.")

    # The request's body, from the client

    def body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._forward(data)

    def body_end(self) -> None:
        if self.chunked:
            self._forward(b"0\r\n\r\n")
        self.received = True
        if self._answered:
            self._end()
        elif self.framing and not self.started:
            self.allow(self.client.door.limits.silent_seconds)

    def _forward(self, data: bytes) -> None:
        if self._upstream is not None:
            self._upstream.write(data)
        elif not self._answered:
            if self._pending is None:
                self._pending = []
            self._pending.append(data)
            self.hold_body()

    def hold_body(self) -> None:
        """The app reads more slowly than the client sends."""
        self.client.hold(self.client.BODY)
        self.allow(self.client.door.limits.silent_seconds)

    def free_body(self) -> None:
        self.client.free(self.client.BODY)
        if not self.received:
            self.allow(self.client.door.limits.stall_seconds)

    # The response, from the app

    def hold_answer(self) -> None:
        """The client reads more slowly than the app sends."""
        if self._upstream is not None:
            self._upstream.pause()

    def free_answer(self) -> None:
        self.client.deadline = math.inf if self.received else monotonic() + self.client.door.limits.stall_seconds
        if self._upstream is not None:
            self._upstream.resume()

    @property
    def is_stream(self) -> bool:
        """Whether the response is an event stream, which ends when its client does."""
        return self.started and self._upstream is not None and self._upstream.is_event_stream

    def take_continue(self) -> bool:
        """Whether a `100 Continue` is waited for."""
        expects, self.expects = self.expects, False
        return expects

    def start(self, status: int) -> None:
        """The head of the response leaves now."""
        now = monotonic()
        self.started = True
        self.status = status
        self.client.deadline = math.inf if self.received else now + self.client.door.limits.stall_seconds
        if self.target is not None:
            self.target.tally.count(status, now - self._began)

    def close_if_unread(self) -> None:
        """A client that waited for `100 Continue` in vain will not send its body now; one that spoke WebSocket too
        early has sent what is no request. Closing is the only way on."""
        if (self.expects and not self.received) or self.early:
            self.keep_alive = False

    def answered(self) -> None:
        """The response is complete."""
        self._answered = True
        if self.received or not self.keep_alive:
            self._end()

    def reply(self, response: bytes, status: int) -> None:
        """A whole response that needs no app."""
        self.start(status)
        self.client.write(response)
        self.answered()

    def _end(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            if self.received:
                upstream.release()
            else:
                upstream.drop()
        if self.target is not None:
            self.target.leave(self)
        self.client.ended(self)

    def open_tunnel(self, upstream: "Upstream", head: bytes, rest: bytes) -> None:
        """The app has agreed to a WebSocket."""
        self.start(101)
        self._upstream = None
        upstream.detach()
        self.client.write(head + rest)
        self.tunnel = Tunnel(self.client, upstream.transport, rest)
        upstream.write(self.early)
        self.client.free(self.client.UPGRADE)

    # The bad ends

    def upstream_lost(self, upstream: "Upstream") -> None:
        """The app closed the connection before its response was complete."""
        self._upstream = None
        if self._answered:
            self.free_body()
        elif upstream.is_stale and self.repeatable and self.target is not None:
            self.target.serve_anew(self)
        else:
            self.fail(502, f"The app {self.app!r} closed the connection before it had answered.")

    def fail(self, status: int, detail: str, *, extra: bytes = b"") -> None:
        """An error page; when the response has begun, the connection breaks off so that the client knows."""
        self._let_go()
        if self.started:
            if self.target is not None and not self._answered:
                self.target.tally.spoil(self.status)
            self.client.break_off()
            return
        if self.upgrade or (self.framing and not self.received):
            self.keep_alive = False
        if status == 503:
            extra += RETRY_SOON
        self.reply(
            page(
                status,
                detail,
                date=self.client.door.date(),
                as_html=b"text/html" in headers.by_name(self.fields).get(b"accept", b""),
                body=not self.is_head,
                close=not self.keep_alive,
                extra=extra,
            ),
            status,
        )

    def expire(self, *, reading: bool) -> None:
        """Something takes too long: the client's body if it is being read, otherwise the app."""
        if self.started:
            self.client.break_off()
        elif reading:
            self.client.refuse(Refused(408, "The body of the request did not come in time."))
        else:
            seconds = self.client.door.limits.silent_seconds
            self.fail(504, f"The app {self.app!r} has been silent for {seconds:g} seconds.")

    def cut(self) -> None:
        """Ends it now, since its revision goes away."""
        if self.tunnel is not None:
            self.tunnel.cut()
        elif self.started:
            self._let_go()
            self.client.break_off()
        else:
            self.keep_alive = False
            self.fail(503, f"The instance of {self.app!r} that worked on this request was stopped. Try again.")

    def abandon(self) -> None:
        """The client is gone."""
        self._let_go()
        if self.target is not None:
            if not self.started:
                self.target.tally.count(_CLIENT_LEFT, monotonic() - self._began)
            self.target.leave(self)

    def _let_go(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None
        if self._upstream is not None:
            self._upstream.drop()
            self._upstream = None
