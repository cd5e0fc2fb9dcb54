"""Conversations: messages taken in order, answered one turn at a time, by tasks of this process.

What is to be done is in the database, so any process may do it: a turn is queued there, and belongs to whoever moves
it to running. Every message and answer is an event in the conversation's stream.
"""

import asyncio
import importlib
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from devgem.agent import approvals, closing, edits
from devgem.agent.approvals import Approval
from devgem.agent.brain import Choose, Spending
from devgem.agent.budget import Budget
from devgem.agent.calls import Calls
from devgem.agent.followers import Followers
from devgem.agent.masking import mask
from devgem.agent.parts import Parts
from devgem.agent.spending import Uncounted
from devgem.agent.tools import TOOLS, Tool
from devgem.domain.errors import Conflict, Unavailable
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.pipeline.intake import check_env
from devgem.store import ApprovalStatus, CallRow, CallStatus, Conversation, Fact, Transaction, Turn, TurnStatus

if TYPE_CHECKING:
    from devgem.agent.turn import RunningTurn

_log = logging.getLogger(__name__)

_UNTITLED = "New conversation"
_TITLE_CHARACTERS = 60
_OPERATOR = "operator"
_BEAT_SECONDS = 1.0
_LOST_AFTER = timedelta(seconds=15)
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class Conversations:
    """`is_shared`: other processes answer conversations of the same database too."""

    def __init__(
        self,
        parts: Parts,
        choose: Choose,
        *,
        spending: Spending | None = None,
        budget: Budget | None = None,
        tools: Mapping[str, Tool[Any]] = TOOLS,
        is_shared: bool = False,
    ) -> None:
        self._parts = parts
        self._store = parts.store
        self._choose = choose
        self._spending = spending or Uncounted()
        self._budget = budget or Budget()
        self._tools = tools
        self._is_shared = is_shared
        self._holder = new_id("run")
        self._followers = Followers(parts)
        self._calls = Calls(parts, tools, self._followers.follow)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, tuple[RunningTurn, asyncio.Task[bool]]] = {}
        self._stirred: set[str] = set()
        self._beating: asyncio.Task[None] | None = None

    @property
    def parts(self) -> Parts:
        return self._parts

    @property
    def calls(self) -> Calls:
        """What performs tool calls: other callers than a model go through it too."""
        return self._calls

    async def start(self) -> None:
        """Takes up after a restart: what was being answered is closed honestly, what waits for an approval goes on
        waiting, what was not begun is answered now."""
        await self._close_lost(datetime.now(UTC))
        await self._wake_queued()
        await self._followers.start()
        if self._is_shared:
            self._beating = asyncio.create_task(self._keep_beating())

    async def warm(self) -> None:
        """Imports what the first answer needs, so that it does not wait for it."""
        await asyncio.to_thread(importlib.import_module, "devgem.agent.turn")

    async def close(self) -> None:
        """What is being answered is left as it is, for the next start."""
        tasks = [*self._workers.values(), *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._calls.close()
        await self._followers.close()

    async def open(self) -> Conversation:
        conversation = Conversation(new_id("cnv"), _UNTITLED, datetime.now(UTC))
        async with self._store.write() as transaction:
            await transaction.conversations.add(conversation)
        return conversation

    async def say(
        self,
        conversation: str,
        text: str,
        *,
        client_id: str | None = None,
        replaces: str | None = None,
        user: str = _OPERATOR,
    ) -> str:
        """Takes a user's message, and returns its id at once; the answer comes in the conversation's stream. A message
        whose `client_id` was taken before is not taken again. `replaces` is the message that this one is an edited
        version of: it and all that came after it leave the history. Raises NotFound."""
        stream = f"conversation:{conversation}"
        key = f"message:{client_id}" if client_id else None
        if replaces is not None:
            await self._halt_from(conversation, replaces)
        masked = mask(text)
        message = new_id("msg")
        said = {
            "message": message,
            "role": "user",
            "text": masked.text,
            "deployment": None,
            "replaces": replaces,
        }
        async with self._store.write() as transaction:
            known = await transaction.conversations.get(conversation)
            if not await transaction.events.append(stream, [Fact(EventType.MESSAGE_FINISHED, said, key)]):
                taken = await transaction.events.find(stream, key or "")
                assert taken is not None
                return str(taken.data["message"])
            if replaces is not None:
                turn = await transaction.histories.of_message(conversation, replaces)
                await transaction.histories.cut(conversation, frm=turn.number)
            await self._give_up_waiting(transaction, conversation)
            await transaction.histories.add(
                new_id("trn"), conversation, user=user, message=message, said=masked.text, secrets=masked.values
            )
            if known.title == _UNTITLED:
                await transaction.conversations.rename(conversation, " ".join(masked.text.split())[:_TITLE_CHARACTERS])
        self._wake(conversation)
        return message

    async def stop(self, conversation: str) -> None:
        """Ends the turn that runs or waits; what it has started outside, such as a deployment, goes on."""
        async with self._store.write() as transaction:
            await transaction.conversations.get(conversation)
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING]):
                await transaction.histories.stop(turn.id)
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.WAITING]):
                said = closing.message("Stopped.", turn.id, stopped="user")
                await closing.close(
                    transaction, turn, said, why="you stopped the turn", by="devgem", now=datetime.now(UTC)
                )
        self._cancel(conversation)

    async def pending(self, conversation: str) -> list[Approval]:
        """What waits for an approval. Raises NotFound."""
        async with self._store.read() as transaction:
            await transaction.conversations.get(conversation)
            return await transaction.approvals.pending(conversation)

    async def answer(
        self,
        conversation: str,
        approval: str,
        *,
        granted: bool,
        digest: str,
        typed_name: str | None = None,
        values: Mapping[str, str] | None = None,
        by: str,
    ) -> None:
        """Grants or denies exactly what was shown; the turn goes on when nothing of it waits any more. Raises
        NotFound, Conflict when it was answered already or the digest is another one, and InvalidInput."""
        values = values or {}
        check_env(values)
        async with self._store.write() as transaction:
            asked = await transaction.approvals.get(conversation, approval)
            approvals.check(asked, granted=granted, given_digest=digest, typed_name=typed_name, values=values)
            reason = "" if granted else "you denied it"
            now = datetime.now(UTC)
            await approvals.answer(transaction, asked, granted=granted, by=by, now=now, reason=reason, values=values)
        self._wake(conversation)

    async def edit(self, conversation: str, edit: str, *, accept: bool, hunks: Sequence[str] | None = None) -> None:
        """Makes an edit that was proposed live, whole or in part, or takes it back. Raises NotFound, and Conflict when
        the files have been edited since."""
        proposed = await edits.find(self._parts, conversation, edit)
        if accept:
            await edits.accept(self._parts, conversation, edit, hunks)
        else:
            await edits.discard(self._parts, conversation, str(proposed.data["app"]))

    def _wake(self, conversation: str) -> None:
        self._stirred.add(conversation)
        if conversation not in self._workers:
            self._workers[conversation] = asyncio.create_task(self._work(conversation))

    async def _work(self, conversation: str) -> None:
        """Runs what is queued in a conversation, one turn after the other, until there is nothing."""
        try:
            while conversation in self._stirred:
                self._stirred.discard(conversation)
                while (turn := await self._claim(conversation)) is not None:
                    await self._run(turn)
        except Unavailable as error:
            _log.warning("conversation %s is not answered now: %s", conversation, error.message)
        finally:
            del self._workers[conversation]

    async def _claim(self, conversation: str) -> Turn | None:
        """Makes the next turn this process' own, unless another one is being run."""
        async with self._store.write() as transaction:
            if await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING], limit=1):
                return None
            queued = await transaction.histories.of(conversation, statuses=[TurnStatus.QUEUED])
            if not queued:
                return None
            turn = queued[0]
            await self._give_up_waiting(transaction, conversation)
            if not await transaction.histories.move(turn.id, to=TurnStatus.RUNNING, frm=[TurnStatus.QUEUED]):
                return None
            await transaction.histories.hold(turn.id, self._holder, now=datetime.now(UTC))
            return turn

    async def _run(self, turn: Turn) -> None:
        from devgem.agent.turn import Means, RunningTurn

        means = Means(
            self._parts, self._calls, self._tools, self._choose, self._spending, self._budget, _instructions()
        )
        running = RunningTurn(means, turn)
        task = asyncio.create_task(running.run())
        self._running[turn.conversation] = (running, task)
        try:
            await task
        finally:
            del self._running[turn.conversation]

    def _cancel(self, conversation: str) -> "asyncio.Task[bool] | None":
        """Stops the turn that this process runs in a conversation."""
        running, task = self._running.get(conversation, (None, None))
        if running is not None and task is not None and not running.stopping:
            running.stopping = True
            task.cancel()
        return task

    async def _give_up_waiting(self, transaction: Transaction, conversation: str) -> None:
        """Denies what waits for an approval, and says so, since something else was said."""
        why = "you wrote something else"
        for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.WAITING]):
            asked = await transaction.approvals.of_turn(turn.id)
            titles = "; ".join(a.title for a in asked if a.status is ApprovalStatus.PENDING)
            said = closing.message(
                f"Not done, since {why}: {titles}. Say it again if you still want it.", turn.id, stopped="user"
            )
            await closing.close(transaction, turn, said, why=why, by="devgem", now=datetime.now(UTC))

    async def _halt_from(self, conversation: str, message: str) -> None:
        """Stops the turn that a message began, or a later one, wherever it runs. Raises NotFound, and Conflict when it
        does not stop."""
        async with self._store.write() as transaction:
            first = await transaction.histories.of_message(conversation, message)
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING]):
                if turn.number >= first.number:
                    await transaction.histories.stop(turn.id)
        if (task := self._cancel(conversation)) is not None:
            await asyncio.wait({task}, timeout=_STOP_SECONDS)
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        while True:
            async with self._store.read() as transaction:
                running = await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING])
            if all(turn.number < first.number for turn in running):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise Conflict("the answer is still being stopped", fix="Try again in a moment.", code="still_stopping")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _close_lost(self, now: datetime) -> None:
        """Closes turns that nobody runs any more, and says what of them was done."""
        async with self._store.read() as transaction:
            running = await transaction.histories.unfinished([TurnStatus.RUNNING])
        for turn in running:
            is_alive = turn.seen_at is not None and turn.seen_at > now - _LOST_AFTER
            if turn.holder == self._holder or (self._is_shared and is_alive):
                continue
            async with self._store.write() as transaction:
                calls = await transaction.calls.of(turn.id)
                text = lost_text(calls, self._tools)
                started = next((call.deployment for call in reversed(calls) if call.deployment), None)
                again = {"label": "Try again", "say": turn.said}
                said = closing.message(
                    text, turn.id, stopped="error", deployment=started, actions=[again], key=f"closed:{turn.id}"
                )
                why = "DevGem was restarted"
                await closing.close(transaction, turn, said, why=why, by="devgem", now=now, is_lost=True)
            self._wake(turn.conversation)

    async def _wake_queued(self) -> None:
        async with self._store.read() as transaction:
            queued = await transaction.histories.unfinished([TurnStatus.QUEUED])
        for conversation in dict.fromkeys(turn.conversation for turn in queued):
            self._wake(conversation)

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
                        self._cancel(conversation)
                await self._close_lost(now)
                await self._wake_queued()


def lost_text(calls: Sequence[CallRow], tools: Mapping[str, Tool[Any]]) -> str:
    """What is said of a turn that ended with its process."""
    lines = ["DevGem was restarted while I was answering. Nothing is repeated by itself."]
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


def _instructions() -> str:
    return files("devgem.agent").joinpath("instructions.md").read_text()
