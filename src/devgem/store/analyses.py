"""What was found out about a commit, kept: asking twice costs nothing."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_analyses = tables.analyses
_KEPT = timedelta(days=30)


class Analyses:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, key: str) -> Any | None:
        query = sa.select(_analyses.c.document).where(_analyses.c.key == key)
        return (await self._connection.execute(query)).scalar()

    async def keep(self, key: str, document: Any, *, now: datetime) -> None:
        """For 30 days; what is there already stays."""
        await self._connection.execute(sa.delete(_analyses).where(_analyses.c.at < now - _KEPT))
        if await self.find(key) is None:
            await self._connection.execute(sa.insert(_analyses).values(key=key, document=document, at=now))
