"""Workspaces: what a conversation has edited of an app. `version` keeps two writers from undoing each other's work."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import Conflict
from devgem.store import tables
from devgem.store.owners import Scope

_workspaces = tables.workspaces


@dataclass(frozen=True)
class WorkspaceRow:
    """`history` is source.workspace.History as JSON. `deployed` is the patch that was last deployed from here, or that
    the workspace began with, `deployment` by which it was. `branch` is the name and tip of what was pushed.
    `version` is 0 for one that is not stored yet."""

    app: str
    conversation: str
    repository: Repository
    commit: Commit
    history: Mapping[str, Any]
    deployed: str = ""
    deployment: str | None = None
    branch: Mapping[str, str] | None = None
    version: int = 0


class Workspaces:
    def __init__(self, connection: AsyncConnection, scope: Scope) -> None:
        self._connection = connection
        self._own = scope.of_app(_workspaces.c.app)

    async def find(self, app: str, conversation: str) -> WorkspaceRow | None:
        query = sa.select(_workspaces).where(*_is(app, conversation), *self._own)
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        facts = row._asdict()
        del facts["updated_at"]
        return WorkspaceRow(
            **{**facts, "repository": Repository(**row.repository), "commit": Commit(**row.commit)},
        )

    async def commits(self) -> set[str]:
        """The commits that edits are made on."""
        rows = await self._connection.execute(sa.select(_workspaces.c.commit))
        return {commit["sha"] for commit in rows.scalars()}

    async def put(self, row: WorkspaceRow) -> WorkspaceRow:
        """Stores what was made of the row's version. Raises Conflict when there is a newer one."""
        values = {**asdict(row), "version": row.version + 1, "updated_at": datetime.now(UTC)}
        if row.version == 0:
            written = await self._insert(values)
        else:
            query = sa.update(_workspaces).where(*_is(row.app, row.conversation), _workspaces.c.version == row.version)
            written = (await self._connection.execute(query.values(values))).rowcount
        if not written:
            raise Conflict(
                f"the edits of {row.app!r} have been changed elsewhere meanwhile",
                fix="Look at them again, then repeat the change.",
                code="workspace_changed",
            )
        return replace(row, version=row.version + 1)

    async def remove(self, app: str, conversation: str) -> None:
        await self._connection.execute(sa.delete(_workspaces).where(*_is(app, conversation)))

    async def _insert(self, values: Mapping[str, Any]) -> int:
        try:
            await self._connection.execute(sa.insert(_workspaces).values(values))
        except sa.exc.IntegrityError:  # another one was stored first
            return 0
        return 1


def _is(app: str, conversation: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return _workspaces.c.app == app, _workspaces.c.conversation == conversation
