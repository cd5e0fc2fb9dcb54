"""One app on this machine: its revisions that run, and which of them have its traffic.

`release` and `prove` prepare a revision beside the one that serves. Only `shift` changes what serves, in one step of
the gateway, and is on disk before it is done; what loses its traffic drains in the background and then stops, but is
remembered, so that it can be brought back.
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from devgem.clouds.local.edge_state import AppState, Record, States
from devgem.clouds.local.facts import Facts
from devgem.clouds.local.log_writer import LogWriter
from devgem.clouds.local.proof import Proven
from devgem.clouds.local.release import Parts, Release
from devgem.clouds.local.spec import Spec
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.app import Instance, Progress, Proof
from devgem.domain.errors import Conflict, NotFound, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine

T = TypeVar("T")
_log = logging.getLogger(__name__)
_DELETE_DRAIN_SECONDS = 2.0


class HostedApp(Generic[T]):
    def __init__(self, parts: Parts[T], state: AppState, states: States, paths: EdgePaths, facts: Facts) -> None:
        self.state = state
        self._parts = parts
        self._states = states
        self._work = paths.work
        self._log_folder = paths.logs / state.app
        self._log = LogWriter(self._log_folder)
        self._facts = facts
        self._releases: dict[int, Release[T]] = {}
        self._releasing: dict[int, asyncio.Task[Failure | None]] = {}
        self._draining: dict[Release[T], asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    def recover(self) -> None:
        """Brings back what had traffic when the last edge ended."""
        for number in self.state.shares:
            record = self.state.revisions[number]
            try:
                release = self._releases[number] = self._new(record.spec)
            except NotFound as error:
                _log.error("%s v%s cannot be brought back: %s", self.state.app, number, error)
                continue
            release.resume(record.address)
        self._route()

    async def release(self, spec: Spec) -> Failure | None:
        """Starts a revision beside what serves; once for all that ask for it at a time."""
        task = self._releasing.get(spec.number)
        if task is None:
            task = self._releasing[spec.number] = asyncio.create_task(self._release(spec))
            task.add_done_callback(lambda _: self._releasing.pop(spec.number, None))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise Conflict(f"{spec.app!r} v{spec.number} was discarded while it was released") from None
            raise

    async def verify(self, number: int) -> AsyncGenerator[LogLine | Progress | Proof | Failure, None]:
        """Raises NotFound when it has not been released, or the edge was restarted since."""
        release = self._releases.get(number)
        if release is None:
            raise NotFound(f"{self.state.app!r} v{number} is not running", fix="Release it first.")
        async with aclosing(self._prove(release)) as course:
            async for item in course:
                yield item

    async def shift(self, shares: Mapping[int, int]) -> None:
        """Raises Unavailable, with nothing changed, when a revision that is to get traffic cannot be brought up."""
        wanted = {number: share for number, share in shares.items() if share > 0}
        async with self._turn:
            for number in wanted:
                await self._bring_up(number)
            self._save(replace(self.state, shares=wanted))
            self._route()
            for number, release in list(self._releases.items()):
                if number not in wanted and release.is_proven:
                    self._retire(release)

    async def restart(self) -> None:
        """Raises Conflict when nothing has traffic, Unavailable when the new instance does not answer; the old one
        serves until it does."""
        async with self._turn:
            if not self.state.shares:
                raise Conflict(f"nothing of {self.state.app!r} is live", fix="Deploy it first.", code="nothing_live")
            for number in self.state.shares:
                old = self._releases.get(number)
                if old is not None and old.instance is None:
                    continue
                fresh = self._new(self.state.revisions[number].spec)
                await self._start_and_prove(fresh)
                self._releases[number] = fresh
                self._route()
                if old is not None:
                    self._retire(old)

    async def discard(self, number: int) -> None:
        if number in self.state.shares:
            raise Conflict(f"{self.state.app!r} v{number} has traffic", fix="Shift its traffic first.")
        if task := self._releasing.get(number):
            task.cancel()
            await asyncio.wait([task])
        if release := self._releases.pop(number, None):
            await release.stop()
        self._save(self.state.forget(number))

    async def delete(self) -> None:
        app, router = self.state.app, self._parts.router
        async with self._turn:
            router.unroute(app)
            numbers = {release.spec.number for release in self._running()}
            await asyncio.gather(*(router.drained(app, number, _DELETE_DRAIN_SECONDS) for number in numbers))
            for number in numbers:
                router.cut(app, number)
            await self.close()
            self._states.remove(app)
            await asyncio.to_thread(shutil.rmtree, self._log_folder, ignore_errors=True)

    async def close(self) -> None:
        """Stops all processes; what is on disk stays, to be brought back."""
        for task in self._releasing.values():
            task.cancel()
        for release in self._draining:
            self._parts.router.cut(self.state.app, release.spec.number)
        ending = [*self._releasing.values(), *self._draining.values()]
        await asyncio.gather(*(release.stop() for release in self._releases.values()))
        if ending:
            await asyncio.wait(ending)
        self._releases.clear()
        self._log.close()

    def prune(self, now: datetime) -> None:
        """Lets go of what is too old in the log."""
        self._log.prune(now)

    def instances(self) -> list[Instance]:
        """Of all that runs, the newest revision first."""
        return [
            Instance(self.state.app, r.spec.number, i.state, i.started_at, i.restarts, i.exit_code)
            for r in sorted(self._running(), key=lambda r: -r.spec.number)
            if (i := r.instance) is not None
        ]

    def _running(self) -> set[Release[T]]:
        return {*self._releases.values(), *self._draining}

    def _new(self, spec: Spec) -> Release[T]:
        return Release(self._parts, spec, self.state.slot, self._work, self._log, self._facts)

    async def _release(self, spec: Spec) -> Failure | None:
        found = self._releases.get(spec.number)
        if found is not None:
            if found.is_up:
                self._reprieve(found)
                return None
            await found.stop()
        try:
            release = self._new(spec)
        except NotFound as error:
            return Failure.of(error)
        try:
            if failure := await self._prepare(release) or await release.start():
                return failure
            self._releases[spec.number] = release
            return None
        finally:
            if self._releases.get(spec.number) is not release:
                await release.stop()

    async def _prepare(self, release: Release[T]) -> Failure | None:
        record = self.state.revisions.get(release.spec.number) or Record(release.spec)
        if not record.prepared and (failure := await release.prepare()):
            return failure
        self._save(self.state.keep(replace(record, spec=release.spec, prepared=True)))
        return None

    async def _bring_up(self, number: int) -> None:
        release = self._releases.get(number)
        if release is not None and release.is_proven and release.is_up:
            self._reprieve(release)
            return
        record = self.state.revisions.get(number)
        if record is None:
            raise NotFound(f"{self.state.app!r} has no v{number} to shift to", fix="Deploy it again.")
        if failure := await self.release(record.spec):
            raise _down(self.state.app, number, failure)
        await self._require_proof(self._releases[number])

    async def _start_and_prove(self, release: Release[T]) -> None:
        """It is stopped again when it is not proven, for whatever reason."""
        try:
            if failure := await release.start():
                raise _down(self.state.app, release.spec.number, failure)
            await self._require_proof(release)
        finally:
            if not release.is_proven:
                await release.stop()

    async def _prove(self, release: Release[T]) -> AsyncGenerator[LogLine | Progress | Proof | Failure, None]:
        async with aclosing(release.prove()) as course:
            async for item in course:
                if isinstance(item, Proven):
                    record = self.state.revisions[release.spec.number]
                    self._save(self.state.keep(replace(record, address=item.address)))
                    yield item.proof
                else:
                    yield item

    async def _require_proof(self, release: Release[T]) -> None:
        async with aclosing(self._prove(release)) as course:
            async for item in course:
                if isinstance(item, Failure):
                    raise _down(self.state.app, release.spec.number, item)

    def _route(self) -> None:
        targets = [
            (target, share)
            for number, share in self.state.shares.items()
            if number in self._releases and (target := self._releases[number].target) is not None
        ]
        if targets and sum(share for _, share in targets) == 100:
            self._parts.router.route(self.state.app, targets)
        else:
            self._parts.router.unroute(self.state.app)

    def _retire(self, release: Release[T]) -> None:
        """Drains and stops a release that has lost its traffic, in the background."""
        if release in self._draining:
            return
        if release.instance is not None:
            release.instance.drain()
        task = self._draining[release] = asyncio.create_task(self._drain(release))
        task.add_done_callback(lambda _: self._draining.pop(release, None))

    async def _drain(self, release: Release[T]) -> None:
        app, number = self.state.app, release.spec.number
        if not await self._parts.router.drained(app, number, self._parts.drain_seconds):
            self._parts.router.cut(app, number)
        await release.stop()
        if self._releases.get(number) is release:
            del self._releases[number]

    def _reprieve(self, release: Release[T]) -> None:
        """It is wanted again before it was drained."""
        if task := self._draining.pop(release, None):
            task.cancel()
        if release.instance is not None:
            release.instance.undrain()

    def _save(self, state: AppState) -> None:
        self.state = state
        self._states.save(state)


def _down(app: str, number: int, failure: Failure) -> Unavailable:
    return Unavailable(f"{app!r} v{number} did not come up: {failure.cause}", fix=failure.fix, code=failure.code)
