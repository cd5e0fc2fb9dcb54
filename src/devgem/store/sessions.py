"""Signed-in browsers. The database holds hashes of their tokens only."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_sessions = tables.sessions
_SEEN_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True)
class Session:
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
        columns = (_sessions.c.user, _sessions.c.created_at, _sessions.c.seen_at, _sessions.c.expires_at)
        row = (await self._connection.execute(sa.select(*columns).where(_sessions.c.id == _hash(token)))).first()
        if row is None or row.expires_at <= now or row.seen_at + idle <= now:
            return None
        return Session(*row)

    async def touch(self, token: str, *, now: datetime) -> None:
        """Notes that the session is in use, to the minute."""
        stale = (_sessions.c.id == _hash(token), _sessions.c.seen_at < now - _SEEN_PRECISION)
        await self._connection.execute(sa.update(_sessions).where(*stale).values(seen_at=now))

    async def revoke(self, token: str) -> None:
        await self._connection.execute(sa.delete(_sessions).where(_sessions.c.id == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
