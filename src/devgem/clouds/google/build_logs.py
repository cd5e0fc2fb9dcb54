"""The logs of all builds of a project, read by one reader.

Cloud Logging lets a project list entries 60 times a minute, however many builds there are. So all builds that anybody
listens to are asked for in one question, every two seconds, and never more often than the limit leaves room for others.
A question begins a little before the newest line that is known, since lines may arrive out of order; what was seen
before is told apart by its time and insert id, so that nothing is lost or doubled when a question fails in between.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from devgem.clouds.google.build_progress import is_end
from devgem.clouds.google.patience import Patient, Sleep
from devgem.clouds.google.troubles import is_passing
from devgem.domain.errors import DevGemError

_ROLE = "roles/logging.viewer"
_PAGE = 1000
_OVERLAP = timedelta(seconds=5)
_MINUTE = 60.0
_SAID_AFTER = 3
"""So many failures in a row are told of."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Seconds between two questions, at the least when somebody waits for the end of a log, and while the log cannot be
    read at all; how many questions a minute may have (what reads the logs of apps takes 25 of the 60), and how often in
    one it may hurry."""

    every_seconds: float = 1.9
    least_seconds: float = 1.0
    refused_seconds: float = 30.0
    a_minute: int = 35
    hurries: int = 3


PACE = Pace()


@dataclass(frozen=True)
class Line:
    """One entry of a log. Without an `id` it is DevGem's own remark about the log."""

    text: str
    at: datetime
    is_error: bool = False
    id: str = ""


@dataclass(eq=False)
class Listener:
    """What has come of one build's log. `ended`: its last line is there, or it cannot be read."""

    build: str
    since: datetime
    lines: "asyncio.Queue[Line]" = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: dict[str, datetime] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Each entry once, also when it comes again or late."""
        if line.at < self.since - _OVERLAP or line.id in self._seen:
            return
        self._seen[line.id] = line.at
        self.lines.put_nowait(line)
        if line.at > self.since:
            self.since = line.at
            self._seen = {id: at for id, at in self._seen.items() if at >= self.since - _OVERLAP}
        if is_end(line.text):
            self.ended.set()

    def remark(self, text: str) -> None:
        self.lines.put_nowait(Line(text, datetime.now(UTC)))


class BuildLogs:
    """`clock` counts seconds; `sleep` waits by it."""

    def __init__(
        self,
        patient: Patient,
        *,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._patient = patient
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._listeners: set[Listener] = set()
        self._reading: asyncio.Task[None] | None = None
        self._asked: deque[float] = deque()
        self._hurried: deque[float] = deque()
        self._hurry = asyncio.Event()
        self._failures = 0
        self._remarked = False

    @contextmanager
    def listen(self, build: str, since: datetime) -> Iterator[Listener]:
        """To the log of a build from then on, for as long as it is open."""
        listener = Listener(build, since)
        self._listeners.add(listener)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def hurry(self) -> None:
        """Somebody waits for the end of a log."""
        self._hurry.set()

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        """As long as anybody listens."""
        while self._listeners:
            try:
                await self._ask()
            except DevGemError as error:
                await self._refused(error)
            else:
                self._failures, self._remarked = 0, False
                await self._pause()

    async def _ask(self) -> None:
        """All pages of what is new; what came of a page before the next fails is kept."""
        listeners = {listener.build: listener for listener in self._listeners}
        since = min(listener.since for listener in listeners.values()) - _OVERLAP
        request = {
            "resource_names": [f"projects/{self._patient.admin.project}"],
            "filter": _filter(listeners, since),
            "order_by": "timestamp asc",
            "page_size": _PAGE,
        }
        while True:
            await self._wait_for_room()
            answer = await self._patient.once(self._list, request, "read the log of the build", role=_ROLE)
            for entry in answer.entries:
                if listener := listeners.get(entry.resource.labels.get("build_id", "")):
                    for line in _lines(entry):
                        listener.take(line)
            if not answer.next_page_token:
                return
            request = {**request, "page_token": answer.next_page_token}

    async def _list(self, request: Any, retry: Any, timeout: float) -> Any:
        """One page: the pager would ask for the next by itself, unseen."""
        pager = await self._patient.admin.entries.list_log_entries(request=request, retry=retry, timeout=timeout)
        return await anext(pager.pages)

    async def _wait_for_room(self) -> None:
        """Sixty seconds hold at most so many questions."""
        now = self._clock()
        while self._asked and self._asked[0] <= now - _MINUTE:
            self._asked.popleft()
        if len(self._asked) >= self._pace.a_minute:
            await self._sleep(self._asked[0] + _MINUTE - now)
            self._asked.popleft()
        self._asked.append(self._clock())

    async def _pause(self) -> None:
        pace, now = self._pace, self._clock()
        await self._sleep(pace.least_seconds)
        while self._hurried and self._hurried[0] <= now - _MINUTE:
            self._hurried.popleft()
        if self._hurry.is_set() and len(self._hurried) < pace.hurries:
            self._hurry.clear()
            self._hurried.append(now)
        else:
            await self._sleep(pace.every_seconds - pace.least_seconds)

    async def _refused(self, error: DevGemError) -> None:
        self._failures += 1
        passing = is_passing(error)
        if not self._remarked and (error.code == "quota" or not passing or self._failures >= _SAID_AFTER):
            self._remarked = True
            self._remark(error, passing=passing)
        if self._failures == 1:
            _log.warning("the logs of %d builds: %s", len(self._listeners), error.message)
        if passing:
            await self._sleep(self._patient.patience.seconds(self._failures, error.__cause__))
        else:
            await self._sleep(self._pace.refused_seconds)

    def _remark(self, error: DevGemError, *, passing: bool) -> None:
        for listener in self._listeners:
            if passing:
                listener.remark(f"The log is held up: {error.message}. What is missing comes later.")
            else:
                listener.remark(f"The log cannot be read, and the build goes on: {error.message}. {error.fix}".strip())
                listener.ended.set()


def _filter(builds: Iterable[str], since: datetime) -> str:
    ids = " OR ".join(f'"{build}"' for build in sorted(builds))
    at = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f'resource.type="build" AND resource.labels.build_id=({ids}) AND timestamp>="{at}"'


def _lines(entry: Any) -> Iterator[Line]:
    at = datetime.fromtimestamp(entry.timestamp.timestamp(), UTC) if entry.timestamp else datetime.now(UTC)
    is_error = entry.severity >= 500
    for number, text in enumerate((entry.text_payload or "").split("\n")):
        yield Line(text.rstrip("\r"), at, is_error, f"{entry.insert_id}/{at.timestamp()}/{number}")
