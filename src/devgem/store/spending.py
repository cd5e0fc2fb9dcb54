"""What models have used: tokens and cost by day, user and conversation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_spending = tables.spending
_KEPT = timedelta(days=400)
_NANOS = 1_000_000_000


@dataclass(frozen=True)
class Spent:
    """`cost_usd` leaves out the `unpriced_tokens`, whose price is not known."""

    tokens: int = 0
    cost_usd: float = 0.0
    unpriced_tokens: int = 0


class Spending:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, now: datetime, user: str, conversation: str, tokens: int, cost_usd: float | None) -> None:
        """Days begin at midnight UTC."""
        values = {
            "day": _day(now),
            "user": user,
            "conversation": conversation,
            "tokens": tokens,
            "cost_nanos": round((cost_usd or 0.0) * _NANOS),
            "unpriced_tokens": tokens if cost_usd is None else 0,
        }
        more = sa.text(
            'INSERT INTO spending (day, "user", conversation, tokens, cost_nanos, unpriced_tokens)'
            " VALUES (:day, :user, :conversation, :tokens, :cost_nanos, :unpriced_tokens)"
            ' ON CONFLICT (day, "user", conversation) DO UPDATE SET tokens = spending.tokens + excluded.tokens,'
            " cost_nanos = spending.cost_nanos + excluded.cost_nanos,"
            " unpriced_tokens = spending.unpriced_tokens + excluded.unpriced_tokens"
        )
        await self._connection.execute(more, values)
        await self._connection.execute(sa.delete(_spending).where(_spending.c.day < _day(now - _KEPT)))

    async def of_conversation(self, conversation: str) -> Spent:
        return await self._sum(_spending.c.conversation == conversation)

    async def of_day(self, now: datetime, user: str | None = None) -> Spent:
        """Of one user, or of all."""
        by_user = () if user is None else (_spending.c.user == user,)
        return await self._sum(_spending.c.day == _day(now), *by_user)

    async def by_conversation(self, user: str, since: datetime, limit: int) -> list[tuple[str, Spent]]:
        """The user's conversations that used most since a day, by tokens, with their sums."""
        tokens = sa.func.sum(_spending.c.tokens)
        rest = (sa.func.sum(_spending.c.cost_nanos), sa.func.sum(_spending.c.unpriced_tokens))
        query = (
            sa.select(_spending.c.conversation, tokens, *rest)
            .where(_spending.c.user == user, _spending.c.day >= _day(since))
            .group_by(_spending.c.conversation)
            .order_by(tokens.desc(), _spending.c.conversation)
            .limit(limit)
        )
        rows = await self._connection.execute(query)
        return [(row[0], Spent(int(row[1]), int(row[2]) / _NANOS, int(row[3]))) for row in rows]

    async def _sum(self, *where: sa.ColumnElement[bool]) -> Spent:
        columns = (_spending.c.tokens, _spending.c.cost_nanos, _spending.c.unpriced_tokens)
        query = sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in columns)).where(*where)
        tokens, nanos, unpriced = (await self._connection.execute(query)).one()
        return Spent(int(tokens), int(nanos) / _NANOS, int(unpriced))


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()
