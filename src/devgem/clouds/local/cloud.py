"""The local cloud as the rest of DevGem sees it: builds here, runs in the edge process, reads logs from disk."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

from devgem.clouds.local.builder import Builder
from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.runtime_logs import RuntimeLogs
from devgem.clouds.local.spec import Spec
from devgem.domain.app import (
    Build,
    Check,
    Image,
    Instance,
    Metrics,
    Progress,
    Proof,
    Resources,
    Revision,
    Signals,
    Traffic,
)
from devgem.domain.errors import NotFound
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan
from devgem.domain.trial import Finding, Trial

_ATTEMPTS = 3


class LocalCloud:
    """`check_isolation(own)` says whether a repository may run here. `resources` are what one instance may use,
    whatever its revision says, when given. Apps answer at `<app>.<base_domain>` on `public_port`."""

    name = "local"
    clones_itself = False

    def __init__(
        self,
        builder: Builder,
        edge: EdgeClient,
        logs: RuntimeLogs,
        check_isolation: Callable[[bool], Check],
        *,
        resources: Resources | None = None,
        base_domain: str = "localhost",
        public_port: int = 80,
    ) -> None:
        self._builder = builder
        self._edge = edge
        self._logs = logs
        self._check_isolation = check_isolation
        self._resources = resources
        self._base_domain = base_domain
        self._public_port = public_port

    async def preflight(self, plan: BuildPlan, *, own: bool) -> Sequence[Check]:
        return [self._check_isolation(own), *await self._builder.checks(plan)]

    def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        return self._builder.build(build)

    def try_out(self, build: Build, trials: Sequence[Trial], *, wall_seconds: float) -> AsyncIterator[Finding]:
        return self._builder.try_out(build, trials, wall_seconds=wall_seconds)

    async def release(self, revision: Revision) -> Failure | None:
        if self._resources is not None:
            revision = replace(revision, resources=self._resources)
        return await self._edge.release(Spec.of(revision))

    async def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]:
        """When the edge dies meanwhile, the revision is released again, in the next edge."""
        for attempt in range(_ATTEMPTS):
            try:
                async with aclosing(self._edge.verify(revision.app, revision.number)) as course:
                    async for item in course:
                        yield item
                return
            except NotFound:
                if attempt == _ATTEMPTS - 1:
                    raise
            if failure := await self.release(revision):
                yield failure
                return

    async def shift(self, app: str, traffic: Traffic) -> None:
        await self._edge.shift(app, traffic.shares)

    async def discard(self, revision: Revision) -> None:
        await self._edge.discard(revision.app, revision.number)

    async def url(self, app: str) -> str:
        port = "" if self._public_port == 80 else f":{self._public_port}"
        return f"http://{app}.{self._base_domain}{port}"

    def logs(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[LogLine]:
        return self._logs.read(app, after=after, since=since, tail=tail, follow=follow)

    async def signals(self, app: str, window: timedelta) -> Signals:
        """Since the edge started, whatever the window."""
        return await self._edge.signals(app)

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        return await self._edge.metrics(app, window)

    async def instances(self, app: str) -> Sequence[Instance]:
        return await self._edge.instances(app)

    async def restart(self, app: str) -> None:
        await self._edge.restart(app)

    async def delete(self, app: str) -> None:
        """Its images go with the next `prune`: other apps may share them."""
        await self._edge.delete(app)
        await self._builder.delete(app)

    async def prune(self, keep: Collection[str]) -> None:
        """Drops the images whose digest is not in `keep`, and what was kept to build them faster."""
        await self._builder.prune(keep)

    async def close(self) -> None:
        """Ends what this process has under way; what runs in the edge goes on."""
        await self._builder.close()
        await self._edge.close()
