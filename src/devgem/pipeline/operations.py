"""What can be done to an app besides deploying it: roll back and remove. Durable, and in their turn.

The step functions may run again after a crash. Who asked is answered if it is still there to hear it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from devgem.clouds import Cloud
from devgem.domain.app import Proof, Revision, Traffic
from devgem.domain.deployment import Step
from devgem.domain.errors import Conflict, DevGemError, Unavailable
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of, pull_request_of
from devgem.pipeline import turns
from devgem.pipeline.clock import now
from devgem.pipeline.durable import Durable
from devgem.pipeline.parts import Parts
from devgem.pipeline.request import Rollback
from devgem.pipeline.work import url_of
from devgem.store import AppRow, Fact, Transaction

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
"""How often an operation looks whether another process has ended its turn; this one's tells it at once."""

Chosen = dict[str, int]
CancelAll = Callable[[str], Awaitable[list[str]]]
EndTurn = Callable[[str, str], Awaitable[None]]


class Operations:
    """`cancel_all` and `end_turn` are the pipeline's."""

    def __init__(self, parts: Parts, durable: Durable, cancel_all: CancelAll, end_turn: EndTurn) -> None:
        self._parts = parts
        self._durable = durable
        self._cancel_all = cancel_all
        self._end_turn = end_turn
        self._turn_ended = asyncio.Event()
        self._askers: dict[str, asyncio.Future[Any]] = {}

    async def ask(self, workflow: str, id: str, *arguments: str | int | None) -> Any:
        """Runs an operation, and returns or raises what comes of it."""
        answer = self._askers[id] = asyncio.get_running_loop().create_future()
        try:
            await self._durable.run(workflow, id, id, *arguments)
            return await answer
        finally:
            del self._askers[id]

    async def begin(self, workflow: str, id: str, *arguments: str | int | None) -> None:
        """Begins an operation, and does not wait for what comes of it."""
        await self._durable.run(workflow, id, id, *arguments)

    def turn_ended(self) -> None:
        self._turn_ended.set()
        self._turn_ended = asyncio.Event()

    async def rollback(self, id: str, app: str, to: int | None) -> None:
        """The workflow: what it rolls back to is chosen once, in its turn."""
        await self._step("cancel", id, partial(self._cancel_all, app))
        chosen: Chosen | None = await self._step("choose", id, partial(self._choose, id, app, to))
        if chosen is not None:
            await self._step("roll back", id, partial(self._roll_back, id, app, chosen))
        await self._step("end", id, partial(self._end_turn, app, id))

    async def remove(self, id: str, app: str) -> None:
        """The workflow."""
        await self._step("cancel", id, partial(self._close, app))
        await self._step("delete", id, partial(self._delete, id, app))
        await self._step("end", id, partial(self._open, id, app))

    async def _step(self, name: str, id: str, body: Callable[[], Awaitable[Any]]) -> Any:
        async def answered() -> Any:
            try:
                return await body()
            except DevGemError as error:
                self._answer(id, error)
            except Exception:  # noqa: BLE001 - an operation that breaks must still end its turn
                _log.exception("%s of %s broke", name, id)
                self._answer(id, Unavailable(f"{name} broke: this is a fault of DevGem", code="internal"))
            return None

        return await self._durable.step(name, answered)

    def _answer(self, id: str, answer: object) -> None:
        asker = self._askers.get(id)
        if asker is None or asker.done():
            return
        if isinstance(answer, DevGemError):
            asker.set_exception(answer)
        else:
            asker.set_result(answer)

    async def _take_turn(self, id: str, app: str) -> None:
        while True:
            ended = self._turn_ended
            async with self._parts.store.write() as transaction:
                if await turns.claim(transaction, app, id):
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await ended.wait()

    async def _choose(self, id: str, app: str, to: int | None) -> Chosen:
        await self._take_turn(id, app)
        async with self._parts.store.read() as transaction:
            row = await transaction.apps.get(app)
            served = await transaction.revisions.served(app)
            if to is not None and to not in served:
                await transaction.revisions.get(app, to)  # NotFound, when there is none at all
        return {"from": _live(row), "to": _target(row, served, to)}

    async def _roll_back(self, id: str, app: str, chosen: Chosen) -> None:
        async with self._parts.store.read() as transaction:
            row = await transaction.apps.get(app)
            revision = await transaction.revisions.get(app, chosen["to"])
            warning = await _warning(transaction, revision)
        cloud = self._parts.clouds[row.app.cloud]
        await self._prove(cloud, revision)
        traffic = Traffic({revision.number: 100})
        await cloud.shift(app, traffic)
        url = await url_of(cloud, revision)
        async with self._parts.store.write() as transaction:
            await transaction.apps.set_traffic(app, traffic, url)
            await transaction.apps.set_push_paused(app, True)
            shares = {"app": app, "shares": {str(revision.number): 100}}
            rolled_back = {"app": app, **chosen, "warning": warning}
            facts = [
                Fact(EventType.TRAFFIC_SHIFTED, shares, f"{id}.shifted"),
                Fact(EventType.DEPLOYMENT_ROLLED_BACK, rolled_back, f"{id}.rolled_back"),
            ]
            await transaction.events.tell_of_app(app, facts)
        self._answer(id, Rollback(app, chosen["from"], chosen["to"], url, warning))

    async def _prove(self, cloud: Cloud, revision: Revision) -> None:
        """Starts a stopped revision again, and waits until it answers. Raises Conflict when it does not."""
        deadlines = self._parts.limits.deadlines_seconds
        try:
            async with asyncio.timeout(deadlines[Step.RELEASE] + deadlines[Step.VERIFY]):
                failure = await cloud.release(revision) or await _verified(cloud, revision)
        except TimeoutError:
            failure = Failure("timeout", "it took too long")
        if failure:
            await cloud.discard(revision)
            raise Conflict(
                f"{revision.app!r} v{revision.number} does not start any more: {failure.cause}",
                fix=failure.fix,
                code="rollback_failed",
            )

    async def _close(self, app: str) -> None:
        async with self._parts.store.write() as transaction:
            await transaction.apps.get(app, lock=True)
            await transaction.apps.set_removing(app, True)
        await self._cancel_all(app)

    async def _open(self, id: str, app: str) -> None:
        """For what could not be removed."""
        async with self._parts.store.write() as transaction:
            await transaction.apps.set_removing(app, False)
        await self._end_turn(app, id)

    async def _delete(self, id: str, app: str) -> None:
        await self._take_turn(id, app)
        async with self._parts.store.read() as transaction:
            row = await transaction.apps.get(app)
        await self._parts.clouds[row.app.cloud].delete(app)
        async with self._parts.store.write() as transaction:
            await turns.cancel_all(transaction, app)  # whoever still waits
            fact = Fact(EventType.APP_REMOVED, {"app": app}, f"{id}.removed")
            await transaction.events.tell_of_app(app, [fact])
            if (number := pull_request_of(app)) is not None:
                await transaction.pull_requests.stir(str(parent_of(app)), number, now=now())
            await transaction.pull_requests.close_all(app, now=now())
            await transaction.apps.remove(app)
        self._answer(id, None)


def _live(row: AppRow) -> int:
    if row.live is None:
        raise Conflict(f"nothing of {row.name!r} is live", fix="Deploy it first.", code="nothing_live")
    return row.live


def _target(row: AppRow, served: Sequence[int], to: int | None) -> int:
    live = _live(row)
    older = max((number for number in served if number < live), default=None)
    target = older if to is None else to
    if target is None:
        raise Conflict(f"{row.name!r} has no revision before v{live} that was live", code="no_earlier_revision")
    if target == live:
        raise Conflict(f"{row.name!r} v{live} is live already", code="already_live")
    if target not in served:
        raise Conflict(
            f"{row.name!r} v{target} never answered, so it cannot be rolled back to",
            fix=f"Choose one that was live: {', '.join(f'v{number}' for number in served)}.",
            code="never_live",
        )
    return target


async def _verified(cloud: Cloud, revision: Revision) -> Failure | None:
    result: Proof | Failure | None = None
    async for item in cloud.verify(revision):
        if isinstance(item, Proof | Failure):
            result = item
    if isinstance(result, Proof):
        return None
    return result or Failure("internal", "it gave no answer")


async def _warning(transaction: Transaction, revision: Revision) -> str:
    current = await transaction.config_vars.values(revision.app, build=False)
    changed = sorted(name for name in {*current, *revision.env} if current.get(name) != revision.env.get(name))
    text = "Database migrations are not undone. Deployments by push are paused until the next deployment."
    if changed:
        text += (
            f" v{revision.number} runs with the config vars that it was released with;"
            f" changed since, and kept for the next deployment: {', '.join(changed)}."
        )
    return text
