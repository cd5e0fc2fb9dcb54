"""The pipeline as the rest of DevGem sees it."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from devgem.clouds import Cloud
from devgem.domain.deployment import Deployment, Status
from devgem.domain.errors import Conflict, InvalidInput, Unavailable
from devgem.domain.ids import new_id, parent_of, preview_of, pull_request_of
from devgem.pipeline import intake, turns
from devgem.pipeline.clock import now, seconds_since
from devgem.pipeline.domains import AppDomains
from devgem.pipeline.durable import Durable
from devgem.pipeline.interrupts import Interrupts
from devgem.pipeline.operations import Operations
from devgem.pipeline.parts import Detect, Parts, Sources
from devgem.pipeline.replicas import Replicas
from devgem.pipeline.request import DeployRequest, Limits, Rollback
from devgem.pipeline.runner import Runner
from devgem.pipeline.sweep import sweep
from devgem.pipeline.workflow import DeploymentWorkflow
from devgem.store import AppRow, ConfigVar, DeploymentRow, Fact, Store

_log = logging.getLogger(__name__)

_SWEEP_SECONDS = 5.0


class Pipeline:
    """`workflows_url` is DBOS' own database: another SQLite file than the store's, or the same PostgreSQL, which
    the pipelines of several processes may share. One pipeline can be started per process."""

    def __init__(
        self,
        *,
        store: Store,
        sources: Sources,
        detect: Detect,
        clouds: Mapping[str, Cloud],
        workflows_url: str,
        limits: Limits | None = None,
        domains: AppDomains | None = None,
    ) -> None:
        limits = limits or Limits()
        builds = asyncio.Semaphore(limits.builds_at_once)
        self._store = store
        self._clouds = clouds
        self._domains = domains
        self.parts = self._parts = Parts(store, sources, detect, clouds, limits, builds)
        self._durable = Durable(workflows_url)
        self._interrupts = Interrupts()
        self._replicas = Replicas(store, self._durable, self._interrupts) if self._durable.is_shared else None
        runner = Runner(self._parts, self._interrupts)
        self._deployment = DeploymentWorkflow(self._parts, self._durable, runner, self._turn_passed)
        self._operations = Operations(self._parts, self._durable, self.cancel_app, self._end_turn)
        self._starts: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Takes up whatever was under way when the last process ended."""
        if self._replicas:
            await self._replicas.start()
        await self._durable.start(
            {"deploy": self._deployment.run, "rollback": self._operations.rollback, "remove": self._operations.remove}
        )
        await self._sweep()
        await self._expire_previews()
        self._tasks = [asyncio.create_task(self._begin_started()), asyncio.create_task(self._keep_sweeping())]

    async def close(self) -> None:
        """Stops at once; what is under way goes on with the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._durable.close()
        if self._replicas:
            await self._replicas.close()

    async def deploy(self, request: DeployRequest, *, id: str | None = None) -> Deployment:
        """Returns at once; what comes of it is told in the stream `deployment:<id>`. Asked for again under an `id`, it
        is the same one. Raises InvalidInput, Conflict."""
        intake.check(request, self._clouds)
        id = id or new_id("dep")
        async with self._store.write(owner=request.owner) as transaction:
            if known := await transaction.deployments.find(id):
                return known.state
            deployment = await intake.admit(transaction, request, id, intake.default_cloud(request, self._clouds))
            started = await turns.give(transaction, deployment.app)
            deployment = (await transaction.deployments.get(id)).state
        self._turn_passed(started)
        return deployment

    async def cancel(self, id: str) -> Deployment:
        """A waiting deployment ends at once, a running one as soon as nothing of it is left. Raises NotFound, and
        Conflict when it has ended already or when its traffic is shifting."""
        async with self._store.write() as transaction:
            app = (await transaction.deployments.get(id)).app
            await transaction.apps.find(app, lock=True)
            row = await transaction.deployments.get(id, lock=True)
            if not await turns.cancel(transaction, row) and row.state.status is not Status.CANCELLED:
                raise _cannot_cancel(row)
            deployment = (await transaction.deployments.get(id)).state
        self._interrupts.interrupt(id)
        return deployment

    async def cancel_app(self, app: str) -> list[str]:
        """Cancels what waits or runs, and returns the ids. Raises NotFound."""
        async with self._store.write() as transaction:
            cancelled = await turns.cancel_all(transaction, app)
        for id in cancelled:
            self._interrupts.interrupt(id)
        return cancelled

    async def rollback(self, app: str, to: int | None = None) -> Rollback:
        """Cancels what is being deployed, and gives the traffic to revision `to`, or to the one that was live before;
        builds nothing, and pauses deployments by push. Raises NotFound, Conflict."""
        await self._existing(app)
        result: Rollback = await self._operations.ask("rollback", new_id("rb"), app, to)
        return result

    async def remove(self, app: str) -> None:
        """Cancels what is being deployed, and removes the app with all it has. Raises NotFound, Conflict."""
        await self._existing(app)
        if self._domains is not None:
            await self._domains.remove_all(app)
        async with self._store.read() as transaction:
            previews = [row for row in await transaction.apps.previews() if parent_of(row.name) == app]
        for preview in previews:
            await self.discard_preview(app, pull_request_of(preview.name))
        await self._operations.ask("remove", new_id("rm"), app)

    async def discard_preview(self, app: str, pull_request: int | None = None) -> None:
        """Begins to remove the preview of an app's edits, or of a pull request for it, if there is one."""
        async with self._store.read() as transaction:
            preview = await transaction.apps.find(preview_of(app, pull_request))
        if preview is not None and not preview.removing:
            await self._operations.begin("remove", new_id("rm"), preview.name)

    async def restart(self, app: str) -> None:
        """Raises NotFound, and Conflict when nothing is live."""
        row = await self._existing(app)
        if row.live is None:
            raise Conflict(f"nothing of {app!r} is live", fix="Deploy it first.", code="nothing_live")
        await self._clouds[row.app.cloud].restart(app)

    async def set_env(
        self, app: str, *, set: Mapping[str, str], unset: Sequence[str] = (), build: bool = False
    ) -> list[ConfigVar]:
        """Takes effect with the next revision. Raises NotFound, InvalidInput."""
        intake.check_env(set)
        if both := sorted({*set} & {*unset}):
            raise InvalidInput(f"{both[0]!r} is both set and unset")
        async with self._store.write() as transaction:
            await transaction.apps.get(app, lock=True)
            await transaction.config_vars.unset(app, unset, build=build)
            await transaction.config_vars.set(app, set, build=build)
            return await transaction.config_vars.of(app)

    async def record(self, app: str, type: str, data: Mapping[str, Any], key: str | None) -> None:
        """Appends a fact about an app that a cloud tells of, such as instance.exited; once per `key`."""
        fact = Fact(type, {"app": app, **data}, key)
        async with self._store.write() as transaction:
            await transaction.events.tell_of_app(app, [fact])

    async def _existing(self, app: str) -> AppRow:
        async with self._store.read() as transaction:
            return await transaction.apps.get(app)

    async def _end_turn(self, app: str, holder: str) -> None:
        async with self._store.write() as transaction:
            started = await turns.end(transaction, app, holder)
        self._turn_passed(started)

    def _turn_passed(self, started: str | None) -> None:
        # Workflows are begun by a task of their own: begun from within one, it would be a part of it.
        if started is not None:
            self._starts.put_nowait(started)
        self._operations.turn_ended()

    async def _begin_started(self) -> None:
        while True:
            id = await self._starts.get()
            try:
                await self._durable.run("deploy", id, id)
            except Exception:  # noqa: BLE001 - whatever DBOS or its database raises; the sweep begins it again
                _log.exception("deployment %s could not be begun", id)

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(Unavailable):
                await self._sweep()
                await self._expire_previews()

    async def _expire_previews(self) -> None:
        """Begun under a name for the hour, so that replicas begin it once, and one that fails is tried again."""
        async with self._store.read() as transaction:
            previews = [row for row in await transaction.apps.previews() if not row.removing]
            last = {row.name: await transaction.deployments.page(app=row.name, limit=1) for row in previews}
        hour = int(now().timestamp()) // 3600
        for name, rows in last.items():
            if not rows or seconds_since(rows[0].requested_at) > self._kept_seconds(name):
                await self._operations.begin("remove", f"rm_{name}_{hour}", name)

    def _kept_seconds(self, preview: str) -> float:
        limits = self._parts.limits
        return limits.preview_seconds if pull_request_of(preview) is None else limits.pull_request_seconds

    async def _sweep(self) -> None:
        for started in await sweep(self._parts, self._durable):
            self._turn_passed(started)


def _cannot_cancel(row: DeploymentRow) -> Conflict:
    if row.state.status.is_terminal:
        return Conflict(f"deployment {row.id!r} is {row.state.status} already", code="has_ended")
    return Conflict(
        f"the traffic of deployment {row.id!r} is shifting already",
        fix=f"Roll back when it is live: devgem rollback {row.app}",
        code="is_shifting",
    )
