"""A WebSocket between a client and an app: bytes pass both ways as they are (RFC 6455)."""

import asyncio
import math
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devgem.gateway.client import Client

_GOING_AWAY = b"\x88\x02\x03\xe9"
"""A close frame with code 1001."""
_CLOSE_OPCODE = 8


class FrameCursor:
    """Knows where in a stream of unmasked or masked frames one frame ends, so that a close frame can be put there."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self.closing = False

    @property
    def between_frames(self) -> bool:
        return not self._head and not self._left

    def feed(self, data: bytes) -> None:
        at, size = min(self._left, len(data)), len(data)
        self._left -= at
        while at < size:
            head = self._head + data[at : at + 14 - len(self._head)]
            length = _frame_bytes(head)
            if length is None:
                self._head = head
                return
            at -= len(self._head)
            self._head = b""
            self.closing = self.closing or head[0] & 15 == _CLOSE_OPCODE
            step = min(length, size - at)
            self._left = length - step
            at += step


def _frame_bytes(head: bytes) -> int | None:
    """The size of the frame that begins with `head`, itself included; None when more of it is needed (section 5.2)."""
    if len(head) < 2:
        return None
    mask, length, fixed = (4 if head[1] & 128 else 0), head[1] & 127, 2
    if length > 125:
        fixed = 4 if length == 126 else 10
        if len(head) < fixed:
            return None
        length = int.from_bytes(head[2:fixed])
    return fixed + mask + length


class Tunnel:
    """Takes over both transports. Over when both connections are."""

    def __init__(self, client: "Client", upstream: asyncio.Transport, sent: bytes) -> None:
        self.client = client
        self._cursor = FrameCursor()
        self._cursor.feed(sent)
        self._open = 2
        self._ended = 0
        self._near = client.transport
        self._far = upstream
        self._near.set_protocol(_End(self, self._near, self._far, None))
        self._far.set_protocol(_End(self, self._far, self._near, self._cursor))

    def cut(self) -> None:
        """Tells the client that the server goes away, where the stream is between two frames; closes either way."""
        if self._cursor.between_frames and not (self._cursor.closing or self._ended or self._near.is_closing()):
            self._near.write(_GOING_AWAY)
        self.wind_up()
        self._near.close()
        self._far.close()

    def abort(self) -> None:
        self._near.abort()
        self._far.abort()

    def wind_up(self) -> None:
        """One side has ended: the other one has a limited time to do so too."""
        self.client.deadline = min(self.client.deadline, monotonic() + self.client.door.limits.stall_seconds)

    def lost(self) -> None:
        self._open -= 1
        self.wind_up()
        if not self._open:
            self.client.connection_lost(None)

    def ended(self) -> None:
        """One side has closed its half."""
        self._ended += 1
        self.wind_up()
        if self._ended == 2:
            self._near.close()
            self._far.close()

    def stalled(self, transport: asyncio.Transport) -> None:
        """Only a client is given a time to read: an app may be at work."""
        if transport is self._near:
            self.wind_up()

    def moving(self, transport: asyncio.Transport) -> None:
        if transport is self._near and not self._ended and self._open == 2:
            self.client.deadline = math.inf


class _End(asyncio.Protocol):
    __slots__ = ("_cursor", "_own", "_peer", "_tunnel")

    def __init__(
        self, tunnel: Tunnel, own: asyncio.Transport, peer: asyncio.Transport, cursor: FrameCursor | None
    ) -> None:
        self._tunnel = tunnel
        self._own = own
        self._peer = peer
        self._cursor = cursor

    def data_received(self, data: bytes) -> None:
        if self._cursor is not None:
            self._cursor.feed(data)
        if not self._peer.is_closing():
            self._peer.write(data)

    def eof_received(self) -> bool:
        if not self._peer.is_closing():
            self._peer.write_eof()
        self._tunnel.ended()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._peer.close()
        self._tunnel.lost()

    def pause_writing(self) -> None:
        if not self._peer.is_closing():
            self._peer.pause_reading()
        self._tunnel.stalled(self._own)

    def resume_writing(self) -> None:
        if not self._peer.is_closing():
            self._peer.resume_reading()
        self._tunnel.moving(self._own)
