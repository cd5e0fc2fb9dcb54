"""The append-only event log: writing and reading it within a transaction.

A stream's row in `streams` is its counter and, while a transaction has changed it, its lock: so `seq` has neither a
gap nor a double, whoever writes. Log lines come here by the thousand, hence plain SQL and tuples on this path.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.event import Event
from devgem.domain.ids import parent_of
from devgem.domain.users import OPERATOR
from devgem.store import tables
from devgem.store.batch import Batch
from devgem.store.tables import from_micros, to_micros

_streams, _events = tables.streams, tables.events

_ADVANCE = sa.text(
    "INSERT INTO streams (name, head, first) VALUES (:name, :count, 1)"
    " ON CONFLICT (name) DO UPDATE SET head = streams.head + :count RETURNING id, head"
)
_INSERT_SQLITE = "INSERT INTO events (stream_id, seq, type, at, data, key) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_POSTGRESQL = (
    "INSERT INTO events (stream_id, seq, type, at, data, key) SELECT * FROM"
    " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[])"
)


class Fact(NamedTuple):
    """What is to be appended. A fact whose `key` its stream already holds is not appended again. `at` is now
    when it is not given."""

    type: str
    data: dict[str, Any]
    key: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class StreamState:
    """`head` is the seq of the newest event, 0 for an empty stream; events before `first` have been trimmed."""

    head: int = 0
    first: int = 1


class Events:
    """The log as one transaction sees it. `appended` are the batches to announce once it is committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.appended: dict[str, list[Batch]] = {}

    async def append(self, stream: str, facts: Sequence[Fact], *, also: Sequence[str] = ()) -> Batch:
        """Appends the facts that `stream` does not hold yet to it, and the same ones to the streams in `also`.
        Returns what is new in `stream`."""
        facts = await self._new(stream, facts)
        if not facts:
            return Batch((), ())
        now = datetime.now(UTC)
        texts = tuple(json.dumps(fact.data, separators=(",", ":")) for fact in facts)
        batch, *_ = [await self._write(name, facts, texts, now) for name in (stream, *also)]
        return batch

    async def tell_of_app(self, app: str, facts: Sequence[Fact]) -> None:
        """Appends them to the app's stream and to that of all its owner's apps, in which previews do not appear."""
        query = sa.select(tables.apps.c.owner).where(tables.apps.c.name == app)
        owner = (await self._connection.execute(query)).scalar() or OPERATOR
        await self.append(f"app:{app}", facts, also=() if parent_of(app) else (apps_stream(owner),))

    async def hand_over(self, stream: str, owner: str) -> None:
        """The stream is this owner's from now on: what it told of another one's is forgotten."""
        _, head = await self._advance(stream, 0)
        query = sa.select(sa.func.coalesce(_streams.c.owner, OPERATOR)).where(_streams.c.name == stream)
        if (await self._connection.execute(query)).scalar_one() != owner:
            await self.trim(stream, before=head + 1)
            await self._connection.execute(sa.update(_streams).where(_streams.c.name == stream).values(owner=owner))

    async def state(self, stream: str) -> StreamState:
        query = sa.select(_streams.c.head, _streams.c.first).where(_streams.c.name == stream)
        row = (await self._connection.execute(query)).first()
        return StreamState(*row) if row else StreamState()

    async def read(self, stream: str, *, after: int = 0, limit: int = 1000) -> Batch:
        """The next `limit` events with a seq > `after`. A first seq beyond `after` + 1 means that what lies between
        was trimmed."""
        query = (
            sa.select(_events.c.seq, _events.c.type, sa.type_coerce(_events.c.at, sa.BigInteger), _events.c.data)
            .join(_streams, _streams.c.id == _events.c.stream_id)
            .where(_streams.c.name == stream, _events.c.seq > after)
            .order_by(_events.c.seq)
            .limit(limit)
        )
        rows = (await self._connection.execute(query)).all()
        events = tuple(Event(stream, seq, type, from_micros(at), json.loads(data)) for seq, type, at, data in rows)
        return Batch(events, tuple(row.data for row in rows))

    async def find(self, stream: str, key: str) -> Event | None:
        """The event that was appended with this key."""
        query = (
            sa.select(_events.c.seq, _events.c.type, _events.c.at, _events.c.data)
            .join(_streams, _streams.c.id == _events.c.stream_id)
            .where(_streams.c.name == stream, _events.c.key == key)
        )
        row = (await self._connection.execute(query)).first()
        return Event(stream, row.seq, row.type, row.at, json.loads(row.data)) if row else None

    async def trim(self, stream: str, *, before: int) -> None:
        """Forgets the events with a seq < `before`; followers who still want them are told by the gap in seq."""
        query = (
            sa.update(_streams)
            .where(_streams.c.name == stream, _streams.c.first < before, _streams.c.head >= before - 1)
            .values(first=before)
            .returning(_streams.c.id)
        )
        stream_id = (await self._connection.execute(query)).scalar()
        if stream_id is not None:
            gone = sa.delete(_events).where(_events.c.stream_id == stream_id, _events.c.seq < before)
            await self._connection.execute(gone)

    async def _new(self, stream: str, facts: Sequence[Fact]) -> Sequence[Fact]:
        keys = {fact.key for fact in facts if fact.key is not None}
        if not keys:
            return facts
        await self._advance(stream, 0)  # the lock: nobody adds one of the keys after this look
        query = (
            sa.select(_events.c.key)
            .join(_streams, _streams.c.id == _events.c.stream_id)
            .where(_streams.c.name == stream, _events.c.key.in_(keys))
        )
        held = set((await self._connection.execute(query)).scalars())
        return [fact for fact in facts if fact.key not in held]

    async def _advance(self, stream: str, count: int) -> tuple[int, int]:
        row = (await self._connection.execute(_ADVANCE, {"name": stream, "count": count})).one()
        return row.id, row.head

    async def _write(self, stream: str, facts: Sequence[Fact], texts: tuple[str, ...], now: datetime) -> Batch:
        stream_id, head = await self._advance(stream, len(facts))
        events = tuple(
            Event(stream, seq, fact.type, fact.at or now, fact.data)
            for seq, fact in enumerate(facts, head - len(facts) + 1)
        )
        rows = [
            (stream_id, event.seq, str(event.type), to_micros(event.at), text, fact.key)
            for event, text, fact in zip(events, texts, facts, strict=True)
        ]
        if self._connection.dialect.name == "sqlite":
            await self._connection.exec_driver_sql(_INSERT_SQLITE, rows)
        else:
            columns = tuple(list(column) for column in zip(*rows, strict=True))
            await self._connection.exec_driver_sql(_INSERT_POSTGRESQL, columns)
        batch = Batch(events, texts)
        self.appended.setdefault(stream, []).append(batch)
        return batch


def apps_stream(user: str) -> str:
    """The stream of all apps of a user."""
    return f"apps:{user}"
