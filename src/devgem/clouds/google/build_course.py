"""The course of one build, as it is told to whoever waits for it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from devgem.clouds.google.build_logs import Line
from devgem.clouds.google.build_progress import BuildProgress
from devgem.domain.app import Build, Image, Progress
from devgem.domain.errors import DevGemError
from devgem.domain.failure import Failure
from devgem.domain.log import LINE_LIMIT, SPLIT_MARK, LogLine, Redactor, Stream, clean

Item = LogLine | Progress | Image | Failure
_LAST_LINES = 200


class Course:
    """`id` of the build, once it is known; `last` are the last lines of its log; `has_secrets`: something is kept for
    it in Secret Manager."""

    def __init__(self, build: Build, put: Callable[[Item], Awaitable[None]]) -> None:
        self.build = build
        self.id = ""
        self.has_secrets = False
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        self.read = BuildProgress()
        self.redact = Redactor(build.env.values())
        self._put = put
        self._told: Progress | None = None

    async def say(self, text: str) -> None:
        """DevGem's own remark, among the lines of the log."""
        await self._put(LogLine(self.redact(text), "devgem", datetime.now(UTC)))

    async def progress(self, progress: Progress) -> None:
        """Told when it has changed."""
        if progress != self._told:
            self._told = progress
            await self._put(progress)

    async def waiting(self, error: DevGemError, seconds: float) -> None:
        """A call is tried again after some seconds."""
        await self.say(f"{error.message}. Trying again in {seconds:.0f} seconds.")

    async def tell(self, lines: "asyncio.Queue[Line]") -> None:
        """Every line that comes, until it is cancelled."""
        while True:
            line = await lines.get()
            try:
                await self._tell(line)
            finally:
                lines.task_done()

    async def _tell(self, line: Line) -> None:
        if not line.id:
            await self.say(line.text)
            return
        said = self.read.read(line.text)
        if said is None:
            return
        text = self.redact(clean(said))
        self.last.append(text)
        stream: Stream = "err" if line.is_error else "out"
        parts = [text[at : at + LINE_LIMIT] for at in range(0, len(text), LINE_LIMIT)] or [""]
        for part in parts[:-1]:
            await self._put(LogLine(part + SPLIT_MARK, stream, line.at))
        await self._put(LogLine(parts[-1], stream, line.at))
