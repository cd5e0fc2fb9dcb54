"""How long each step of an app usually takes."""

from statistics import median

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_durations = tables.durations
_KEPT = 5


class Durations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def usual(self, app: str, step: str) -> float | None:
        """The median of the last five times, in seconds."""
        seconds = await self._last(app, step)
        return round(median(seconds), 3) if seconds else None

    async def add(self, app: str, step: str, seconds: float) -> None:
        kept = [*await self._last(app, step), seconds][-_KEPT:]
        where = (_durations.c.app == app, _durations.c.step == step)
        await self._connection.execute(sa.delete(_durations).where(*where))
        await self._connection.execute(sa.insert(_durations).values(app=app, step=step, seconds=kept))

    async def _last(self, app: str, step: str) -> list[float]:
        query = sa.select(_durations.c.seconds).where(_durations.c.app == app, _durations.c.step == step)
        return list((await self._connection.execute(query)).scalar() or [])
