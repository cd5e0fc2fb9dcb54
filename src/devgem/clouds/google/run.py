"""Cloud Run as DevGem uses it: a service per app, a Cloud Run revision per revision."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

from devgem.clouds.google import naming
from devgem.clouds.google.accounts import Accounts
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls
from devgem.clouds.google.log_reader import Budget, LogReader
from devgem.clouds.google.notes import Notes
from devgem.clouds.google.patience import Patient
from devgem.clouds.google.proof import Patience, Prover
from devgem.clouds.google.release import Releases, number_of, short
from devgem.clouds.google.secrets import Secrets
from devgem.clouds.google.services import Services, targets
from devgem.clouds.google.shape import Scale
from devgem.clouds.google.signals import SignalReader
from devgem.domain.app import Instance, Metrics, Progress, Proof, Resources, Revision, Signals, Traffic
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import Kind

BaseDomain = Callable[[], Awaitable[str | None]]
"""The domain of all apps, once it answers; None without one."""


class CloudRun:
    """See `Cloud` for what the calls promise. `resources` are what one instance may use, whatever its revision says,
    when given. Nothing is imported or asked before the first of them."""

    def __init__(
        self,
        patient: Patient,
        site: Site,
        notes: Notes,
        base_domain: BaseDomain,
        *,
        budget: Budget | None = None,
        patience: Patience | None = None,
        scale: Scale | None = None,
        resources: Resources | None = None,
        look_seconds: float = 6.0,
    ) -> None:
        admin, call = patient.admin, Calls(patient)
        self._admin = admin
        self._resources = resources
        self._is_loaded = False
        self._base_domain = base_domain
        self._services = Services(admin, site, notes, call)
        self._releases = Releases(
            admin,
            site,
            self._services,
            Accounts(admin, site, call),
            Secrets(admin, site, call),
            call,
            scale=scale or Scale(),
        )
        self._reader = LogReader(admin, site, call, budget or Budget(), look_seconds=look_seconds)
        self._signals = SignalReader(admin, site, call, self._reader)
        self._prover = Prover(site, self._services, self._reader.tail, patience or Patience())

    async def release(self, revision: Revision) -> Failure | None:
        """A worker is refused: a Cloud Run service must answer requests."""
        if revision.plan.stack.kind is Kind.WORKER:
            return Failure(
                "worker_not_served",
                cause="It answers no requests, and a Cloud Run service that answers none is stopped",
                fix="Deploy it on the local cloud (--cloud local), or let it answer on PORT beside its work.",
            )
        await self._load()
        await self._releases.release(self._sized(revision))
        return None

    async def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]:
        await self._load()
        async with aclosing(self._prover.prove(self._sized(revision))) as course:
            async for item in course:
                yield item

    async def shift(self, app: str, traffic: Traffic) -> None:
        await self._load()
        await self._releases.shift(app, traffic)

    async def discard(self, revision: Revision) -> None:
        await self._load()
        await self._releases.discard(revision)

    async def url(self, app: str) -> str:
        """`<service>.<domain>` where a domain is set up, else the address that Cloud Run gave it."""
        await self._load()
        if domain := await self._base_domain():
            return f"https://{naming.service_of(app)}.{domain}"
        return str((await self._services.get(app)).uri)

    async def logs(
        self, app: str, *, after: int, since: datetime | None, tail: int | None, follow: bool
    ) -> AsyncIterator[LogLine]:
        await self._load()
        async with aclosing(self._reader.read(app, after=after, since=since, tail=tail, follow=follow)) as lines:
            async for line in lines:
                yield line

    async def signals(self, app: str, window: timedelta) -> Signals:
        await self._load()
        return await self._signals.signals(app, window)

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        await self._load()
        return await self._signals.metrics(app, window)

    async def instances(self, app: str) -> Sequence[Instance]:
        """How many Cloud Monitoring knows of, minutes late; when each started nobody tells, so it is said of the
        revision. An app that nobody asks has none."""
        await self._load()
        service = await self._services.find(app)
        if service is None:
            return ()
        serving = {name for name, percent, _ in targets(service) if percent}
        running = await self._signals.instances(app)
        return [
            Instance(app, number, "ready" if short(revision) in serving else "draining", revision.create_time)
            for revision in await self._services.revisions(app)
            if (number := number_of(revision)) is not None
            for _ in range(running.get(short(revision), 0))
        ]

    async def restart(self, app: str) -> None:
        await self._load()
        await self._releases.restart(app)

    async def delete(self, app: str) -> None:
        await self._load()
        await self._releases.delete(app)

    def _sized(self, revision: Revision) -> Revision:
        return revision if self._resources is None else replace(revision, resources=self._resources)

    async def _load(self) -> None:
        """Google's clients take a second to import, for which nobody else is to wait."""
        if not self._is_loaded:
            await asyncio.to_thread(self._admin.load)
            self._is_loaded = True

    async def close(self) -> None:
        await self._reader.close()
