"""Ends a turn that cannot go on: whatever of it is open is closed, and the user is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from devgem.agent.approvals import deny_pending
from devgem.agent.calls import finished
from devgem.agent.tools import ToolResult
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.store import CallRow, CallStatus, Fact, Transaction, Turn, TurnStatus

_OPEN = (TurnStatus.QUEUED, TurnStatus.RUNNING, TurnStatus.WAITING)


def message(
    text: str,
    turn: str | None,
    *,
    id: str | None = None,
    stopped: str | None = None,
    usage: Mapping[str, Any] | None = None,
    deployment: str | None = None,
    actions: Sequence[Mapping[str, Any]] = (),
    key: str | None = None,
) -> Fact:
    """A whole message of the assistant."""
    id = id or new_id("msg")
    data = {
        "message": id,
        "role": "assistant",
        "text": text,
        "deployment": deployment,
        "turn": turn,
        "stopped": stopped,
        "usage": usage,
        "actions": list(actions),
    }
    return Fact(EventType.MESSAGE_FINISHED, data, key or f"finished:{id}")


async def close(
    transaction: Transaction,
    turn: Turn,
    said: Fact,
    *,
    why: str,
    by: str,
    now: datetime,
    is_lost: bool = False,
) -> bool:
    """Ends the turn with the message `said`, and denies what it waits for; whether it was open. Its calls that were not
    begun are not done any more; those that were begun are given up too when the process that made them `is_lost`."""
    await deny_pending(transaction, turn.id, by=by, reason=why, now=now)
    if not await transaction.histories.move(turn.id, to=TurnStatus.ENDED, frm=_OPEN):
        return False
    given_up = (CallStatus.ASKED, CallStatus.BEGUN) if is_lost else (CallStatus.ASKED,)
    facts = []
    for row in await transaction.calls.of(turn.id):
        if row.status in given_up:
            result = _given_up(row, why)
            await transaction.calls.finish(row.id, result.to_json())
            facts.append(finished(row.id, row.tool, turn.id, result))
    await transaction.histories.save(turn.id, turn.messages, {**turn.tally, "closing": said.data["text"]})
    await transaction.events.append(f"conversation:{turn.conversation}", [*facts, said])
    return True


def _given_up(row: CallRow, why: str) -> ToolResult:
    if row.status is CallStatus.BEGUN:
        return ToolResult(f"It is not known whether this was done, since {why}. Look before you ask again.", ok=False)
    return ToolResult(f"This was not done, since {why}.", ok=False)
