"""The event log: what every database must keep to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from devgem.domain.event import Event
from devgem.store import Batch, Fact, Store


def facts(count: int, first: int = 0) -> list[Fact]:
    return [Fact("log", {"text": f"line {number}"}) for number in range(first, first + count)]


async def take(batches: AsyncIterator[Batch], count: int) -> list[Event]:
    taken: list[Event] = []
    async with asyncio.timeout(30):
        while len(taken) < count:
            taken.extend(await anext(batches))
    return taken


async def test_events_are_numbered_from_one_in_their_stream(store: Store) -> None:
    await store.append("a", facts(3))
    await store.append("b", facts(1))
    await store.append("a", facts(2, first=3))

    events = await store.events("a")

    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.data["text"] for event in events] == [f"line {number}" for number in range(5)]
    assert [event.seq for event in await store.events("b")] == [1]


async def test_many_writers_leave_neither_a_gap_nor_a_double(store: Store, other_store: Store) -> None:
    writers = [(store, other_store)[n % 2].append("a", facts(n % 4 + 1), also=["all"]) for n in range(60)]
    await asyncio.gather(*writers)

    total = sum(n % 4 + 1 for n in range(60))
    for stream in ("a", "all"):
        assert [event.seq for event in await store.events(stream)] == list(range(1, total + 1))


async def test_a_fact_with_a_key_is_appended_once(store: Store, other_store: Store) -> None:
    fact = Fact("deployment.requested", {"deployment": "dep_1"}, key="requested")
    appended = await asyncio.gather(*(each.append("a", [fact], also=["all"]) for each in [store, other_store] * 10))

    assert sum(map(len, appended)) == 1
    assert len(await store.events("a")) == 1
    assert len(await store.events("all")) == 1


async def test_of_facts_appended_together_only_the_new_ones_are_added(store: Store) -> None:
    await store.append("a", [Fact("x", {}, key="1")])
    batch = await store.append("a", [Fact("x", {}, key="1"), Fact("y", {}, key="2"), Fact("z", {})])
    assert [(event.seq, event.type) for event in batch] == [(2, "y"), (3, "z")]


async def test_a_transaction_that_fails_leaves_no_gap_and_tells_nobody(store: Store) -> None:
    async with aclosing(store.follow("a")) as batches:
        with pytest.raises(RuntimeError):
            async with store.write() as transaction:
                await transaction.events.append("a", facts(3))
                raise RuntimeError
        await store.append("a", facts(1, first=7))
        assert [(event.seq, event.data["text"]) for event in await take(batches, 1)] == [(1, "line 7")]


async def test_writers_that_are_cancelled_midway_do_no_harm(store: Store) -> None:
    async def write(number: int) -> None:
        await store.append("a", facts(2, first=number))

    writers = [asyncio.create_task(write(number)) for number in range(40)]
    for turn, writer in enumerate(writers):
        for _ in range(turn % 7 * 5):
            await asyncio.sleep(0)
        if turn % 2:
            writer.cancel()
    outcomes = await asyncio.gather(*writers, return_exceptions=True)
    await store.append("a", facts(1))

    events = await store.events("a", limit=1000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    finished = sum(outcome is None for outcome in outcomes)
    assert finished * 2 + 1 <= len(events) <= 81


async def test_data_and_times_come_back_as_they_were(store: Store) -> None:
    at = datetime(2026, 11, 23, 12, 30, 15, 123457, tzinfo=UTC)
    data = {"text": "é ✓ 🚀 \x00 \x1b[31m \ud800 \u2028", "deep": [1, 2.5, None, {"a": True}]}
    await store.append("a", [Fact("log", data, at=at)])

    (event,) = await store.events("a")

    assert (event.at, event.data) == (at, data)


async def test_a_batch_as_json_is_what_its_events_are(store: Store) -> None:
    await store.append("a", facts(2))
    batch = await store.events("a")
    assert json.loads(batch.json) == [
        {"seq": event.seq, "type": event.type, "at": event.at.isoformat(), "data": event.data} for event in batch
    ]


async def test_a_page_ends_at_its_limit(store: Store) -> None:
    await store.append("a", facts(10))
    assert [event.seq for event in await store.events("a", after=3, limit=4)] == [4, 5, 6, 7]


async def test_a_follower_gets_what_was_and_what_comes(store: Store) -> None:
    await store.append("a", facts(5))
    async with aclosing(store.follow("a", after=2)) as batches:
        assert [event.seq for event in await take(batches, 3)] == [3, 4, 5]
        await store.append("a", facts(2, first=5))
        assert [event.seq for event in await take(batches, 2)] == [6, 7]


async def test_a_follower_hears_of_another_process(store: Store, other_store: Store) -> None:
    async with aclosing(other_store.follow("a")) as batches:
        for number in range(3):
            await store.append("a", facts(1, first=number))
            assert [event.seq for event in await take(batches, 1)] == [number + 1]


async def test_followers_from_anywhere_see_everything_once_while_two_processes_write(
    store: Store, other_store: Store
) -> None:
    total = 2000

    async def follow(each: Store, after: int, patience: int) -> list[int]:
        seen: list[int] = []
        async with aclosing(each.follow("a", after=after)) as batches:
            while not seen or seen[-1] < total:
                for _ in range(patience):
                    await asyncio.sleep(0)
                seen.extend(event.seq for event in await anext(batches))
        return seen

    async def write(each: Store) -> None:
        for number in range(20):
            await each.append("a", facts(50, first=number))

    starts = [
        (each, after, patience) for each in (store, other_store) for after in (0, 70, 999) for patience in (0, 50)
    ]
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        followers = [tasks.create_task(follow(*start)) for start in starts]
        for each in (store, other_store):
            tasks.create_task(write(each))

    for (_, after, _), follower in zip(starts, followers, strict=True):
        assert follower.result() == list(range(after + 1, total + 1))


async def test_a_follower_who_sleeps_through_a_flood_finds_all_of_it(store: Store) -> None:
    async with aclosing(store.follow("a")) as slow:
        await store.append("a", facts(1))
        await take(slow, 1)
        for number in range(30):
            await store.append("a", facts(1000, first=number))
        assert [event.seq for event in await take(slow, 30_000)] == list(range(2, 30_002))


async def test_followers_share_the_batches(store: Store) -> None:
    async with aclosing(store.follow("a")) as one, aclosing(store.follow("a")) as other:
        waiting = [asyncio.ensure_future(anext(each)) for each in (one, other)]
        await asyncio.sleep(0)
        await store.append("a", facts(3))
        assert await waiting[0] is await waiting[1]


async def test_a_follower_sees_from_the_gap_what_was_trimmed(store: Store) -> None:
    await store.append("a", facts(10))
    async with store.write() as transaction:
        await transaction.events.trim("a", before=8)

    state = await store.state("a")
    assert (state.first, state.head) == (8, 10)
    async with aclosing(store.follow("a", after=3)) as batches:
        assert [event.seq for event in await take(batches, 3)] == [8, 9, 10]
    await store.append("a", facts(1))
    assert (await store.state("a")).head == 11


async def test_a_stream_that_nobody_wrote_is_empty(store: Store) -> None:
    state = await store.state("nothing")
    assert (state.head, state.first) == (0, 1)
    assert not await store.events("nothing")


async def test_the_epoch_stays_until_it_is_renewed(store: Store, other_store: Store, database_url: str) -> None:
    assert other_store.epoch == store.epoch
    before = store.epoch
    await store.renew_epoch()
    again = await Store.open(database_url, key=b"k" * 32)
    await again.close()
    assert again.epoch == store.epoch != before
