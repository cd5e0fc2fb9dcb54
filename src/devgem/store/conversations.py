"""Conversations; what is said in one are the events of its stream."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import NotFound
from devgem.store import tables

_conversations = tables.conversations


@dataclass(frozen=True)
class Conversation:
    id: str
    title: str
    created_at: datetime


class Conversations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, conversation: Conversation) -> None:
        values = {"id": conversation.id, "title": conversation.title, "created_at": conversation.created_at}
        await self._connection.execute(sa.insert(_conversations).values(values))

    async def get(self, id: str) -> Conversation:
        row = (await self._connection.execute(sa.select(_conversations).where(_conversations.c.id == id))).first()
        if row is None:
            raise NotFound(f"there is no conversation {id!r}")
        return Conversation(*row)

    async def page(self, *, before: str | None = None, limit: int = 50) -> list[Conversation]:
        """Newest first; `before` is the id where the last page ended."""
        query = sa.select(_conversations).order_by(_conversations.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_conversations.c.id < before)
        return [Conversation(*row) for row in await self._connection.execute(query)]

    async def titles(self, ids: Collection[str]) -> dict[str, str]:
        query = sa.select(_conversations.c.id, _conversations.c.title).where(_conversations.c.id.in_(ids))
        return {row.id: row.title for row in await self._connection.execute(query)}

    async def rename(self, id: str, title: str) -> None:
        query = sa.update(_conversations).where(_conversations.c.id == id).values(title=title)
        await self._connection.execute(query)
