"""Signed-in browsers. The database holds hashes of their tokens only."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_sessions = tables.sessions
_SEEN_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True)
class Session:
    """`id` names the session and opens nothing: it comes from the hash of its token."""

    id: str
    user: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Sessions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, user: str, *, now: datetime, lifetime: timedelta) -> str:
        """Returns the token, 256 random bits, that nobody else knows."""
        token = secrets.token_urlsafe(32)
        values = {"id": _hash(token), "user": user, "created_at": now, "seen_at": now, "expires_at": now + lifetime}
        await self._connection.execute(sa.delete(_sessions).where(_sessions.c.expires_at <= now))
        await self._connection.execute(sa.insert(_sessions).values(values))
        return token

    async def find(self, token: str, *, now: datetime, idle: timedelta) -> Session | None:
        """The session, unless it has ended or has not been seen for `idle`."""
        query = sa.select(_sessions).where(_sessions.c.id == _hash(token), *_live(now, idle))
        row = (await self._connection.execute(query)).first()
        return _session(row) if row else None

    async def of(self, user: str, *, now: datetime, idle: timedelta) -> list[Session]:
        """The user's sessions that have not ended, the last seen first."""
        query = sa.select(_sessions).where(_sessions.c.user == user, *_live(now, idle))
        rows = await self._connection.execute(query.order_by(_sessions.c.seen_at.desc(), _sessions.c.id))
        return [_session(row) for row in rows]

    async def live(self, ids: Collection[str], *, now: datetime, idle: timedelta) -> set[str]:
        """Those of the ids that name a session which has not ended."""
        keys = [bytes.fromhex(id) for id in ids]
        query = sa.select(_sessions.c.id).where(_sessions.c.id.in_(keys), *_live(now, idle))
        return {key.hex() for key in (await self._connection.execute(query)).scalars()}

    async def touch(self, token: str, *, now: datetime) -> None:
        """Notes that the session is in use, to the minute."""
        stale = (_sessions.c.id == _hash(token), _sessions.c.seen_at < now - _SEEN_PRECISION)
        await self._connection.execute(sa.update(_sessions).where(*stale).values(seen_at=now))

    async def revoke(self, token: str) -> None:
        await self._connection.execute(sa.delete(_sessions).where(_sessions.c.id == _hash(token)))

    async def end(self, id: str, user: str) -> bool:
        """Ends a session of the user by its id. False when there is none."""
        try:
            key = bytes.fromhex(id)
        except ValueError:
            return False
        query = sa.delete(_sessions).where(_sessions.c.id == key, _sessions.c.user == user)
        return (await self._connection.execute(query.returning(_sessions.c.id))).first() is not None


def _session(row: sa.Row[Any]) -> Session:
    return Session(row.id.hex(), row.user, row.created_at, row.seen_at, row.expires_at)


def _live(now: datetime, idle: timedelta) -> tuple[sa.ColumnElement[bool], ...]:
    return (_sessions.c.expires_at > now, _sessions.c.seen_at > now - idle)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
