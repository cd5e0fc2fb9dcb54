"""Calls of MCP clients: the agent's tools under the agent's policy, journaled and shown in a conversation.

Each call is a turn of its own that has ended, so that no model answers it. A caller counts as one that has read what
others wrote and was asked by nobody: what others can see needs an approval. What was approved is done by whichever
process claims it first, and by the next start when none has.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from devgem.agent import closing
from devgem.agent.budget import Tally
from devgem.agent.calls import Asked, Prepared, Scene, finished
from devgem.agent.conversation import Conversations
from devgem.agent.edits import propose
from devgem.agent.tools import TOOLS, Tier, ToolResult
from devgem.agent.world import look
from devgem.domain.errors import DevGemError, Forbidden, NotFound
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.llm.planner import World
from devgem.store import (
    Approval,
    CallerRow,
    CallRow,
    CallStatus,
    Conversation,
    Store,
    Transaction,
    Turn,
    TurnStatus,
)
from devgem.store.approvals import ApprovalStatus
from devgem.web.mcp.caller import Caller, scope_of

_log = logging.getLogger(__name__)

_IDLE = timedelta(hours=4)
_PENDING_LIMIT = 10
_GONE = ToolResult("The client gave up waiting for this.", ok=False)
_LOST = ToolResult("What was typed into the approval is gone, so this was not done. Ask for it again.", ok=False)


@dataclass(frozen=True)
class State:
    """What has become of a call: its result, or the approval that it waits for or was given."""

    result: Mapping[str, Any] | None
    approval: Approval | None = None


class Desk:
    """`start` takes up what was approved while nobody looked."""

    def __init__(self, conversations: Conversations) -> None:
        self._parts = conversations.parts
        self._calls = conversations.calls
        self._store: Store = conversations.parts.store
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[str] = set()

    async def start(self) -> None:
        try:
            async with self._store.read() as transaction:
                waiting = await transaction.callers.waiting()
        except DevGemError as error:
            _log.warning("what MCP clients wait for is not known: %s", error.message)
            return
        for approval, conversation in waiting:
            self._follow(conversation, approval)

    async def call(self, caller: Caller, name: str, arguments: Mapping[str, Any]) -> State:
        """Does a call, or asks for the approval that it needs. Raises NotFound and Forbidden."""
        tool = TOOLS.get(name)
        if tool is None:
            raise NotFound(f"there is no tool {name[:60]!r}")
        if not caller.may(tool.tier):
            fix = "Connect again, and ask for more."
            raise Forbidden(f"the operator has not given this client {scope_of(tool.tier)}", fix=fix)
        place = await self._place(caller)
        world = await look(self._parts, conversation=place.conversation, spoken=())
        prepared = await self._calls.prepare(name, arguments, world, place.conversation)
        if isinstance(prepared, ToolResult):
            return State(prepared.to_json())
        if (known := await self._pending(place, prepared)) is not None:
            return State(None, known)
        turn, runs = await self._admit(caller, place, world, prepared)
        try:
            await self._calls.perform(turn, runs, {})
        except asyncio.CancelledError:
            self._spawn(self._give_up(turn))
            raise
        if prepared.tool.tier is Tier.WORKSPACE:
            await propose(self._parts, place.conversation, [prepared.document["app"]])
        await self._close(turn.id)
        return await self._state(turn.id)

    async def _admit(
        self, caller: Caller, place: CallerRow, world: World, prepared: Prepared
    ) -> tuple[Turn, list[tuple[CallRow, Prepared]]]:
        """Journals a call in a turn of its own; what of it may be done now."""
        said = self._named_folder(caller, prepared)
        turn = Turn(new_id("trn"), place.conversation, 0, caller.key, new_id("msg"), said, TurnStatus.ENDED, ())

        async def save(transaction: Transaction, tally: Tally) -> None:
            await _lock(transaction, place.conversation, caller.name)
            await transaction.histories.add(
                turn.id, turn.conversation, user=turn.user, message=turn.message, said=turn.said, secrets={}
            )
            await transaction.histories.move(turn.id, to=TurnStatus.ENDED, frm=[TurnStatus.QUEUED])
            known = Tally.from_json(await transaction.callers.tally(place.conversation))
            learned = Tally(private=known.private or tally.private, egress=known.egress or tally.egress)
            await transaction.callers.touch(place.conversation, learned.to_json(), now=datetime.now(UTC))

        tally = Tally() if caller.is_trusted else replace(Tally.from_json(place.tally), untrusted=True)
        scene = Scene(turn, world, tally, trusted=caller.is_trusted)
        asked = Asked(turn.id, prepared.tool.name, prepared.document)
        return turn, await self._calls.admit(scene, [asked], save, first=0)

    async def status(self, caller: Caller, approval: str, wait_seconds: float = 0.0) -> State:
        """What has become of a call that needed an approval, at the latest when it is done. Raises NotFound."""
        conversation = await self._of(caller, approval)
        async with self._store.read() as transaction:
            asked = await transaction.approvals.get(conversation, approval)
            head = (await transaction.events.state(f"conversation:{conversation}")).head
        state = await self._state(asked.turn)
        if state.result is not None or wait_seconds <= 0:
            return state
        try:
            async with (
                asyncio.timeout(wait_seconds),
                aclosing(self._store.follow(f"conversation:{conversation}", after=head)) as batches,
            ):
                async for batch in batches:
                    if any(e.type == EventType.TOOL_FINISHED and e.data["call"] == asked.call for e in batch):
                        break
        except TimeoutError:
            pass
        return await self._state(asked.turn)

    async def _place(self, caller: Caller) -> CallerRow:
        """Where the caller's calls are shown: where they were before, unless that is long ago."""
        now = datetime.now(UTC)
        async with self._store.write() as transaction:
            known = await transaction.callers.latest(caller.key)
            if known is not None and known.seen_at > now - _IDLE:
                return known
            row = CallerRow(new_id("cnv"), caller.key, {}, now)
            shown = Conversation(row.conversation, f"MCP: {caller.name}", now, caller.user)
            await transaction.conversations.add(shown)
            await transaction.callers.add(row)
            await _lock(transaction, row.conversation, caller.name)
            return row

    async def _pending(self, place: CallerRow, prepared: Prepared) -> Approval | None:
        """The approval that this very call waits for already. Raises Forbidden where too many wait."""
        async with self._store.read() as transaction:
            pending = await transaction.approvals.pending(place.conversation)
        if (same := next((a for a in pending if a.digest == prepared.digest), None)) is not None:
            return same
        if prepared.tool.acts and len(pending) >= _PENDING_LIMIT:
            fix = "Ask the user to answer them first."
            raise Forbidden(f"{len(pending)} approvals wait for an answer already", fix=fix)
        return None

    def _named_folder(self, caller: Caller, prepared: Prepared) -> str:
        """A folder of this machine counts as named by the operator where a program of theirs runs on it."""
        source = prepared.document.get("source")
        if not caller.local or source is None:
            return ""
        try:
            return source if self._parts.parse(source, None, ".").is_folder else ""
        except DevGemError:
            return ""  # the policy refuses it, and says why

    async def _of(self, caller: Caller, approval: str) -> str:
        async with self._store.read() as transaction:
            conversation = await transaction.callers.asked(caller.key, approval)
        if conversation is None:
            raise NotFound(f"there is no approval {approval[:60]!r} of this client")
        return conversation

    async def _state(self, turn: str) -> State:
        async with self._store.read() as transaction:
            row = (await transaction.calls.of(turn))[0]
            approval = next(iter(await transaction.approvals.of_turn(turn)), None)
        if approval is not None and row.result is None:
            self._follow(approval.conversation, approval.id)
        return State(row.result, approval)

    async def _give_up(self, turn: Turn) -> None:
        async with self._store.write() as transaction:
            for row in await transaction.calls.of(turn.id):
                # What acts goes on to its end; what only reads was broken off.
                if row.status is CallStatus.ASKED and not await transaction.approvals.of_turn(turn.id):
                    await _finish(transaction, row, _GONE)
        await self._close(turn.id)

    async def _close(self, turn: str) -> None:
        """Says what a call came to, which ends its turn for those who look on; once."""
        async with self._store.write() as transaction:
            row = next(iter(await transaction.calls.of(turn)), None)
            if row is not None and row.result is not None:
                said = closing.message(
                    str(row.result["summary"]), turn, deployment=row.deployment, key=f"closed:{turn}"
                )
                await transaction.events.append(f"conversation:{row.conversation}", [said])

    def _follow(self, conversation: str, approval: str) -> None:
        if approval not in self._followed:
            self._followed.add(approval)
            self._spawn(self._go_on(conversation, approval))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, conversation: str, id: str) -> None:
        """Does what was asked for once it is approved."""
        try:
            approval = await self._answered(conversation, id)
            if approval.status is ApprovalStatus.GRANTED:
                await self._perform(approval)
            await self._close(approval.turn)
        except DevGemError as error:
            _log.warning("what %s approves was not done: %s", id, error.message)
        finally:
            self._followed.discard(id)

    async def _answered(self, conversation: str, id: str) -> Approval:
        stream = f"conversation:{conversation}"
        async with self._store.read() as transaction:
            head = (await transaction.events.state(stream)).head
            approval = await transaction.approvals.get(conversation, id)
        if approval.status is ApprovalStatus.PENDING:
            answers = (EventType.APPROVAL_GRANTED, EventType.APPROVAL_DENIED)
            async with aclosing(self._store.follow(stream, after=head)) as batches:
                async for batch in batches:
                    if any(event.type in answers and event.data["approval"] == id for event in batch):
                        break
            async with self._store.read() as transaction:
                approval = await transaction.approvals.get(conversation, id)
        return approval

    async def _perform(self, approval: Approval) -> None:
        world = await look(self._parts, conversation=approval.conversation, spoken=())
        async with self._store.write() as transaction:
            await _lock(transaction, approval.conversation)
            turn = await transaction.histories.get(approval.turn)
            row = (await transaction.calls.of(turn.id))[0]
            if row.status is not CallStatus.ASKED:
                return
            values = await transaction.approvals.take_values(approval.id)
            if approval.fields and not values:
                await _finish(transaction, row, _LOST)
                return
        prepared = await self._calls.prepare(row.tool, row.arguments, world, turn.conversation)
        if isinstance(prepared, ToolResult) or prepared.digest != approval.digest:
            changed = ToolResult(f"{approval.title}: not done, since it means something else by now.", ok=False)
            async with self._store.write() as transaction:
                await _finish(transaction, row, prepared if isinstance(prepared, ToolResult) else changed)
            return
        await self._calls.perform(turn, [(row, prepared)], {row.id: values})


async def _finish(transaction: Transaction, row: CallRow, result: ToolResult) -> None:
    if await transaction.calls.finish(row.id, result.to_json()):
        fact = finished(row.id, row.tool, row.turn, result)
        await transaction.events.append(f"conversation:{row.conversation}", [fact])


async def _lock(transaction: Transaction, conversation: str, name: str = "") -> None:
    """Holds the conversation's stream until the transaction ends: whoever appends to it waits. Its first message,
    appended once, says what the conversation is."""
    text = f"{name} is connected by MCP. What it does is shown here, and what needs your approval waits here."
    await transaction.events.append(f"conversation:{conversation}", [closing.message(text, None, key="mcp:connected")])
