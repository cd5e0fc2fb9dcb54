"""What models cost, what is known of a commit, users' keys: over every database."""

from datetime import UTC, datetime, timedelta

import pytest

from devgem.domain.errors import Unavailable
from devgem.store import Store
from tests.contracts.conftest import KEY

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_tokens_and_cost_add_up_by_conversation_and_by_day(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.spending.add(NOON, "ann", "c1", 100, 0.001)
        await transaction.spending.add(NOON, "ann", "c1", 50, None)
        await transaction.spending.add(NOON, "ann", "c2", 10, 0.0002)
        await transaction.spending.add(NOON - timedelta(days=1), "ann", "c1", 7, 0.0)
        await transaction.spending.add(NOON, "bob", "c3", 1000, 1.0)
    async with store.read() as transaction:
        conversation = await transaction.spending.of_conversation("c1")
        day = await transaction.spending.of_day(NOON, "ann")
        everybody = await transaction.spending.of_day(NOON)
    assert (conversation.tokens, conversation.unpriced_tokens) == (157, 50)
    assert conversation.cost_usd == pytest.approx(0.001)
    assert day.tokens == 160
    assert everybody.tokens == 1160


async def test_a_user_sees_what_the_own_conversations_cost(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.spending.add(NOON, "ann", "c1", 100, 0.001)
        await transaction.spending.add(NOON - timedelta(days=1), "ann", "c1", 50, None)
        await transaction.spending.add(NOON, "ann", "c2", 200, 0.002)
        await transaction.spending.add(NOON - timedelta(days=40), "ann", "c0", 900, 0.0)
        await transaction.spending.add(NOON, "bob", "c3", 1000, 1.0)
    async with store.read() as transaction:
        found = await transaction.spending.by_conversation("ann", NOON - timedelta(days=30), 10)
        most = await transaction.spending.by_conversation("ann", NOON - timedelta(days=30), 1)
    assert [(id, spent.tokens, spent.unpriced_tokens) for id, spent in found] == [("c2", 200, 0), ("c1", 150, 50)]
    assert [id for id, _ in most] == ["c2"]


async def test_an_analysis_is_kept_once_and_for_a_month(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.analyses.keep("k", {"stack": "flask"}, now=NOON)
        await transaction.analyses.keep("k", {"stack": "other"}, now=NOON)
        assert await transaction.analyses.find("k") == {"stack": "flask"}
        await transaction.analyses.keep("later", {}, now=NOON + timedelta(days=31))
        assert await transaction.analyses.find("k") is None


async def test_a_users_key_is_sealed_and_bound_to_its_user(store: Store, database_url: str) -> None:
    async with store.write() as transaction:
        await transaction.user_keys.set("ann", "gemini", "AIza-first")
        await transaction.user_keys.set("ann", "gemini", "AIza-second")
        assert await transaction.user_keys.get("ann", "gemini") == "AIza-second"
        assert await transaction.user_keys.get("bob", "gemini") is None
    other = await Store.open(database_url, key=b"x" * len(KEY))
    async with other.read() as transaction:
        with pytest.raises(Unavailable):
            await transaction.user_keys.get("ann", "gemini")
    await other.close()
    async with store.write() as transaction:
        await transaction.user_keys.remove("ann", "gemini")
        assert await transaction.user_keys.get("ann", "gemini") is None
