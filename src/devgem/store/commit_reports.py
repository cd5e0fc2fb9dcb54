"""Which commits are to be told what becomes of their deployment, and what of that they were told already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_reports = tables.commit_reports
_ADD = sa.text(
    "INSERT INTO commit_reports (deployment, app, owner, slug, sha, told, telling, attempts, next_at, settled)"
    " VALUES (:deployment, :app, :owner, :slug, :sha, '', '', 0, :now, false) ON CONFLICT (deployment) DO NOTHING"
).bindparams(sa.bindparam("now", type_=tables.Instant))


@dataclass(frozen=True)
class CommitReport:
    """`told` is the state that GitHub was told last, `telling` one that it may have been told by a process that has not
    lived to note it."""

    deployment: str
    app: str
    owner: str
    slug: str
    sha: str
    told: str
    telling: str
    attempts: int
    next_at: datetime


class CommitReports:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, deployment: str, *, app: str, owner: str, slug: str, sha: str, now: datetime) -> None:
        """Does nothing when it is there already."""
        values = {"deployment": deployment, "app": app, "owner": owner, "slug": slug, "sha": sha, "now": now}
        await self._connection.execute(_ADD, values)

    async def due(self, *, now: datetime, limit: int = 100) -> Sequence[CommitReport]:
        where = (sa.not_(_reports.c.settled), _reports.c.next_at <= now)
        rows = await self._connection.execute(
            sa.select(_reports).where(*where).order_by(_reports.c.next_at).limit(limit)
        )
        return [_report(row) for row in rows]

    async def begin(self, report: CommitReport, state: str, *, until: datetime) -> bool:
        """Whether it is the caller who tells of this state, until then."""
        where = (
            _reports.c.deployment == report.deployment,
            _reports.c.next_at == report.next_at,
            _reports.c.told == report.told,
        )
        query = sa.update(_reports).where(*where).values(telling=state, next_at=until).returning(_reports.c.deployment)
        return (await self._connection.execute(query)).first() is not None

    async def finish(self, report: CommitReport, state: str, *, settled: bool, next_at: datetime) -> None:
        await self._update(report, told=state, telling="", attempts=0, settled=settled, next_at=next_at)

    async def put_off(self, report: CommitReport, *, until: datetime, settled: bool = False) -> None:
        """For what could not be told; `settled`: nobody tries again."""
        await self._update(report, attempts=report.attempts + 1, settled=settled, next_at=until)

    async def _update(self, report: CommitReport, **values: Any) -> None:
        await self._connection.execute(
            sa.update(_reports).where(_reports.c.deployment == report.deployment).values(values)
        )


def _report(row: sa.Row[Any]) -> CommitReport:
    facts = row._asdict()
    del facts["settled"]
    return CommitReport(**facts)
