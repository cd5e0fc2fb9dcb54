"""Conversations; what is said in one are the events of its stream."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import NotFound
from devgem.store import tables
from devgem.store.owners import Scope

_conversations = tables.conversations


@dataclass(frozen=True)
class Conversation:
    """`updated_at` is when something was said in it last; `owner` None, before it is stored: whoever stores it."""

    id: str
    title: str
    created_at: datetime
    owner: str | None = None
    pinned: bool = False
    updated_at: datetime | None = None


class Conversations:
    def __init__(self, connection: AsyncConnection, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope
        self._own = scope.own(_conversations.c.owner)

    async def add(self, conversation: Conversation) -> None:
        values = {
            "id": conversation.id,
            "title": conversation.title,
            "created_at": conversation.created_at,
            "owner": conversation.owner or self._scope.maker,
            "pinned": conversation.pinned,
            "updated_at": conversation.updated_at or conversation.created_at,
        }
        await self._connection.execute(sa.insert(_conversations).values(values))

    async def get(self, id: str) -> Conversation:
        query = sa.select(_conversations).where(_conversations.c.id == id, *self._own)
        row = (await self._connection.execute(query)).first()
        if row is None:
            raise NotFound(f"there is no conversation {id!r}")
        return Conversation(*row)

    async def page(self, *, text: str = "", after: str | None = None, limit: int = 50) -> list[Conversation]:
        """The pinned ones first, then by when something was said last; only those whose title or user's words hold
        `text`, whatever the case. `after` is the id where the last page ended. Raises NotFound for an unknown one."""
        columns = (_conversations.c.pinned, _conversations.c.updated_at, _conversations.c.id)
        query = sa.select(_conversations).where(*self._own).order_by(*(column.desc() for column in columns))
        if text:
            query = query.where(_holds(_conversations.c.title, text) | _said(text))
        if after is not None:
            last = await self.get(after)
            values = zip(columns, (last.pinned, last.updated_at, last.id), strict=True)
            ended = sa.tuple_(*(sa.literal(value, column.type) for column, value in values))
            query = query.where(sa.tuple_(*columns) < ended)
        return [Conversation(*row) for row in await self._connection.execute(query.limit(limit))]

    async def pin(self, id: str, pinned: bool) -> None:
        query = sa.update(_conversations).where(_conversations.c.id == id, *self._own).values(pinned=pinned)
        await self._connection.execute(query)

    async def titles(self, ids: Collection[str]) -> dict[str, str]:
        query = sa.select(_conversations.c.id, _conversations.c.title).where(_conversations.c.id.in_(ids))
        return {row.id: row.title for row in await self._connection.execute(query)}

    async def rename(self, id: str, title: str) -> None:
        query = sa.update(_conversations).where(_conversations.c.id == id, *self._own).values(title=title)
        await self._connection.execute(query)

    async def touch(self, id: str, *, now: datetime) -> None:
        """Notes that something was said in it."""
        query = sa.update(_conversations).where(_conversations.c.id == id, *self._own).values(updated_at=now)
        await self._connection.execute(query)


def _said(text: str) -> sa.ColumnElement[bool]:
    turns = tables.turns
    return sa.exists().where(turns.c.conversation == _conversations.c.id, _holds(turns.c.said, text))


def _holds(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(column).contains(text.lower(), autoescape=True)
