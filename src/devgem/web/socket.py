"""The WebSocket: many streams on one connection, each resumed from any seq without loss or duplicates.

Per connection there is one reader (the client's frames) and one task per subscribed stream, which follows it at the
connection's own pace: a slow client falls behind in the log and nowhere else. What a client cannot take within
SEND_SECONDS ends its connection with 4408; it comes back and resumes by seq.
"""

import asyncio
import json
import time
from contextlib import aclosing
from typing import Any, assert_never

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from devgem.domain.errors import DevGemError, NotSignedIn
from devgem.web.frames import (
    FRAMES,
    SUBSCRIPTIONS,
    Act,
    Approve,
    Cancel,
    ClientFrame,
    Hello,
    Message,
    Ping,
    Pong,
    Position,
    Subscribe,
    Unsubscribe,
)
from devgem.web.sender import Sender
from devgem.web.streams import Streams

SUBPROTOCOL = "devgem.v1"
HEARTBEAT_SECONDS = 20.0
SEND_SECONDS = 30.0
LIFETIME_SECONDS = 55 * 60.0
"""Before what stands in front cuts it: Cloud Run ends every request after 60 minutes at the latest
(https://cloud.google.com/run/docs/triggering/websockets)."""
MOVE_SECONDS = 60.0
"""How long a client that was told to come back may take to do so before its old connection ends."""
FRAME_LIMIT_CHARACTERS = 64 << 10
FRAMES_PER_SECOND = 50.0
FRAME_BURST = 200.0

RESTART, BAD_FRAME, NOT_SIGNED_IN, SLOW_CONSUMER, TOO_MANY = 1012, 4400, 4401, 4408, 4429


class Closing(Exception):
    """Ends the connection with a code that the contract names."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One accepted socket, from hello to close."""

    def __init__(self, socket: WebSocket, streams: Streams, sender: Sender, lifetime_seconds: float) -> None:
        self._socket = socket
        self._lifetime_seconds = lifetime_seconds
        self._sender = sender
        self._streams = streams
        self._sending = asyncio.Lock()
        self._subscriptions: dict[str, asyncio.Task[None]] = {}
        self._tokens, self._refilled = FRAME_BURST, time.monotonic()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serves the socket until either side ends it. Raises Closing when this side must."""
        reader = asyncio.ensure_future(self._read())
        heart = asyncio.ensure_future(self._beat())
        guard = asyncio.ensure_future(self._stand_guard())
        age = asyncio.ensure_future(self._age())
        try:
            await asyncio.wait([reader, heart, guard, age, self._failure], return_when=asyncio.FIRST_COMPLETED)
            for ended in (self._failure, reader, heart, guard, age):
                if ended.done():
                    ended.result()
        finally:
            tasks = [reader, heart, guard, age, *self._subscriptions.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._failure.done():
                self._failure.exception()

    async def send(self, type: str, data: dict[str, Any], *, stream: str = "", seq: int = 0) -> None:
        frame = {"v": 1, "type": type, "stream": stream, "seq": seq, "epoch": self._streams.epoch, "ts": time.time()}
        await self._send_text(json.dumps(frame | {"data": data}))

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), self._sending:
                await self._socket.send_text(text)
        except TimeoutError:
            raise Closing(SLOW_CONSUMER, "slow consumer") from None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self.send("ping", {})

    async def _age(self) -> None:
        """Ends a connection that is old, after its client had the time to open the next one."""
        await asyncio.sleep(self._lifetime_seconds)
        await self.send("reconnect", {})
        await asyncio.sleep(MOVE_SECONDS)
        raise Closing(RESTART, "come back")

    async def _stand_guard(self) -> None:
        await self._sender.ended()
        raise Closing(NOT_SIGNED_IN, "the session has ended")

    async def _read(self) -> None:
        while True:
            await self._handle(self._parsed(await self._receive()))

    async def _receive(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        self._charge()
        text = message.get("text")
        if text is None or len(text) > FRAME_LIMIT_CHARACTERS:
            raise Closing(BAD_FRAME, "frames are JSON text of at most 64 KiB")
        return str(text)

    def _charge(self) -> None:
        now = time.monotonic()
        self._tokens = min(FRAME_BURST, self._tokens + (now - self._refilled) * FRAMES_PER_SECOND) - 1
        self._refilled = now
        if self._tokens < 0:
            raise Closing(TOO_MANY, "too many frames")

    @staticmethod
    def _parsed(text: str) -> ClientFrame:
        try:
            return FRAMES.validate_json(text)
        except ValidationError as error:
            raise Closing(BAD_FRAME, f"bad frame: {error.errors()[0]['msg']}"[:120]) from error

    async def _handle(self, frame: ClientFrame) -> None:
        match frame:
            case Ping():
                await self.send("pong", {})
            case Pong():
                pass
            case Unsubscribe():
                if (task := self._subscriptions.pop(frame.stream, None)) is not None:
                    task.cancel()
            case _:
                await self._handle_authorised(frame)

    async def _handle_authorised(self, frame: Hello | Subscribe | Act) -> None:
        """Frames that show or do something: their sender's right is looked up for each of them."""
        try:
            await self._sender.check()
        except NotSignedIn as error:
            raise Closing(NOT_SIGNED_IN, error.message) from error
        match frame:
            case Hello():
                await self.send("welcome", {"heartbeat_seconds": HEARTBEAT_SECONDS})
                for position in frame.resume:
                    await self._subscribe(position)
            case Subscribe():
                await self._subscribe(frame)
            case Message() | Approve() | Cancel():
                await self._act(frame)
            case _:
                assert_never(frame)

    async def _act(self, frame: Act) -> None:
        """What was done is seen in the conversation's stream; what was refused is told to the sender alone."""
        try:
            await self._sender.act(frame)
        except DevGemError as error:
            about = frame.model_dump(include={"type", "client_id", "approval"})
            said = {"code": error.code, "detail": error.message, "fix": error.fix, "about": about}
            await self.send("error", said, stream=f"conversation:{frame.conversation}")

    async def _subscribe(self, position: Position) -> None:
        if position.stream in self._subscriptions:
            return
        if len(self._subscriptions) >= SUBSCRIPTIONS:
            await self.send(
                "error", {"code": "too_many", "detail": f"at most {SUBSCRIPTIONS} streams"}, stream=position.stream
            )
            return
        after = position.after
        if position.epoch not in (None, self._streams.epoch):
            # The database is another one than the client knew: its numbers mean nothing here, all starts anew.
            await self.send("gap", {"from": 0, "to": 0}, stream=position.stream)
            after = 0
        task = asyncio.ensure_future(self._follow(position.stream, after))
        task.add_done_callback(self._subscription_ended)
        self._subscriptions[position.stream] = task

    async def _follow(self, stream: str, after: int) -> None:
        try:
            async with aclosing(self._streams.follow(stream, after, self._sender.identity.user)) as batches:
                async for batch in batches:
                    if batch.first > after + 1:
                        await self.send("gap", {"from": after + 1, "to": batch.first - 1}, stream=stream, seq=after)
                    for frame in self._streams.frames(stream, batch, self._sender.identity.user):
                        await self._send_text(frame)
                    after = batch.last
        except DevGemError as error:
            self._subscriptions.pop(stream, None)
            await self.send("error", {"code": error.code, "detail": error.message, "fix": error.fix}, stream=stream)

    def _subscription_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._failure.done():
            self._failure.set_exception(error)


class Sockets:
    """The open sockets of this process; each is renewed after `lifetime_seconds`."""

    def __init__(self, streams: Streams, *, lifetime_seconds: float = LIFETIME_SECONDS) -> None:
        self._streams = streams
        self._lifetime_seconds = lifetime_seconds
        self._open: set[Connection] = set()

    async def announce_restart(self) -> None:
        """Tells every client that the server is about to close its socket (with 1012) and will be back."""
        await asyncio.gather(*(one.send("reconnect", {}) for one in self._open), return_exceptions=True)

    async def serve(self, socket: WebSocket, sender: Sender) -> None:
        """Serves one socket whose sender has been found to be signed in, until it is not."""
        if SUBPROTOCOL not in socket.scope.get("subprotocols", []):
            await socket.close(BAD_FRAME, f"the subprotocol is {SUBPROTOCOL}")
            return
        await socket.accept(SUBPROTOCOL)
        connection = Connection(socket, self._streams, sender, self._lifetime_seconds)
        self._open.add(connection)
        try:
            await connection.run()
        except WebSocketDisconnect:
            pass
        except Closing as closing:
            await socket.close(closing.code, closing.reason)
        finally:
            self._open.discard(connection)
