"""What models have used, counted in the database; and where nothing of it costs, nothing."""

from datetime import UTC, datetime

from devgem.agent.brain import Asker
from devgem.agent.budget import Spent
from devgem.store import Store, Transaction


class Counted:
    """By conversation, and by user and day (UTC)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, asker: Asker) -> Spent:
        async with self._store.read() as transaction:
            return await _spent(transaction, asker, datetime.now(UTC))

    async def add(self, asker: Asker, tokens: int, cost_usd: float | None) -> Spent:
        now = datetime.now(UTC)
        async with self._store.write() as transaction:
            await transaction.spending.add(now, asker.user, asker.conversation, tokens, cost_usd)
            return await _spent(transaction, asker, now)


async def _spent(transaction: Transaction, asker: Asker, now: datetime) -> Spent:
    conversation = await transaction.spending.of_conversation(asker.conversation)
    day = await transaction.spending.of_day(now, asker.user)
    return Spent(conversation.tokens, day.tokens, day.cost_usd)


class Uncounted:
    """For models that are not metered."""

    async def of(self, asker: Asker) -> Spent:
        return Spent()

    async def add(self, asker: Asker, tokens: int, cost_usd: float | None) -> Spent:
        return Spent()
