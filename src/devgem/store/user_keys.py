"""Users' own keys of services, sealed."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables
from devgem.store.vault import Vault

_keys = tables.user_keys


class UserKeys:
    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def get(self, user: str, name: str) -> str | None:
        """Raises Unavailable when it was stored with another secret key."""
        query = sa.select(_keys.c.value).where(_keys.c.user == user, _keys.c.name == name)
        sealed = (await self._connection.execute(query)).scalar()
        return None if sealed is None else self._vault.open(sealed, *_place(user, name))

    async def set(self, user: str, name: str, value: str) -> None:
        await self.remove(user, name)
        sealed = self._vault.seal(value, *_place(user, name))
        row = {"user": user, "name": name, "value": sealed, "updated_at": datetime.now(UTC)}
        await self._connection.execute(sa.insert(_keys).values(row))

    async def remove(self, user: str, name: str) -> None:
        await self._connection.execute(sa.delete(_keys).where(_keys.c.user == user, _keys.c.name == name))


def _place(user: str, name: str) -> tuple[str, str, str]:
    return "user_keys", user, name
