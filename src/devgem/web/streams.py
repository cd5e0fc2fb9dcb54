"""Streams as the web sends them: one way to follow any stream, and each batch encoded once for all its watchers."""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing

from devgem.clouds import Cloud
from devgem.domain.errors import NotFound
from devgem.domain.event import Event, EventType
from devgem.domain.log import LogLine
from devgem.store import Batch, Store, apps_stream

FRAME_LIMIT_BYTES = 64 << 10
_FRAME_AROUND_BYTES = 512
_ENCODED_BATCHES = 256
_LINES_PER_BATCH = 1000
_OWNER_SECONDS = 1.0


class Streams:
    """`deployment:<id>`, `app:<name>`, `apps` and `conversation:<id>` come from the event log, `logs:<app>` from the
    cloud that runs the app. Each is followed by a user, and shows what is theirs: `apps` are their own apps."""

    def __init__(self, store: Store, clouds: Mapping[str, Cloud]) -> None:
        self._store = store
        self._clouds = clouds
        self._encoded: OrderedDict[tuple[str, int, int], list[str]] = OrderedDict()

    @property
    def epoch(self) -> str:
        return self._store.epoch

    async def check(self, stream: str, user: str) -> None:
        """Raises NotFound for a stream that nothing of this user can ever be in."""
        kind, _, name = stream.partition(":")
        async with self._store.read(owner=user) as transaction:
            match kind:
                case "apps" if not name:
                    return
                case "deployment":
                    await transaction.deployments.get(name)
                case "app" | "logs":
                    await transaction.apps.get(name)
                case "conversation":
                    await transaction.conversations.get(name)
                case _:
                    raise NotFound(f"there is no stream {stream!r}", fix="See docs/api.md for the streams there are.")

    async def follow(self, stream: str, after: int, user: str) -> AsyncGenerator[Batch]:
        """Batches of events with seq > `after`, for ever. Raises NotFound, also once an app is the user's no more.
        Close it (contextlib.aclosing) when done."""
        await self.check(stream, user)
        checked = time.monotonic()
        kind, _, name = stream.partition(":")
        if kind == "logs":
            batches = self._log_lines(name, after)
        else:
            inner = stored_name(stream, user)
            # What was trimmed may still be in memory, for those who have followed all along.
            first = (await self._store.state(inner)).first
            batches = self._store.follow(inner, after=max(after, first - 1))
        async with aclosing(batches) as following:
            async for batch in following:
                # A name that was given up may be another user's app by now.
                if kind in ("app", "logs") and time.monotonic() - checked > _OWNER_SECONDS:
                    await self.check(stream, user)
                    checked = time.monotonic()
                yield batch

    async def _log_lines(self, app: str, after: int) -> AsyncGenerator[Batch]:
        async with self._store.read() as transaction:
            row = await transaction.apps.get(app)
        async with aclosing(_gathered(self._clouds[row.app.cloud].logs(app, after=after, follow=True))) as gathered:
            async for lines in gathered:
                events = tuple(_log_event(app, line) for line in lines)
                yield Batch(events, tuple(json.dumps(event.data, ensure_ascii=False) for event in events))

    def frames(self, stream: str, batch: Batch, user: str) -> list[str]:
        """A batch as socket frames of at most FRAME_LIMIT_BYTES where single events allow it; encoded once however
        many watch."""
        key = (stored_name(stream, user), batch.first, batch.last)
        if (known := self._encoded.get(key)) is not None:
            return known
        frames = [self._frame(stream, part) for part in _parts(batch)]
        self._encoded[key] = frames
        if len(self._encoded) > _ENCODED_BATCHES:
            self._encoded.popitem(last=False)
        return frames

    def _frame(self, stream: str, batch: Batch) -> str:
        at = batch[-1].at.isoformat()
        head = {"v": 1, "type": "batch", "stream": stream, "seq": batch.last, "epoch": self.epoch, "ts": at}
        return f'{json.dumps(head)[:-1]},"data":{{"events":{batch.json}}}}}'


def stored_name(stream: str, user: str) -> str:
    """The stream that a user means by this name."""
    return apps_stream(user) if stream == "apps" else stream


def _parts(batch: Batch) -> Iterator[Batch]:
    start = size = 0
    for index, event in enumerate(batch.events):
        length = len(batch.data[index].encode()) + len(event.type) + 96
        if index > start and size + length > FRAME_LIMIT_BYTES - _FRAME_AROUND_BYTES:
            yield batch[start:index]
            start, size = index, 0
        size += length
    yield batch[start:]


def _log_event(app: str, line: LogLine) -> Event:
    return Event(f"logs:{app}", line.seq, EventType.LOG, line.at, {"text": line.text, "stream": line.stream})


async def _gathered(lines: AsyncIterator[LogLine]) -> AsyncGenerator[list[LogLine]]:
    """Lines in lists: all that are there at once, at most _LINES_PER_BATCH."""
    queue: asyncio.Queue[LogLine | None] = asyncio.Queue(_LINES_PER_BATCH)

    async def read() -> None:
        try:
            async for line in lines:
                await queue.put(line)
        finally:
            await queue.put(None)

    reader = asyncio.ensure_future(read())
    try:
        while (line := await queue.get()) is not None:
            gathered = [line]
            while not queue.empty() and (more := queue.get_nowait()) is not None:
                gathered.append(more)
            yield gathered
            if reader.done() and queue.empty():
                break
        await reader
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
