"""Approvals: granted or denied once, by a person, for exactly the arguments that were shown."""

from collections.abc import Mapping
from datetime import datetime

from devgem.agent.calls import finished
from devgem.agent.tools import ToolResult, digest
from devgem.domain.errors import Conflict, InvalidInput
from devgem.domain.event import EventType
from devgem.store import Approval, ApprovalStatus, Fact, Field, Transaction, TurnStatus

__all__ = ["Approval", "Field", "answer", "check", "deny_pending"]


def check(
    approval: Approval,
    *,
    granted: bool,
    given_digest: str,
    typed_name: str | None,
    values: Mapping[str, str],
) -> None:
    """Whether this answer may be given to this approval. Raises Conflict when it is about other arguments, and
    InvalidInput when something is not typed in as it must be."""
    bound = digest(approval.tool, approval.arguments)
    if given_digest != approval.digest or bound != approval.digest:
        raise Conflict(
            "the answer is about other arguments than those that wait for an approval",
            fix="Look at the approval again, and answer what it shows.",
            code="digest_differs",
        )
    if not granted:
        return
    if approval.typed_name is not None and typed_name != approval.typed_name:
        raise InvalidInput(f"the name {approval.typed_name!r} was not typed", fix="Type it exactly as it is shown.")
    wanted = {field.name for field in approval.fields}
    if missing := sorted(wanted - {name for name, value in values.items() if value}):
        raise InvalidInput(f"there is no value for {missing[0]!r}", fix="Type one in.")
    if unknown := sorted(set(values) - wanted):
        raise InvalidInput(f"no value for {unknown[0]!r} was asked for")


async def answer(
    transaction: Transaction,
    approval: Approval,
    *,
    granted: bool,
    by: str,
    now: datetime,
    reason: str = "",
    values: Mapping[str, str] | None = None,
) -> bool:
    """Records the answer, and what it comes to: whether the turn can go on now. Raises Conflict when there was an
    answer already."""
    status = ApprovalStatus.GRANTED if granted else ApprovalStatus.DENIED
    if not await transaction.approvals.answer(approval.id, status, by=by, now=now, values=values or {}):
        raise Conflict("this approval was answered already", code="answered")
    stream = f"conversation:{approval.conversation}"
    if granted:
        fact = Fact(EventType.APPROVAL_GRANTED, {"approval": approval.id, "by": by})
    else:
        fact = Fact(EventType.APPROVAL_DENIED, {"approval": approval.id, "by": by, "reason": reason})
    await transaction.events.append(stream, [fact])
    if not granted:
        denied = ToolResult(f"{approval.title}: not done, since {reason or 'it was denied'}.", ok=False)
        if await transaction.calls.finish(approval.call, denied.to_json()):
            await transaction.events.append(stream, [finished(approval.call, approval.tool, approval.turn, denied)])
    left = [a for a in await transaction.approvals.of_turn(approval.turn) if a.status is ApprovalStatus.PENDING]
    if left:
        return False
    return await transaction.histories.move(approval.turn, to=TurnStatus.QUEUED, frm=[TurnStatus.WAITING])


async def deny_pending(transaction: Transaction, turn: str, *, by: str, reason: str, now: datetime) -> None:
    """Denies all that a turn waits for."""
    for approval in await transaction.approvals.of_turn(turn):
        if approval.status is ApprovalStatus.PENDING:
            await answer(transaction, approval, granted=False, by=by, now=now, reason=reason)
