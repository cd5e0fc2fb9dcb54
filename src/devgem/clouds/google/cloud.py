"""Google Cloud as the rest of DevGem sees it: Cloud Build makes images, Cloud Run runs them. Each part knows one thing;
this only passes on."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from devgem.clouds.google.preflight import Preflight
from devgem.domain.app import Build, Check, Image, Instance, Metrics, Progress, Proof, Revision, Signals, Traffic
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan
from devgem.domain.trial import Finding, Trial


class Building(Protocol):
    """Makes images: see build.py."""

    def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]: ...

    async def delete(self, app: str) -> None: ...

    async def close(self) -> None: ...


class Running(Protocol):
    """Runs revisions, with the contract of `Cloud`."""

    async def release(self, revision: Revision) -> Failure | None: ...

    def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]: ...

    async def shift(self, app: str, traffic: Traffic) -> None: ...

    async def discard(self, revision: Revision) -> None: ...

    async def url(self, app: str) -> str: ...

    def logs(
        self, app: str, *, after: int, since: datetime | None, tail: int | None, follow: bool
    ) -> AsyncIterator[LogLine]: ...

    async def signals(self, app: str, window: timedelta) -> Signals: ...

    async def metrics(self, app: str, window: timedelta) -> Metrics: ...

    async def instances(self, app: str) -> Sequence[Instance]: ...

    async def restart(self, app: str) -> None: ...

    async def delete(self, app: str) -> None: ...

    async def close(self) -> None: ...


class GoogleCloud:
    """The clients that the parts share are closed by whoever made them."""

    name = "google"
    clones_itself = True

    def __init__(
        self,
        preflight: Preflight,
        building: Building,
        running: Running,
    ) -> None:
        self._preflight = preflight
        self._building = building
        self._running = running

    async def preflight(self, plan: BuildPlan, *, own: bool) -> Sequence[Check]:
        """What is not needed is not told here: `devgem doctor` does."""
        return [check for check in await self._preflight.checks() if check.ok or check.needed]

    def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        return self._building.build(build)

    async def try_out(self, build: Build, trials: Sequence[Trial], *, wall_seconds: float) -> AsyncIterator[Finding]:
        """Nothing is tried out: the code is never on this machine, and a build for a trial alone takes minutes."""
        for trial in trials:
            yield Finding(trial.name, None, "Google Cloud builds code, and does not try it out")

    async def release(self, revision: Revision) -> Failure | None:
        return await self._running.release(revision)

    def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]:
        return self._running.verify(revision)

    async def shift(self, app: str, traffic: Traffic) -> None:
        await self._running.shift(app, traffic)

    async def discard(self, revision: Revision) -> None:
        await self._running.discard(revision)

    async def url(self, app: str) -> str:
        return await self._running.url(app)

    def logs(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[LogLine]:
        return self._running.logs(app, after=after, since=since, tail=tail, follow=follow)

    async def signals(self, app: str, window: timedelta) -> Signals:
        return await self._running.signals(app, window)

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        return await self._running.metrics(app, window)

    async def instances(self, app: str) -> Sequence[Instance]:
        return await self._running.instances(app)

    async def restart(self, app: str) -> None:
        await self._running.restart(app)

    async def delete(self, app: str) -> None:
        await self._running.delete(app)
        await self._building.delete(app)

    async def close(self) -> None:
        await self._running.close()
        await self._building.close()
