"""Webhooks that were taken in: each once, whoever sends it again, and each until it is dealt with.

What is signed is the body, not its id: so a body that was taken before is known by its digest under every other id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_deliveries = tables.deliveries
_KEPT = timedelta(days=400)
_LEASE = timedelta(minutes=2)
_ADD = sa.text(
    "INSERT INTO deliveries (id, digest, at, document, next_at, outcome)"
    " VALUES (:id, :digest, :at, :document, :at, '') ON CONFLICT DO NOTHING RETURNING id"
).bindparams(sa.bindparam("at", type_=tables.Instant), sa.bindparam("document", type_=sa.JSON))


@dataclass(frozen=True)
class Delivery:
    """`document` is what is to be done."""

    id: str
    at: datetime
    document: Mapping[str, Any]


class Deliveries:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, id: str, digest: bytes, document: Mapping[str, Any], *, now: datetime) -> bool:
        """Whether it is the first time that this id and this body come."""
        await self._connection.execute(sa.delete(_deliveries).where(_deliveries.c.at <= now - _KEPT))
        values = {"id": id, "digest": digest, "at": now, "document": dict(document)}
        return (await self._connection.execute(_ADD, values)).first() is not None

    async def take(self, *, now: datetime) -> Delivery | None:
        """The oldest one that is to be dealt with now: the caller's own for two minutes."""
        due = (_deliveries.c.document.is_not(None), _deliveries.c.next_at <= now)
        query = sa.select(_deliveries.c.id).where(*due).order_by(_deliveries.c.at).limit(1)
        id = (await self._connection.execute(query)).scalar()
        if id is None:
            return None
        taking = sa.update(_deliveries).where(_deliveries.c.id == id, *due).values(next_at=now + _LEASE)
        row = (await self._connection.execute(taking.returning(_deliveries))).first()
        return Delivery(row.id, row.at, row.document) if row else None

    async def put_back(self, id: str, *, until: datetime) -> None:
        await self._connection.execute(sa.update(_deliveries).where(_deliveries.c.id == id).values(next_at=until))

    async def finish(self, id: str, outcome: str) -> None:
        values = {"document": None, "outcome": outcome}
        await self._connection.execute(sa.update(_deliveries).where(_deliveries.c.id == id).values(values))
