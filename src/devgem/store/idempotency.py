"""Idempotency keys: a request that is sent again gets the answer of the first time.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.errors import Conflict, InvalidInput
from devgem.store import tables

_keys = tables.idempotency
_KEPT = timedelta(hours=24)
_UNANSWERED_KEPT = timedelta(minutes=1)
"""After this long, a request without an answer is taken to have died with its process."""


@dataclass(frozen=True)
class Answer:
    """What was answered: HTTP status, headers that matter (Location), the JSON body."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Replay:
    """The request was served before, with this answer."""

    answer: Answer


class Idempotency:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, user: str, key: str, fingerprint: str, *, now: datetime) -> Replay | None:
        """None: this is the first time that this user uses the key, serve it. Raises Conflict while the first request
        is being served, and InvalidInput when the key was used for another request (another `fingerprint`)."""
        await self._connection.execute(sa.delete(_keys).where(_gone(now)))
        added = sa.text(
            "INSERT INTO idempotency (key, fingerprint, at) VALUES (:key, :fingerprint, :at)"
            " ON CONFLICT (key) DO NOTHING RETURNING key"
        )
        values = {"key": _bound(user, key), "fingerprint": fingerprint, "at": tables.to_micros(now)}
        if (await self._connection.execute(added, values)).first():
            return None
        row = (await self._connection.execute(sa.select(_keys).where(_keys.c.key == _bound(user, key)))).one()
        if row.fingerprint != fingerprint:
            raise InvalidInput(
                f"the Idempotency-Key {key!r} was used for another request",
                fix="Use a new key for every new request.",
                code="idempotency_key_reused",
            )
        if row.answer is None:
            raise Conflict(
                f"the request with Idempotency-Key {key!r} is still being served",
                fix="Ask again in a moment.",
                code="idempotency_key_in_use",
            )
        return Replay(Answer(**row.answer))

    async def finish(self, user: str, key: str, answer: Answer) -> None:
        where = _keys.c.key == _bound(user, key)
        await self._connection.execute(sa.update(_keys).where(where).values(answer=asdict(answer)))

    async def abandon(self, user: str, key: str) -> None:
        """The request failed for a reason of ours: it may be sent again."""
        await self._connection.execute(sa.delete(_keys).where(_keys.c.key == _bound(user, key), _unanswered()))


def _bound(user: str, key: str) -> str:
    """A user's id holds no space: no key of one is a key of another."""
    return f"{user} {key}"


def _unanswered() -> sa.ColumnElement[bool]:
    return _keys.c.answer.is_(sa.null())


def _gone(now: datetime) -> sa.ColumnElement[bool]:
    return (_keys.c.at <= now - _KEPT) | (_unanswered() & (_keys.c.at <= now - _UNANSWERED_KEPT))
