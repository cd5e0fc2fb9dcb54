"""The control process's end of the edge's socket: asks again, of the next edge, when the one it asked has died."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from devgem.clouds.local import wire
from devgem.clouds.local.facts import Fact
from devgem.clouds.local.spec import Spec
from devgem.clouds.local.wire import Frame
from devgem.domain.app import Instance, Metrics, Progress, Proof, Signals
from devgem.domain.errors import NotFound, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine

_RETRY_SECONDS = 0.1


class _Lost(Exception):
    """The connection broke; what was asked for may or may not have been done."""


class EdgeClient:
    """Every method raises Unavailable when no edge answers within `patience_seconds`, and the errors of the edge."""

    def __init__(self, socket: Path, *, patience_seconds: float = 15.0) -> None:
        self._socket = socket
        self._patience_seconds = patience_seconds
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()

    async def ping(self) -> Mapping[str, Any]:
        """`version`, `pid` and `isolation` of the edge."""
        answer: Mapping[str, Any] = await self._ask("ping")
        return answer

    async def release(self, spec: Spec) -> Failure | None:
        found = await self._ask("release", spec=spec.to_json())
        return wire.failure_from_json(found) if found else None

    async def verify(self, app: str, number: int) -> AsyncGenerator[LogLine | Progress | Proof | Failure, None]:
        """Raises NotFound when the revision has not been released, or the edge dies, as the revision does with it."""
        try:
            async with contextlib.aclosing(self._listen("verify", app=app, number=number)) as items:
                async for item in items:
                    yield wire.item_from_json(item)
        except _Lost:
            raise NotFound(f"the edge died while it verified {app!r} v{number}", fix="Release it again.") from None

    async def shift(self, app: str, shares: Mapping[int, int]) -> None:
        await self._ask("shift", app=app, shares={str(number): share for number, share in shares.items()})

    async def restart(self, app: str) -> None:
        await self._ask("restart", app=app)

    async def discard(self, app: str, number: int) -> None:
        await self._ask("discard", app=app, number=number)

    async def delete(self, app: str) -> None:
        await self._ask("delete", app=app)

    async def instances(self, app: str) -> list[Instance]:
        return [wire.instance_from_json(found) for found in await self._ask("instances", app=app)]

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        return wire.metrics_from_json(await self._ask("metrics", app=app, seconds=window.total_seconds()))

    async def signals(self, app: str) -> Signals:
        return wire.signals_from_json(await self._ask("signals", app=app))

    async def attach(self, host: str, app: str) -> None:
        await self._ask("attach", host=host, app=app)

    async def detach(self, host: str, app: str) -> None:
        await self._ask("detach", host=host, app=app)

    async def facts(self, after: int = 0) -> AsyncGenerator[Fact, None]:
        """Facts about instances with seq > `after`, and those to come, from this edge and the next ones; to be
        acknowledged once they are stored. Never raises Unavailable but waits."""
        while True:
            with contextlib.suppress(_Lost, Unavailable):
                async with contextlib.aclosing(self._listen("facts", after=after)) as items:
                    async for item in items:
                        fact = Fact.from_json(item)
                        yield fact
                        after = fact.seq

    async def acknowledge(self, seq: int) -> None:
        """The facts up to `seq` are stored, and need not be kept by the edge any more."""
        await self._ask("acknowledge", seq=seq)

    async def shutdown(self) -> None:
        """Ends the edge, and all apps with it."""
        await self._ask("shutdown")

    async def close(self) -> None:
        if self._line:
            await self._line.close()

    async def _ask(self, op: str, **arguments: Any) -> Any:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            line = await self._connect(deadline)
            with contextlib.suppress(_Lost):
                async for frame in line.ask({"op": op, **arguments}):
                    if "result" in frame:
                        return frame["result"]

    async def _listen(self, op: str, **arguments: Any) -> AsyncGenerator[Frame, None]:
        """Raises _Lost."""
        line = await self._connect(time.monotonic() + self._patience_seconds)
        async with contextlib.aclosing(line.ask({"op": op, **arguments})) as frames:
            async for frame in frames:
                if "item" in frame:
                    yield frame["item"]

    async def _connect(self, deadline: float) -> "_Line":
        async with self._connecting:
            while self._line is None or self._line.is_lost:
                try:
                    reader, writer = await asyncio.open_unix_connection(self._socket, limit=wire.LINE_BYTES)
                    self._line = _Line(reader, writer)
                except (ConnectionRefusedError, FileNotFoundError):
                    if time.monotonic() > deadline:
                        raise Unavailable("the edge, which runs the apps, does not answer", fix="devgem up") from None
                    await asyncio.sleep(_RETRY_SECONDS)
            return self._line


class _Line:
    """One connection, with any number of requests under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_lost = False
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._inboxes: dict[int, asyncio.Queue[Frame]] = {}
        self._reading = asyncio.create_task(self._read())

    async def ask(self, frame: Frame) -> AsyncGenerator[Frame, None]:
        """The frames that answer; the last has a `result`. Raises what the edge answers with, or _Lost."""
        number = next(self._numbers)
        inbox = self._inboxes[number] = asyncio.Queue()
        answer: Frame = {}
        try:
            await self._say({**frame, "id": number})
            while "result" not in answer:
                answer = await inbox.get()
                if "error" in answer:
                    raise wire.error_from_json(answer["error"])
                if not answer:
                    raise _Lost
                yield answer
        finally:
            del self._inboxes[number]
            if "item" in answer or not answer:
                with contextlib.suppress(_Lost):
                    await self._say({"cancel": number})

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _say(self, frame: Frame) -> None:
        if self.is_lost:
            raise _Lost
        try:
            self._writer.write(wire.encode(frame))
            await self._writer.drain()
        except ConnectionError:
            raise _Lost from None

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                frame = wire.decode(line)
                if inbox := self._inboxes.get(frame["id"]):
                    inbox.put_nowait(frame)
        except (ConnectionError, ValueError):
            pass  # What follows from it is the same as at the end of the stream.
        finally:
            self.is_lost = True
            self._writer.close()
            for inbox in self._inboxes.values():
                inbox.put_nowait({})
