"""What was said in conversations, turn by turn, as the model is given it.

A turn is queued, then running, then ended; it is waiting while approvals of it are pending, and cut once the user has
edited an earlier message. One turn of a conversation runs at a time, in the order of their numbers. Whoever runs one
holds it and shows that it lives by `seen_at`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import NotFound
from devgem.store import tables
from devgem.store.owners import Scope
from devgem.store.vault import Vault

_turns = tables.turns


class TurnStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    ENDED = "ended"
    CUT = "cut"


@dataclass(frozen=True)
class Turn:
    """One message of a user and all that answers it; `message` is None when DevGem began it by itself. `said` is the
    text without secret values. `messages` are the model's, as JSON. `tally` counts what the turn has used."""

    id: str
    conversation: str
    number: int
    user: str
    message: str | None
    said: str
    status: TurnStatus
    messages: Sequence[Any]
    tally: Mapping[str, Any] = field(default_factory=dict)
    holder: str | None = None
    seen_at: datetime | None = None
    stopping: bool = False


class Histories:
    def __init__(self, connection: AsyncConnection, vault: Vault, scope: Scope) -> None:
        self._connection = connection
        self._vault = vault
        self._own = scope.of_conversation(_turns.c.conversation)

    async def add(
        self,
        id: str,
        conversation: str,
        *,
        user: str,
        message: str | None,
        said: str,
        secrets: Mapping[str, str],
    ) -> Turn:
        """Queues a turn. `secrets` are values that the user wrote, kept sealed until the turn has ended. Call it in a
        transaction that has appended to the conversation's stream: that is what keeps numbers apart."""
        last = sa.select(sa.func.coalesce(sa.func.max(_turns.c.number), 0)).where(_turns.c.conversation == conversation)
        number = int((await self._connection.execute(last)).scalar_one()) + 1
        turn = Turn(id, conversation, number, user, message, said, TurnStatus.QUEUED, ())
        values = {
            "id": id,
            "conversation": conversation,
            "number": number,
            "user": user,
            "message": message,
            "said": said,
            "status": turn.status,
            "messages": [],
            "tally": {},
            "secrets": self._vault.seal(json.dumps(dict(secrets)), "turns", id) if secrets else None,
            "stopping": False,
        }
        await self._connection.execute(sa.insert(_turns).values(values))
        return turn

    async def get(self, id: str) -> Turn:
        row = (await self._connection.execute(sa.select(_turns).where(_turns.c.id == id, *self._own))).first()
        if row is None:
            raise NotFound(f"there is no turn {id!r}")
        return _turn(row)

    async def of_message(self, conversation: str, message: str) -> Turn:
        """The turn that a user's message began."""
        where = (_turns.c.conversation == conversation, _turns.c.message == message, *self._own)
        row = (await self._connection.execute(sa.select(_turns).where(*where))).first()
        if row is None:
            raise NotFound(f"there is no message {message!r} of yours in this conversation")
        return _turn(row)

    async def of(
        self, conversation: str, *, statuses: Collection[TurnStatus] = tuple(TurnStatus), limit: int | None = None
    ) -> list[Turn]:
        """Oldest first; the newest `limit` of them."""
        query = sa.select(_turns).where(
            _turns.c.conversation == conversation, _turns.c.status.in_(statuses), *self._own
        )
        rows = (await self._connection.execute(query.order_by(_turns.c.number.desc()).limit(limit))).all()
        return [_turn(row) for row in reversed(rows)]

    async def unfinished(self, statuses: Collection[TurnStatus]) -> list[Turn]:
        """Of all conversations."""
        query = sa.select(_turns).where(_turns.c.status.in_(statuses)).order_by(_turns.c.conversation, _turns.c.number)
        return [_turn(row) for row in await self._connection.execute(query)]

    async def secrets(self, id: str) -> dict[str, str]:
        """The values that the user wrote in the turn's message."""
        sealed = (await self._connection.execute(sa.select(_turns.c.secrets).where(_turns.c.id == id))).scalar()
        values: dict[str, str] = json.loads(self._vault.open(sealed, "turns", id)) if sealed else {}
        return values

    async def move(self, id: str, *, to: TurnStatus, frm: Collection[TurnStatus]) -> bool:
        """Whether the turn was in one of `frm`, and is in `to` now: it is this that decides between two who would
        move it. A turn that has ended keeps no secrets."""
        gone = {"secrets": None} if to in (TurnStatus.ENDED, TurnStatus.CUT) else {}
        query = sa.update(_turns).where(_turns.c.id == id, _turns.c.status.in_(frm)).values(status=to, **gone)
        return (await self._connection.execute(query.returning(_turns.c.id))).first() is not None

    async def hold(self, id: str, holder: str | None, *, now: datetime) -> None:
        await self._update(id, holder=holder, seen_at=now)

    async def beat(self, holder: str, *, now: datetime) -> list[str]:
        """Shows that `holder` lives; the ids of those of its turns that are to stop."""
        held = (_turns.c.holder == holder, _turns.c.status == TurnStatus.RUNNING)
        await self._connection.execute(sa.update(_turns).where(*held).values(seen_at=now))
        query = sa.select(_turns.c.id).where(*held, _turns.c.stopping)
        return list((await self._connection.execute(query)).scalars())

    async def stop(self, id: str) -> None:
        await self._update(id, stopping=True)

    async def save(self, id: str, messages: Sequence[Any], tally: Mapping[str, Any]) -> None:
        await self._update(id, messages=list(messages), tally=dict(tally))

    async def cut(self, conversation: str, *, frm: int) -> list[str]:
        """Takes the turns from number `frm` on out of the history; their ids."""
        where = (_turns.c.conversation == conversation, _turns.c.number >= frm, _turns.c.status != TurnStatus.CUT)
        query = sa.update(_turns).where(*where).values(status=TurnStatus.CUT, secrets=None)
        return list((await self._connection.execute(query.returning(_turns.c.id))).scalars())

    async def _update(self, id: str, **values: Any) -> None:
        await self._connection.execute(sa.update(_turns).where(_turns.c.id == id).values(values))


def _turn(row: sa.Row[Any]) -> Turn:
    return Turn(
        id=row.id,
        conversation=row.conversation,
        number=row.number,
        user=row.user,
        message=row.message,
        said=row.said,
        status=TurnStatus(row.status),
        messages=row.messages,
        tally=row.tally,
        holder=row.holder,
        seen_at=row.seen_at,
        stopping=row.stopping,
    )
