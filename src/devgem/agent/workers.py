"""Runs the turns of conversations: one at a time in each, in their order, by tasks of this process.

What is to be done is in the database, so any process may do it: a turn is queued there, and belongs to whoever moves
it to running, and shows that it lives. A turn whose process is gone is closed by the next one that looks.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from devgem.agent import closing
from devgem.agent.brain import Choose, Spending
from devgem.agent.budget import Budget
from devgem.agent.calls import Calls
from devgem.agent.parts import Parts
from devgem.agent.tools import Tool
from devgem.domain.errors import Conflict, Unavailable
from devgem.domain.ids import new_id
from devgem.store import ApprovalStatus, CallRow, CallStatus, Transaction, Turn, TurnStatus

if TYPE_CHECKING:
    from devgem.agent.turn import RunningTurn

_log = logging.getLogger(__name__)

_BEAT_SECONDS = 1.0
_LOST_AFTER = timedelta(seconds=15)
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class Means:
    """What every turn is run with."""

    parts: Parts
    calls: Calls
    tools: Mapping[str, Tool[Any]]
    choose: Choose
    spending: Spending
    budget: Budget
    instructions: str


class Workers:
    """`is_shared`: other processes run turns of the same database too."""

    def __init__(self, means: Means, *, is_shared: bool) -> None:
        self._means = means
        self._store = means.parts.store
        self._is_shared = is_shared
        self._holder = new_id("run")
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, tuple[RunningTurn, asyncio.Task[bool]]] = {}
        self._stirred: set[str] = set()
        self._beating: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Closes what a process that is gone was running, and runs what it had not begun."""
        await self._close_lost(datetime.now(UTC))
        await self._wake_queued()
        if self._is_shared:
            self._beating = asyncio.create_task(self._keep_beating())

    async def close(self) -> None:
        """What runs is left as it is, for the next start."""
        tasks = [*self._workers.values(), *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self, conversation: str) -> None:
        """There may be something to run."""
        self._stirred.add(conversation)
        if conversation not in self._workers:
            self._workers[conversation] = asyncio.create_task(self._work(conversation))

    def cancel(self, conversation: str, *, frm: int = 0) -> "asyncio.Task[bool] | None":
        """Stops the turn that this process runs in a conversation, if its number is `frm` or more."""
        running, task = self._running.get(conversation, (None, None))
        if running is None or task is None or running.turn.number < frm:
            return None
        if not running.stopping:
            running.stopping = True
            task.cancel()
        return task

    async def halt(self, conversation: str, *, frm: int) -> None:
        """Returns once no turn from number `frm` on runs anywhere. Raises Conflict when one does not stop."""
        async with self._store.write() as transaction:
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING]):
                if turn.number >= frm:
                    await transaction.histories.stop(turn.id)
        if (task := self.cancel(conversation, frm=frm)) is not None:
            await asyncio.wait({task}, timeout=_STOP_SECONDS)
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        while True:
            async with self._store.read() as transaction:
                running = await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING])
            if all(turn.number < frm for turn in running):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise Conflict("the answer is still being stopped", fix="Try again in a moment.", code="still_stopping")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _work(self, conversation: str) -> None:
        """Runs what is queued in a conversation, one turn after the other, until there is nothing."""
        try:
            while conversation in self._stirred:
                self._stirred.discard(conversation)
                try:
                    while (turn := await self._claim(conversation)) is not None:
                        await self._run(turn)
                except Unavailable as error:
                    _log.warning("conversation %s is not answered now: %s", conversation, error.message)
                    await asyncio.sleep(_RETRY_SECONDS)
                    self._stirred.add(conversation)
        finally:
            del self._workers[conversation]

    async def _claim(self, conversation: str) -> Turn | None:
        """Makes the next turn this process' own, unless another one is being run."""
        now = datetime.now(UTC)
        async with self._store.write() as transaction:
            for running in await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING], limit=1):
                if running.holder != self._holder:
                    return None
                # It is this process' own, and nothing runs it: its end could not be stored.
                await self._close(transaction, running, now)
            queued = await transaction.histories.of(conversation, statuses=[TurnStatus.QUEUED])
            if not queued:
                return None
            await give_up_waiting(transaction, conversation, now=now)
            if not await transaction.histories.move(queued[0].id, to=TurnStatus.RUNNING, frm=[TurnStatus.QUEUED]):
                return None
            await transaction.histories.hold(queued[0].id, self._holder, now=now)
            return queued[0]

    async def _run(self, turn: Turn) -> None:
        from devgem.agent.turn import RunningTurn

        running = RunningTurn(self._means, turn)
        task = asyncio.create_task(running.run())
        self._running[turn.conversation] = (running, task)
        try:
            await task
        finally:
            del self._running[turn.conversation]

    async def _close_lost(self, now: datetime) -> None:
        async with self._store.read() as transaction:
            running = await transaction.histories.unfinished([TurnStatus.RUNNING])
        for turn in running:
            is_alive = turn.seen_at is not None and turn.seen_at > now - _LOST_AFTER
            if turn.holder == self._holder or (self._is_shared and is_alive):
                continue
            async with self._store.write() as transaction:
                await self._close(transaction, turn, now)
            self.wake(turn.conversation)

    async def _close(self, transaction: Transaction, turn: Turn, now: datetime) -> None:
        """Ends a turn that nobody runs any more, and says what of it was done."""
        calls = await transaction.calls.of(turn.id)
        said = closing.message(
            _lost_text(calls, self._means.tools),
            turn.id,
            stopped="error",
            deployment=next((call.deployment for call in reversed(calls) if call.deployment), None),
            actions=[{"label": "Try again", "say": turn.said}],
            key=f"closed:{turn.id}",
        )
        await closing.close(transaction, turn, said, why="DevGem was interrupted", by="devgem", now=now, is_lost=True)

    async def _wake_queued(self) -> None:
        async with self._store.read() as transaction:
            queued = await transaction.histories.unfinished([TurnStatus.QUEUED])
        for conversation in dict.fromkeys(turn.conversation for turn in queued):
            self.wake(conversation)

    async def _keep_beating(self) -> None:
        """Shows other processes that this one's turns live, hears of stops, and takes up what others have left."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            now = datetime.now(UTC)
            with suppress(Unavailable):
                async with self._store.write() as transaction:
                    stopping = set(await transaction.histories.beat(self._holder, now=now))
                for conversation, (running, _) in list(self._running.items()):
                    if running.turn.id in stopping:
                        self.cancel(conversation)
                await self._close_lost(now)
                await self._wake_queued()


async def give_up_waiting(transaction: Transaction, conversation: str, *, now: datetime) -> None:
    """Denies what waits for an approval, and says so, since something else was said."""
    why = "you wrote something else"
    for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.WAITING]):
        asked = await transaction.approvals.of_turn(turn.id)
        titles = "; ".join(a.title for a in asked if a.status is ApprovalStatus.PENDING)
        said = closing.message(
            f"Not done, since {why}: {titles}. Say it again if you still want it.", turn.id, stopped="user"
        )
        await closing.close(transaction, turn, said, why=why, by="devgem", now=now)


def _lost_text(calls: Sequence[CallRow], tools: Mapping[str, Tool[Any]]) -> str:
    """What is said of a turn that ended with its process."""
    lines = ["DevGem was interrupted while I was answering. Nothing is repeated by itself."]
    done = [str(call.result["summary"]) for call in calls if call.status is CallStatus.DONE and call.result]
    unknown = [_title(call, tools) for call in calls if call.status is CallStatus.BEGUN]
    if done:
        lines.append(f"Done before: {' '.join(done)}")
    if unknown:
        lines.append(f"It is not known whether this was done: {'; '.join(unknown)}. Look before you ask again.")
    return "\n".join(lines)


def _title(call: CallRow, tools: Mapping[str, Tool[Any]]) -> str:
    tool = tools.get(call.tool)
    return tool.title(tool.arguments.model_validate(dict(call.arguments))) if tool else call.tool
