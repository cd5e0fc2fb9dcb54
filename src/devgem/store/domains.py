"""Host names of single apps: each belongs to one app."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import Conflict
from devgem.store import tables

_domains = tables.domains


@dataclass(frozen=True)
class DomainRow:
    host: str
    app: str
    created_at: datetime


class Domains:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, app: str) -> list[DomainRow]:
        query = sa.select(_domains).where(_domains.c.app == app).order_by(_domains.c.host)
        return [DomainRow(row.host, row.app, row.created_at) for row in await self._connection.execute(query)]

    async def count(self) -> int:
        """How many there are, over all apps."""
        return int((await self._connection.execute(sa.select(sa.func.count()).select_from(_domains))).scalar_one())

    async def add(self, app: str, host: str) -> None:
        """Does nothing when the app has it already. Raises Conflict, which does not tell whose it is, when another
        app has it."""
        holder = (await self._connection.execute(sa.select(_domains.c.app).where(_domains.c.host == host))).scalar()
        if holder is None:
            row = {"host": host, "app": app, "created_at": datetime.now(UTC)}
            try:
                await self._connection.execute(sa.insert(_domains).values(row))
            except sa.exc.IntegrityError:
                raise _taken(host) from None
        elif holder != app:
            raise _taken(host)

    async def remove(self, app: str, host: str) -> bool:
        """Whether the app had it."""
        gone = sa.delete(_domains).where(_domains.c.app == app, _domains.c.host == host)
        return (await self._connection.execute(gone)).rowcount > 0


def _taken(host: str) -> Conflict:
    return Conflict(f"{host} is taken", fix="Choose another name, or remove it where it is used.")
