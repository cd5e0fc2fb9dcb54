"""Followers of deployments that conversations have started: a failure is told where it was asked for, once."""

import asyncio
import logging
from contextlib import aclosing

from devgem.agent import closing
from devgem.agent.budget import REPAIR_ROUNDS
from devgem.agent.diagnosis import summary
from devgem.agent.failures import actions, explain, failed_in_a_row, offer_fix
from devgem.agent.parts import Parts
from devgem.domain.deployment import Status
from devgem.domain.errors import DevGemError
from devgem.domain.ids import parent_of
from devgem.store import CallRow, DeploymentRow

_log = logging.getLogger(__name__)


class Followers:
    """One task per deployment that is under way."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Takes up those whose end nobody was told of."""
        async with self._store.read() as transaction:
            untold = await transaction.calls.untold()
        for call in untold:
            self.follow(call)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self, call: CallRow) -> None:
        task = asyncio.create_task(self._follow(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, call: CallRow) -> None:
        try:
            row = await self._ended(str(call.deployment))
            if row is not None and row.state.status is Status.FAILED:
                await self._tell(call, row)
            else:
                async with self._store.write() as transaction:
                    await transaction.calls.mark_told(call.id)
        except DevGemError as error:
            _log.warning("the end of %s was not told: %s", call.deployment, error.message)

    async def _ended(self, id: str) -> DeploymentRow | None:
        """The deployment once it has ended; None when it was removed with its app."""
        row = await self._row(id)
        if row is None:
            return None
        head = (await self._store.state(f"app:{row.app}")).head
        row = await self._row(id)  # read after the head: what comes later is followed
        if row is None or row.state.status.is_terminal:
            return row
        async with aclosing(self._store.follow(f"app:{row.app}", after=head)) as batches:
            async for _ in batches:
                row = await self._row(id)
                if row is None or row.state.status.is_terminal:
                    break
        return row

    async def _row(self, id: str) -> DeploymentRow | None:
        async with self._store.read() as transaction:
            return await transaction.deployments.find(id)

    async def _tell(self, call: CallRow, row: DeploymentRow) -> None:
        failure, diagnosis = await explain(self._parts, row)
        app = parent_of(row.app) or row.app
        edit = await offer_fix(self._parts, call.conversation, app, diagnosis)
        async with self._store.write() as transaction:
            held = await transaction.apps.find(app)
            rounds = await failed_in_a_row(transaction, call.conversation, app)
            lines = [
                f"{app} was not deployed: the {row.state.failed_step} step failed.",
                summary(failure, diagnosis),
                f"v{held.live} still serves." if held and held.live is not None else "",
                f"That was attempt {rounds} of {REPAIR_ROUNDS}." if 1 < rounds < REPAIR_ROUNDS else "",
                f"{rounds} attempts have failed: I try no more by myself." if rounds >= REPAIR_ROUNDS else "",
            ]
            said = closing.message(
                "\n".join(line for line in lines if line),
                None,
                deployment=row.id,
                actions=actions(app, diagnosis, edit),
                key=f"failure:{row.id}",
            )
            await transaction.events.append(f"conversation:{call.conversation}", [said])
            await transaction.calls.mark_told(call.id)
