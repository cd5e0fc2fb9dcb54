"""MCP clients at work, and the conversation in which the calls of each are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_callers = tables.callers


@dataclass(frozen=True)
class CallerRow:
    """`key` names who calls; `tally` is what its calls have come to know."""

    conversation: str
    key: str
    tally: Mapping[str, Any]
    seen_at: datetime


class Callers:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, row: CallerRow) -> None:
        await self._connection.execute(sa.insert(_callers).values(vars(row)))

    async def latest(self, key: str) -> CallerRow | None:
        """Where the caller was seen last."""
        query = sa.select(_callers).where(_callers.c.key == key).order_by(_callers.c.seen_at.desc()).limit(1)
        row = (await self._connection.execute(query)).first()
        return _row(row) if row else None

    async def asked(self, key: str, approval: str) -> str | None:
        """The conversation in which a call of the caller has asked for this approval."""
        approvals, turns = tables.approvals, tables.turns
        query = (
            sa.select(approvals.c.conversation)
            .join(turns, turns.c.id == approvals.c.turn)
            .where(approvals.c.id == approval, turns.c.user == key)
        )
        return (await self._connection.execute(query)).scalar()

    async def tally(self, conversation: str) -> Mapping[str, Any]:
        query = sa.select(_callers.c.tally).where(_callers.c.conversation == conversation)
        tally: Mapping[str, Any] = (await self._connection.execute(query)).scalar_one()
        return tally

    async def touch(self, conversation: str, tally: Mapping[str, Any], *, now: datetime) -> None:
        where = _callers.c.conversation == conversation
        await self._connection.execute(sa.update(_callers).where(where).values(tally=dict(tally), seen_at=now))

    async def waiting(self) -> list[tuple[str, str]]:
        """Approvals, with their conversations, that calls wait for; and those that were granted and not acted upon."""
        approvals, calls = tables.approvals, tables.calls
        query = (
            sa.select(approvals.c.id, approvals.c.conversation)
            .join(_callers, _callers.c.conversation == approvals.c.conversation)
            .join(calls, calls.c.id == approvals.c.call)
            .join(tables.turns, tables.turns.c.id == approvals.c.turn)
            .where(approvals.c.status.in_(("pending", "granted")), calls.c.status == "asked")
            .where(tables.turns.c.user == _callers.c.key)
            .order_by(approvals.c.id)
        )
        return [(row.id, row.conversation) for row in await self._connection.execute(query)]


def _row(row: sa.Row[Any]) -> CallerRow:
    return CallerRow(row.conversation, row.key, row.tally, row.seen_at)
