"""Run-time log lines from Cloud Logging.

A line's number is its time in microseconds; of several in one microsecond each next one gets the next number. So
numbers need no memory: whoever reads the same lines again, from any point, finds the same numbers. A line that arrives
after a later one was read is told with the next free number, lest it be lost.

Cloud Logging takes 60 list calls a minute of a project, all readers together: who follows shares one call with all
others, and every call waits until there is one left. Builds take up to 45 of the 60.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls
from devgem.clouds.google.troubles import is_passing
from devgem.domain.errors import DevGemError
from devgem.domain.log import LINE_LIMIT, LogLine, Stream, clean

ROLE = "roles/logging.viewer"
_PAGE = 1000
_OVERLAP = timedelta(seconds=10)
"""How late a line may arrive and still be told to who follows."""
_FIRST_LOOK = timedelta(days=30)
_REMEMBERED = timedelta(seconds=60)
_TIES = 50
_LOGS: dict[str, Stream] = {"stdout": "out", "stderr": "err", "varlog/system": "devgem"}
_SECONDS = 60.0


class Budget:
    """At most `calls` a minute; who comes when they are spent waits."""

    def __init__(self, calls: int = 14, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._spent: deque[float] = deque()
        self._turn = asyncio.Lock()

    async def spend(self) -> None:
        async with self._turn:
            while len(self._spent) >= self._calls:
                left = self._spent[0] + _SECONDS - self._clock()
                if left <= 0:
                    self._spent.popleft()
                else:
                    await asyncio.sleep(left)
            self._spent.append(self._clock())


class LogReader:
    """`look_seconds` is how often lines to come are looked for."""

    def __init__(
        self, admin: Administration, site: Site, calls: Calls, budget: Budget, *, look_seconds: float = 6.0
    ) -> None:
        self._admin = admin
        self._site = site
        self._call = calls
        self._budget = budget
        self._look_seconds = look_seconds
        self._followers: list[_Follower] = []
        self._poller: asyncio.Task[None] | None = None

    async def tail(self, service: str, revision: str, count: int = 100) -> list[LogLine]:
        """The latest lines of one Cloud Run revision."""
        wanted = f'{self._of([service])} AND resource.labels.revision_name="{revision}"'
        return numbered(reversed(await self._page(wanted, newest=True, size=count)))

    async def read(
        self, app: str, *, after: int, since: datetime | None, tail: int | None, follow: bool
    ) -> AsyncGenerator[LogLine, None]:
        """As Cloud.logs."""
        service = naming.service_of(app)
        start = _start_of(after, since)
        follower = _Follower(service, start)
        if follow:
            self._followers.append(follower)
            self._start()  # Before the past is read, so that nothing falls between.
        try:
            async for line, entry in self._past(service, start, tail):
                follower.note(line, entry, after)
                if line.seq > after and (since is None or line.at >= since):
                    yield line
            while follow:
                for line in follower.fresh(await follower.pages.get()):
                    yield line
        finally:
            if follow:
                self._followers.remove(follower)
            if not self._followers:
                await self.close()

    async def entries(self, wanted: str, since: datetime, *, limit: int) -> list[Any]:
        """The newest entries that a filter lets through, oldest first."""
        text = f'{wanted} AND timestamp>="{_stamp(since)}"'
        return list(reversed(await self._page(text, newest=True, size=limit)))

    def of_service(self, service: str) -> str:
        """The filter for all that a service logs of itself and of its requests."""
        return (
            f'resource.type="cloud_run_revision" AND resource.labels.location="{self._site.region}" '
            f'AND resource.labels.service_name="{service}"'
        )

    def log(self, name: str) -> str:
        escaped = name.replace("/", "%2F")
        return f"projects/{self._site.project}/logs/run.googleapis.com%2F{escaped}"

    async def close(self) -> None:
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.cancel()
            await asyncio.gather(poller, return_exceptions=True)

    async def _past(self, service: str, start: datetime, tail: int | None) -> AsyncIterator[tuple[LogLine, Any]]:
        if tail is not None:
            # Some more, so that the numbers within one microsecond are those that everyone counts.
            limit = min(tail + _TIES, _PAGE)
            found = await self.entries(self._of([service]), start, limit=limit) if tail else []
            for pair in list(zip(numbered(found), found, strict=True))[-tail:]:
                yield pair
            return
        previous = 0
        async for page in self._pages(f'{self._of([service])} AND timestamp>="{_stamp(start)}"'):
            for line, entry in zip(numbered(page, previous), page, strict=True):
                previous = line.seq
                yield line, entry

    def _of(self, services: Sequence[str]) -> str:
        names = " OR ".join(f'"{name}"' for name in services)
        logs = " OR ".join(f'"{self.log(name)}"' for name in _LOGS)
        return (
            f'resource.type="cloud_run_revision" AND resource.labels.location="{self._site.region}" '
            f"AND resource.labels.service_name=({names}) AND logName=({logs})"
        )

    async def _page(self, wanted: str, *, newest: bool, size: int) -> list[Any]:
        answer, _ = await self._listed(wanted, "timestamp desc" if newest else "timestamp asc", size, "")
        return answer

    async def _pages(self, wanted: str) -> AsyncIterator[list[Any]]:
        token = ""
        while True:
            page, token = await self._listed(wanted, "timestamp asc", _PAGE, token)
            if page:
                yield page
            if not token:
                return

    async def _listed(self, wanted: str, order: str, size: int, token: str) -> tuple[list[Any], str]:
        await self._budget.spend()
        request = {
            "resource_names": [f"projects/{self._site.project}"],
            "filter": wanted,
            "order_by": order,
            "page_size": size,
            "page_token": token,
        }
        pager: Any = await self._call(
            self._admin.entries.list_log_entries, request, to="read the log of Cloud Run", role=ROLE
        )
        async for page in pager.pages:
            return list(page.entries), str(page.next_page_token)
        return [], ""

    def _start(self) -> None:
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        """One call at a time, for all that are followed."""
        since = datetime.now(UTC) - _OVERLAP
        while self._followers:
            looked = datetime.now(UTC)
            services = sorted({follower.service for follower in self._followers})
            try:
                async for page in self._pages(f'{self._of(services)} AND timestamp>="{_stamp(since)}"'):
                    self._tell(page)
                since = looked - _OVERLAP
            except DevGemError as error:
                if not is_passing(error):
                    self._tell(error)
                    return
            await asyncio.sleep(self._look_seconds)

    def _tell(self, news: "list[Any] | DevGemError") -> None:
        for follower in self._followers:
            follower.pages.put_nowait(news)


class _Follower:
    """What one reader has been told. `start` is from when on it reads."""

    def __init__(self, service: str, start: datetime) -> None:
        self.service = service
        self.pages: asyncio.Queue[list[Any] | DevGemError] = asyncio.Queue()
        self._floor = start
        self._told: dict[str, datetime] = {}
        self._last = 0

    def note(self, line: LogLine, entry: Any, after: int) -> None:
        """A line of the past."""
        if not self._told:
            self._floor = line.at
        self._told[entry.insert_id] = line.at
        self._last = max(self._last, line.seq, after)
        if len(self._told) > _PAGE:
            self._forget(line.at)

    def fresh(self, news: "list[Any] | DevGemError") -> list[LogLine]:
        """The lines of a page that were not told yet. Raises what kept them from being read."""
        if isinstance(news, DevGemError):
            raise news
        mine = [entry for entry in news if self._is_new(entry)]
        lines = numbered(mine, self._last)
        for line, entry in zip(lines, mine, strict=True):
            self._told[entry.insert_id] = line.at
            self._last = line.seq
        if lines:
            self._forget(lines[-1].at)
        return lines

    def _is_new(self, entry: Any) -> bool:
        return (
            entry.resource.labels.get("service_name") == self.service
            and entry.insert_id not in self._told
            and entry.timestamp >= self._floor
        )

    def _forget(self, newest: datetime) -> None:
        self._told = {id: at for id, at in self._told.items() if at > newest - _REMEMBERED}


def _start_of(after: int, since: datetime | None) -> datetime:
    """From when on to read: somewhat before what is wanted, to know again what was told before."""
    if after:
        return max(filter(None, (_time(after) - _REMEMBERED, since)))
    return since or datetime.now(UTC) - _FIRST_LOOK


def numbered(entries: Iterable[Any], previous: int = 0) -> list[LogLine]:
    """Entries in order as lines with their numbers."""
    lines = []
    for entry in entries:
        line = _line(entry)
        previous = max(line.seq, previous + 1)
        lines.append(replace(line, seq=previous))
    return lines


def _line(entry: Any) -> LogLine:
    at: datetime = entry.timestamp
    stream = _LOGS.get(entry.log_name.rpartition("/logs/")[2].replace("%2F", "/").removeprefix("run.googleapis.com/"))
    return LogLine(_text(entry), stream or "out", at, _microseconds(at))


def _text(entry: Any) -> str:
    from google.protobuf.json_format import MessageToDict

    if entry.text_payload:
        text = entry.text_payload
    elif entry.json_payload:
        fields = _plain(MessageToDict(type(entry).pb(entry).json_payload))
        said = fields.get("message")
        text = said if isinstance(said, str) else json.dumps(fields, ensure_ascii=False, sort_keys=True)
    else:
        text = ""
    return clean(text.rstrip("\n")[:LINE_LIMIT])


def _plain(value: Any) -> Any:
    """Google has only one kind of number; whole ones are told as such."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _time(seq: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seq)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
