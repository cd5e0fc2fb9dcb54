"""Config vars: names for everyone, values for the pipeline alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables
from devgem.store.owners import Scope
from devgem.store.vault import Vault

_vars = tables.config_vars


@dataclass(frozen=True)
class ConfigVar:
    """`build`: given to builds; otherwise to running revisions. A name may be both, with a value each."""

    name: str
    build: bool
    updated_at: datetime


class ConfigVars:
    def __init__(self, connection: AsyncConnection, vault: Vault, scope: Scope) -> None:
        self._connection = connection
        self._vault = vault
        self._own = scope.of_app(_vars.c.app)

    async def of(self, app: str) -> list[ConfigVar]:
        query = sa.select(_vars.c.name, _vars.c.build, _vars.c.updated_at).where(_vars.c.app == app, *self._own)
        rows = await self._connection.execute(query.order_by(_vars.c.name, _vars.c.build))
        return [ConfigVar(*row) for row in rows]

    async def values(self, app: str, *, build: bool) -> dict[str, str]:
        """The decrypted values. Raises Unavailable when they were stored with another key."""
        query = sa.select(_vars.c.name, _vars.c.value).where(_vars.c.app == app, _vars.c.build == build, *self._own)
        rows = await self._connection.execute(query.order_by(_vars.c.name))
        return {name: self._vault.open(value, *_place(app, name, build)) for name, value in rows}

    async def set(self, app: str, values: Mapping[str, str], *, build: bool) -> None:
        now = datetime.now(UTC)
        await self.unset(app, values, build=build)
        rows = [
            {
                "app": app,
                "name": name,
                "build": build,
                "value": self._vault.seal(value, *_place(app, name, build)),
                "updated_at": now,
            }
            for name, value in values.items()
        ]
        if rows:
            await self._connection.execute(sa.insert(_vars), rows)

    async def unset(self, app: str, names: Iterable[str], *, build: bool) -> None:
        gone = (_vars.c.app == app, _vars.c.build == build, _vars.c.name.in_(list(names)), *self._own)
        await self._connection.execute(sa.delete(_vars).where(*gone))


def _place(app: str, name: str, build: bool) -> tuple[str, str, str, str]:
    return "config_vars", app, name, "build" if build else "run"
