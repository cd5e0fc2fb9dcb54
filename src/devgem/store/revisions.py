"""Revisions, and the builds whose images can be used again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.app import Image, Revision
from devgem.domain.errors import NotFound
from devgem.store import tables
from devgem.store.deployments import plan_from_json, plan_to_json
from devgem.store.owners import Scope
from devgem.store.vault import Vault

_revisions, _builds = tables.revisions, tables.builds


@dataclass(frozen=True)
class RevisionRow:
    """A revision without its config vars. `served`: it has had traffic. `edits` is the digest of the patch on top of
    the commit, None without one."""

    app: str
    number: int
    deployment: str
    commit: str
    image: Image
    created_at: datetime
    served: bool
    edits: str | None = None


class Revisions:
    def __init__(self, connection: AsyncConnection, vault: Vault, scope: Scope) -> None:
        self._connection = connection
        self._vault = vault
        self._own = scope.of_app(_revisions.c.app)

    async def add(self, revision: Revision, *, commit: str, edits: str | None = None) -> None:
        values = {
            "app": revision.app,
            "number": revision.number,
            "deployment": revision.deployment,
            "commit": commit,
            "image": asdict(revision.image),
            "plan": plan_to_json(revision.plan),
            "env": self._vault.seal(json.dumps(dict(revision.env)), *_place(revision.app, revision.number)),
            "created_at": datetime.now(UTC),
            "served": False,
            "edits": edits,
        }
        await self._connection.execute(sa.insert(_revisions).values(values))

    async def of_deployment(self, deployment: str) -> Revision | None:
        """With its config vars, as the clouds take it."""
        return await self._one(_revisions.c.deployment == deployment)

    async def get(self, app: str, number: int) -> Revision:
        """With its config vars, as the clouds take it."""
        revision = await self._one((_revisions.c.app == app) & (_revisions.c.number == number))
        if revision is None:
            raise NotFound(f"{app!r} has no revision {number}", fix=f"List them with `devgem revisions {app}`.")
        return revision

    async def of(self, app: str, *, limit: int = 100) -> list[RevisionRow]:
        """Newest first."""
        query = sa.select(_revisions).where(_revisions.c.app == app, *self._own)
        query = query.order_by(_revisions.c.number.desc()).limit(limit)
        return [
            RevisionRow(
                app=row.app,
                number=row.number,
                deployment=row.deployment,
                commit=row.commit,
                image=Image(**row.image),
                created_at=row.created_at,
                served=row.served,
                edits=row.edits,
            )
            for row in await self._connection.execute(query)
        ]

    async def served(self, app: str) -> list[int]:
        """The numbers of all that have had traffic."""
        query = sa.select(_revisions.c.number).where(_revisions.c.app == app, _revisions.c.served, *self._own)
        return list((await self._connection.execute(query.order_by(_revisions.c.number))).scalars())

    async def mark_served(self, app: str, number: int) -> None:
        query = sa.update(_revisions).where(_revisions.c.app == app, _revisions.c.number == number)
        await self._connection.execute(query.values(served=True))

    async def _one(self, where: sa.ColumnElement[bool]) -> Revision | None:
        row = (await self._connection.execute(sa.select(_revisions).where(where, *self._own))).first()
        return self._revision(row) if row else None

    def _revision(self, row: sa.Row[Any]) -> Revision:
        env: Mapping[str, str] = json.loads(self._vault.open(row.env, *_place(row.app, row.number)))
        return Revision(row.app, row.number, row.deployment, Image(**row.image), plan_from_json(row.plan), env)


class Builds:
    """`fingerprint` stands for everything that a build depends on."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, app: str, fingerprint: str) -> tuple[Image, str] | None:
        """The image of an equal build, and the deployment that built it."""
        where = (_builds.c.app == app, _builds.c.fingerprint == fingerprint)
        row = (await self._connection.execute(sa.select(_builds.c.image, _builds.c.deployment).where(*where))).first()
        return (Image(**row.image), row.deployment) if row else None

    async def add(self, app: str, fingerprint: str, image: Image, deployment: str) -> None:
        where = (_builds.c.app == app, _builds.c.fingerprint == fingerprint)
        await self._connection.execute(sa.delete(_builds).where(*where))
        values = {"app": app, "fingerprint": fingerprint, "image": asdict(image), "deployment": deployment}
        await self._connection.execute(sa.insert(_builds).values(values))

    async def forget(self, app: str, digest: str) -> None:
        """No build is to use this image again: the cloud has lost it."""
        where = (_builds.c.app == app, _builds.c.image["digest"].as_string() == digest)
        await self._connection.execute(sa.delete(_builds).where(*where))


def _place(app: str, number: int) -> tuple[str, str, str]:
    return "revisions", app, str(number)
