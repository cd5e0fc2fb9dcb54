"""Users who have signed in with GitHub; the operator needs no row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_users = tables.users


@dataclass(frozen=True)
class User:
    """`login` and `name` are as GitHub told them at the last sign-in; `id` is what stays."""

    id: str
    login: str
    name: str
    created_at: datetime
    seen_at: datetime


class Users:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, id: str) -> User | None:
        row = (await self._connection.execute(sa.select(_users).where(_users.c.id == id))).first()
        return _user(row) if row else None

    async def signed_in(self, id: str, *, login: str, name: str, now: datetime) -> None:
        """Makes the user, or notes what is known of it by now."""
        seen = {"login": login, "name": name, "seen_at": now}
        query = sa.update(_users).where(_users.c.id == id).values(seen).returning(_users.c.id)
        if (await self._connection.execute(query)).first() is None:
            await self._connection.execute(sa.insert(_users).values(id=id, created_at=now, **seen))


def _user(row: sa.Row[Any]) -> User:
    return User(row.id, row.login, row.name, row.created_at, row.seen_at)
