"""Apps, and who may act on one: its `holder`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.app import App, Repository, Traffic
from devgem.domain.errors import NotFound
from devgem.store import tables
from devgem.store.events import Events
from devgem.store.owners import Scope

_apps = tables.apps
_ADD = sa.text(
    "INSERT INTO apps (name, owner, location, ref, dir, cloud, created_at, last_revision, traffic, push_paused,"
    " removing) VALUES (:name, :owner, :location, :ref, :dir, :cloud, :created_at, 0, '{}', false, false)"
    " ON CONFLICT (name) DO NOTHING RETURNING name"
).bindparams(sa.bindparam("created_at", type_=tables.Instant))
_GITHUB = ("https://github.com/", "ssh://git@github.com/")
_OF_AN_APP = (
    tables.deployments, tables.revisions, tables.builds, tables.config_vars, tables.durations, tables.workspaces,
    tables.domains,
    tables.app_settings,
)  # fmt: skip
_IS_PREVIEW = _apps.c.name.like("%--preview") | sa.func.rtrim(_apps.c.name, "0123456789").like("%--pr-")


@dataclass(frozen=True)
class AppRow:
    """`url` and `traffic` are what is live; `heir` takes the holder's place before any waiting deployment does."""

    app: App
    owner: str
    url: str | None
    last_revision: int
    traffic: Mapping[int, int]
    push_paused: bool
    removing: bool
    holder: str | None
    heir: str | None

    @property
    def name(self) -> str:
        return self.app.name

    @property
    def live(self) -> int | None:
        """The number of the revision that has most of the traffic."""
        return max(self.traffic, key=lambda number: self.traffic[number], default=None)


class Apps:
    def __init__(self, connection: AsyncConnection, scope: Scope, events: Events) -> None:
        self._connection = connection
        self._scope = scope
        self._events = events
        self._own = scope.own(_apps.c.owner)

    async def add(self, app: App, *, owner: str | None = None) -> None:
        """Does nothing when there is an app of this name, whoever has it. What an app of this name told of before is
        not for another owner's eyes."""
        owner = owner or self._scope.maker
        values: dict[str, Any] = {"name": app.name, "owner": owner, **_repository(app.repository)}
        values |= {"cloud": app.cloud, "created_at": app.created_at}
        if (await self._connection.execute(_ADD, values)).first() is not None:
            await self._events.hand_over(f"app:{app.name}", owner)

    async def is_taken(self, name: str) -> bool:
        """Whether there is an app of this name, whoever has it."""
        return (await self._connection.execute(sa.select(_apps.c.name).where(_apps.c.name == name))).first() is not None

    async def find(self, name: str, *, lock: bool = False) -> AppRow | None:
        """`lock` keeps other transactions from changing the app until this one ends."""
        query = sa.select(_apps).where(_apps.c.name == name, *self._own)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return _app_row(row) if row else None

    async def get(self, name: str, *, lock: bool = False) -> AppRow:
        row = await self.find(name, lock=lock)
        if row is None:
            raise NotFound(f"there is no app {name!r}", fix="List the apps with `devgem list`.")
        return row

    async def page(self, *, after: str = "", limit: int = 100, previews: bool = False) -> list[AppRow]:
        """By name; the previews of apps only when asked for."""
        query = sa.select(_apps).where(_apps.c.name > after, *self._own).order_by(_apps.c.name).limit(limit)
        if not previews:
            query = query.where(~_IS_PREVIEW)
        return [_app_row(row) for row in await self._connection.execute(query)]

    async def previews(self) -> list[AppRow]:
        query = sa.select(_apps).where(_IS_PREVIEW, *self._own)
        return [_app_row(row) for row in await self._connection.execute(query)]

    async def held(self) -> list[AppRow]:
        """Those that somebody acts on."""
        query = sa.select(_apps).where(_apps.c.holder.is_not(None) | _apps.c.heir.is_not(None)).order_by(_apps.c.name)
        return [_app_row(row) for row in await self._connection.execute(query)]

    async def from_github(self, slug: str) -> list[AppRow]:
        """The apps that come from this repository on GitHub, whose names are the same in every case."""
        addresses = [prefix + slug.lower() + end for prefix in _GITHUB for end in ("", ".git")]
        query = sa.select(_apps).where(sa.func.lower(_apps.c.location).in_(addresses), ~_IS_PREVIEW)
        return [_app_row(row) for row in await self._connection.execute(query.order_by(_apps.c.name))]

    async def of_repository(self, location: str, dir: str) -> AppRow | None:
        """The first app that was deployed from this folder of this repository."""
        where = (_apps.c.location == location, _apps.c.dir == dir, ~_IS_PREVIEW, *self._own)
        query = sa.select(_apps).where(*where).order_by(_apps.c.created_at).limit(1)
        row = (await self._connection.execute(query)).first()
        return _app_row(row) if row else None

    async def set_repository(self, name: str, repository: Repository) -> None:
        await self._update(name, **_repository(repository))

    async def set_traffic(self, name: str, traffic: Traffic, url: str | None) -> None:
        await self._update(name, traffic={str(number): share for number, share in traffic.shares.items()}, url=url)

    async def set_push_paused(self, name: str, paused: bool) -> None:
        await self._update(name, push_paused=paused)

    async def set_removing(self, name: str, removing: bool) -> None:
        await self._update(name, removing=removing)

    async def set_holder(self, name: str, holder: str | None, *, heir: str | None) -> None:
        await self._update(name, holder=holder, heir=heir)

    async def next_revision(self, name: str) -> int:
        query = sa.update(_apps).where(_apps.c.name == name).values(last_revision=_apps.c.last_revision + 1)
        return cast(int, (await self._connection.execute(query.returning(_apps.c.last_revision))).scalar_one())

    async def remove(self, name: str) -> None:
        """Forgets the app with its deployments, revisions, builds and config vars. The event log stays."""
        for table in _OF_AN_APP:
            await self._connection.execute(sa.delete(table).where(table.c.app == name))
        await self._connection.execute(sa.delete(_apps).where(_apps.c.name == name))

    async def _update(self, name: str, **values: Any) -> None:
        await self._connection.execute(sa.update(_apps).where(_apps.c.name == name).values(values))


def _repository(repository: Repository) -> dict[str, str | None]:
    return {"location": repository.location, "ref": repository.ref, "dir": repository.dir}


def _app_row(row: sa.Row[Any]) -> AppRow:
    created_at: datetime = row.created_at
    return AppRow(
        app=App(row.name, Repository(row.location, row.ref, row.dir), row.cloud, created_at),
        owner=row.owner,
        url=row.url,
        last_revision=row.last_revision,
        traffic={int(number): share for number, share in row.traffic.items()},
        push_paused=row.push_paused,
        removing=row.removing,
        holder=row.holder,
        heir=row.heir,
    )
