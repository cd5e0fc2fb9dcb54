"""Approvals: what a user is asked to consent to, bound to the exact arguments, and answered once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import NotFound
from devgem.store import tables
from devgem.store.owners import Scope
from devgem.store.vault import Vault

_approvals = tables.approvals


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    DENIED = "denied"


@dataclass(frozen=True)
class Field:
    """A value that the user types in."""

    name: str
    secret: bool = True


@dataclass(frozen=True)
class Approval:
    """`digest` is that of the tool and its arguments. `typed_name` is what must be typed to grant it."""

    id: str
    conversation: str
    turn: str
    call: str
    tool: str
    arguments: Mapping[str, Any]
    digest: str
    tier: int
    title: str
    why: str
    typed_name: str | None
    fields: Sequence[Field]
    requested_at: datetime
    status: ApprovalStatus = ApprovalStatus.PENDING


class Approvals:
    def __init__(self, connection: AsyncConnection, vault: Vault, scope: Scope) -> None:
        self._connection = connection
        self._vault = vault
        self._own = scope.of_conversation(_approvals.c.conversation)

    async def add(self, approval: Approval) -> None:
        await self._connection.execute(
            sa.insert(_approvals).values({**vars(approval), "fields": [vars(field) for field in approval.fields]})
        )

    async def get(self, conversation: str, id: str) -> Approval:
        """Raises NotFound for one of another conversation."""
        where = (_approvals.c.id == id, _approvals.c.conversation == conversation, *self._own)
        row = (await self._connection.execute(sa.select(_approvals).where(*where))).first()
        if row is None:
            raise NotFound(f"there is no approval {id!r} in this conversation")
        return _approval(row)

    async def pending(self, conversation: str) -> list[Approval]:
        """Oldest first."""
        where = (_approvals.c.conversation == conversation, _approvals.c.status == ApprovalStatus.PENDING)
        query = sa.select(_approvals).where(*where, *self._own).order_by(_approvals.c.id)
        return [_approval(row) for row in await self._connection.execute(query)]

    async def of_turn(self, turn: str) -> list[Approval]:
        query = sa.select(_approvals).where(_approvals.c.turn == turn).order_by(_approvals.c.id)
        return [_approval(row) for row in await self._connection.execute(query)]

    async def answer(
        self, id: str, status: ApprovalStatus, *, by: str, now: datetime, values: Mapping[str, str]
    ) -> bool:
        """Whether it was pending, and is answered now; `values` are kept sealed until they are taken."""
        sealed = self._vault.seal(json.dumps(dict(values)), "approvals", id) if values else None
        where = (_approvals.c.id == id, _approvals.c.status == ApprovalStatus.PENDING)
        answered = {"status": status, "answered_by": by, "answered_at": now, "values": sealed}
        query = sa.update(_approvals).where(*where).values(answered).returning(_approvals.c.id)
        return (await self._connection.execute(query)).first() is not None

    async def take_values(self, id: str) -> dict[str, str]:
        """The values that came with the answer; they are gone afterwards."""
        sealed = (
            await self._connection.execute(sa.select(_approvals.c["values"]).where(_approvals.c.id == id))
        ).scalar()
        await self._connection.execute(sa.update(_approvals).where(_approvals.c.id == id).values({"values": None}))
        values: dict[str, str] = json.loads(self._vault.open(sealed, "approvals", id)) if sealed else {}
        return values


def _approval(row: sa.Row[Any]) -> Approval:
    return Approval(
        id=row.id,
        conversation=row.conversation,
        turn=row.turn,
        call=row.call,
        tool=row.tool,
        arguments=row.arguments,
        digest=row.digest,
        tier=row.tier,
        title=row.title,
        why=row.why,
        typed_name=row.typed_name,
        fields=[Field(**field) for field in row.fields],
        requested_at=row.requested_at,
        status=ApprovalStatus(row.status),
    )
