"""Pull requests that are shown beside an app, or wait for a member's consent, and the comment that tells of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import NotFound
from devgem.store import tables

_pulls = tables.pull_requests


class PullState(StrEnum):
    WAITING = "waiting"
    """For the consent of a member."""
    SHOWN = "shown"
    """Deployed, or on the way to it: its deployment tells."""
    CLOSED = "closed"


@dataclass(frozen=True)
class PullRow:
    """`origin` is the repository that it comes from; `is_outside`: of somebody who may not write to the app's own.
    `consented` is the commit that a member has agreed to, `told` what the comment says."""

    app: str
    number: int
    owner: str
    slug: str
    sha: str
    title: str
    author: str
    origin: str
    is_outside: bool
    state: PullState
    changed_at: datetime
    next_at: datetime
    consented: str = ""
    deployment: str | None = None
    comment: int | None = None
    told: str = ""
    attempts: int = 0
    settled: bool = False


class PullRows:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, app: str, number: int, *, lock: bool = False) -> PullRow | None:
        query = sa.select(_pulls).where(*_is(app, number))
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return _row(row) if row else None

    async def get(self, app: str, number: int, *, lock: bool = False) -> PullRow:
        row = await self.find(app, number, lock=lock)
        if row is None:
            raise NotFound(f"{app!r} has no preview of pull request {number}")
        return row

    async def of(self, app: str) -> Sequence[PullRow]:
        """Those that are open, newest first."""
        where = (_pulls.c.app == app, _pulls.c.state != PullState.CLOSED)
        query = sa.select(_pulls).where(*where).order_by(_pulls.c.number.desc())
        return [_row(row) for row in await self._connection.execute(query)]

    async def put(self, row: PullRow) -> None:
        """Its comment is to be brought up to date."""
        row = replace(row, settled=False, attempts=0)
        changed = sa.update(_pulls).where(*_is(row.app, row.number)).values(asdict(row)).returning(_pulls.c.app)
        if (await self._connection.execute(changed)).first() is None:
            await self._connection.execute(sa.insert(_pulls).values(asdict(row)))

    async def close(self, app: str, number: int, *, now: datetime) -> None:
        values = {"state": PullState.CLOSED, "settled": False, "next_at": now}
        await self._connection.execute(sa.update(_pulls).where(*_is(app, number)).values(values))

    async def stir(self, app: str, number: int, *, now: datetime) -> None:
        """Its preview is gone: the comment is to say so."""
        await self._connection.execute(sa.update(_pulls).where(*_is(app, number)).values(settled=False, next_at=now))

    async def close_all(self, app: str, *, now: datetime) -> None:
        """For an app that is gone."""
        values = {"state": PullState.CLOSED, "settled": False, "next_at": now}
        open_ones = (_pulls.c.app == app, _pulls.c.state != PullState.CLOSED)
        await self._connection.execute(sa.update(_pulls).where(*open_ones).values(values))

    async def due(self, *, now: datetime, limit: int = 100) -> Sequence[PullRow]:
        where = (sa.not_(_pulls.c.settled), _pulls.c.next_at <= now)
        rows = await self._connection.execute(sa.select(_pulls).where(*where).order_by(_pulls.c.next_at).limit(limit))
        return [_row(row) for row in rows]

    async def begin(self, row: PullRow, *, until: datetime) -> bool:
        """Whether it is the caller who writes the comment, until then."""
        where = (*_is(row.app, row.number), _pulls.c.next_at == row.next_at)
        query = sa.update(_pulls).where(*where).values(next_at=until).returning(_pulls.c.app)
        return (await self._connection.execute(query)).first() is not None

    async def told(self, row: PullRow, text: str, *, comment: int | None, settled: bool, next_at: datetime) -> None:
        """A comment says `text` now; `settled` only if the row is still the one that it was written for."""
        await self._update(row, told=text, comment=comment, next_at=next_at, attempts=0)
        if settled:
            same = (_pulls.c.state == row.state, _pulls.c.sha == row.sha, _pulls.c.changed_at == row.changed_at)
            query = sa.update(_pulls).where(*_is(row.app, row.number), *same)
            await self._connection.execute(query.values(settled=True))

    async def put_off(self, row: PullRow, *, until: datetime, settled: bool = False) -> None:
        await self._update(row, attempts=row.attempts + 1, next_at=until, settled=settled)

    async def _update(self, row: PullRow, **values: Any) -> None:
        await self._connection.execute(sa.update(_pulls).where(*_is(row.app, row.number)).values(values))


def _is(app: str, number: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return _pulls.c.app == app, _pulls.c.number == number


def _row(row: sa.Row[Any]) -> PullRow:
    return PullRow(**{**row._asdict(), "state": PullState(row.state)})
