"""What a running step says, appended to the log in batches."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from devgem.domain.app import Progress
from devgem.domain.deployment import Step
from devgem.domain.event import EventType
from devgem.domain.log import LogLine
from devgem.pipeline.request import Limits
from devgem.store import Fact, Store

_LINGER_SECONDS = 0.02
_BATCH_LINES = 1000


class Narration:
    """Log lines and progress of one step. A batch is appended as soon as the one before it is, but not within
    20 ms; once a batch is full, `log` waits for room: that is the back-pressure on whoever makes the lines. Nothing
    is dropped, except what exceeds the limits, and then the log says how much."""

    def __init__(self, store: Store, deployment: str, step: Step, redact: Callable[[str], str], limits: Limits) -> None:
        self._store = store
        self._deployment = deployment
        self._step = step
        self._redact = redact
        self._lines_left = limits.log_lines
        self._bytes_left = limits.log_bytes
        self._suppressed = 0
        self._lines: list[Fact] = []
        self._progress: Fact | None = None
        self._waiting = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write_batches())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        assert self._writer is not None
        if self._suppressed:
            self._add(f"... {self._suppressed:,} more lines were left out: the log is too long", "devgem")
        self._ended.set()
        self._waiting.set()
        await self._writer

    async def log(self, line: LogLine) -> None:
        text = self._redact(line.text)
        if self._lines_left <= 0 or self._bytes_left <= 0:
            self._suppressed += 1
            return
        self._lines_left -= 1
        self._bytes_left -= len(text)
        self._lines.append(self._fact(text, line))
        self._waiting.set()
        await self._until_room()

    async def say(self, text: str) -> None:
        """A log line of DevGem's own."""
        self._add(self._redact(text), "devgem")
        self._waiting.set()
        await self._until_room()

    async def progress(self, progress: Progress) -> None:
        data = {"step": self._step, "message": self._redact(progress.message), "fraction": progress.fraction}
        self._progress = Fact(EventType.STEP_PROGRESSED, data)
        self._waiting.set()

    def _add(self, text: str, stream: str) -> None:
        self._lines.append(Fact(EventType.LOG, {"text": text, "stream": stream, "step": self._step}))

    def _fact(self, text: str, line: LogLine) -> Fact:
        return Fact(EventType.LOG, {"text": text, "stream": line.stream, "step": self._step}, at=line.at)

    async def _until_room(self) -> None:
        if len(self._lines) < _BATCH_LINES:
            return
        assert self._writer is not None
        if self._writer.done():
            await self._writer  # raises what keeps the database from being written
        self._room.clear()
        await self._room.wait()

    async def _write_batches(self) -> None:
        try:
            while not self._ended.is_set():
                await self._waiting.wait()
                await self._flush()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LINGER_SECONDS):
                        await self._ended.wait()
            await self._flush()
        finally:
            self._room.set()

    async def _flush(self) -> None:
        lines, self._lines = self._lines, []
        progress, self._progress = self._progress, None
        self._waiting.clear()
        self._room.set()
        if lines:
            await self._store.append(f"deployment:{self._deployment}", lines)
        if progress:
            async with self._store.write() as transaction:
                await transaction.deployments.record(self._deployment, [progress])
