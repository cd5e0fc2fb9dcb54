"""Which control processes are alive, where several share a PostgreSQL."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_replicas = tables.replicas
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_BEAT = sa.text(
    f"INSERT INTO replicas (id, seen_at) VALUES (:id, {_NOW}) ON CONFLICT (id) DO UPDATE SET seen_at = {_NOW}"  # noqa: S608
)
_DEAD = sa.text(f"SELECT id FROM replicas WHERE seen_at < {_NOW} - :silence ORDER BY id")  # noqa: S608
_TURN = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('devgem replicas'))")


class Replicas:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def beat(self, id: str) -> None:
        await self._connection.execute(_BEAT, {"id": id})

    async def count(self) -> int:
        """How many there are; 0 where the database is not shared. A dead one counts until others have taken over."""
        return int((await self._connection.execute(sa.select(sa.func.count()).select_from(_replicas))).scalar_one())

    async def dead(self, silence: timedelta) -> list[str]:
        """Those that have not been heard of for so long; none for all callers but one at a time."""
        if not (await self._connection.execute(_TURN)).scalar():
            return []
        silence_micros = silence // timedelta(microseconds=1)
        return list((await self._connection.execute(_DEAD, {"silence": silence_micros})).scalars())

    async def resign(self, id: str) -> None:
        """What this replica leaves is to be taken up at once."""
        query = sa.update(_replicas).where(_replicas.c.id == id).values(seen_at=tables.EPOCH)
        await self._connection.execute(query)

    async def forget(self, id: str) -> None:
        await self._connection.execute(sa.delete(_replicas).where(_replicas.c.id == id))
