"""What a cloud must find again after a crash: names of operations that were begun, by what they are for."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_notes = tables.cloud_notes


class CloudNotes:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, key: str) -> str | None:
        value = (await self._connection.execute(sa.select(_notes.c.value).where(_notes.c.key == key))).scalar()
        return None if value is None else str(value)

    async def put(self, key: str, value: str) -> None:
        await self.drop(key)
        await self._connection.execute(sa.insert(_notes).values(key=key, value=value))

    async def drop(self, key: str) -> None:
        await self._connection.execute(sa.delete(_notes).where(_notes.c.key == key))
