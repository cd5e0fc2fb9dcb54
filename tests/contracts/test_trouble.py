"""A database in trouble: writers wait, nothing is lost, and what cannot be done is named."""

import asyncio
import sqlite3
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest

from devgem.domain.errors import Unavailable
from devgem.store import Fact, Store
from tests.contracts.conftest import KEY
from tests.contracts.postgres import Server, running_server

LOCKED_SECONDS = 1.0


async def append_numbers(store: Store, count: int) -> None:
    for number in range(count):
        await store.append("a", [Fact("log", {"text": str(number)})])


async def numbers(store: Store) -> list[int]:
    return [int(event.data["text"]) for event in await store.events("a", limit=10_000)]


async def test_writers_wait_for_a_program_that_holds_sqlite(tmp_path: Path) -> None:
    """F-20"""
    path = tmp_path / "devgem.db"
    store = await Store.open(f"sqlite:///{path}", key=KEY)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    writing = asyncio.gather(*(append_numbers(store, 20) for _ in range(3)))
    done, _ = await asyncio.wait({writing}, timeout=LOCKED_SECONDS)
    assert not done
    assert await numbers(store) == []  # readers do not wait
    holder.execute("COMMIT")
    holder.close()
    await asyncio.wait_for(writing, 10)

    assert sorted(await numbers(store)) == sorted([*range(20)] * 3)
    await store.close()


async def test_writers_wait_for_a_program_that_holds_a_table_of_postgresql(postgres: Server) -> None:
    """F-20"""
    url = postgres.new_database()
    store = await Store.open(url, key=KEY)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        writing = asyncio.create_task(append_numbers(store, 20))
        done, _ = await asyncio.wait({writing}, timeout=LOCKED_SECONDS)
        assert not done
        holder.rollback()
    await asyncio.wait_for(writing, 10)
    assert await numbers(store) == [*range(20)]
    await store.close()


async def test_a_process_that_stands_still_in_a_transaction_holds_nobody_up_for_long(postgres: Server) -> None:
    """F-05"""
    url = postgres.new_database()
    store, other = await Store.open(url, key=KEY), await Store.open(url, key=KEY)
    with pytest.raises(Unavailable):
        async with store.write() as transaction:
            await transaction.events.append("a", [Fact("log", {"text": "never"})])
            async with asyncio.timeout(30):
                await append_numbers(other, 1)
            await transaction.events.append("a", [Fact("log", {"text": "never"})])
    assert await numbers(other) == [0]
    await store.close()
    await other.close()


async def test_a_lock_that_never_ends_is_named(tmp_path: Path) -> None:
    path = tmp_path / "devgem.db"
    store = await Store.open(f"sqlite:///{path}", key=KEY, busy_seconds=0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as raised:
        await append_numbers(store, 1)
    holder.close()
    assert raised.value.code == "database_locked"
    await append_numbers(store, 1)
    await store.close()


async def test_a_disk_that_is_full_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    """F-21"""
    path = tmp_path / "devgem.db"
    store = await Store.open(f"sqlite:///{path}", key=KEY)
    await append_numbers(store, 1)
    async with store.write() as transaction:  # SQLite's own limit answers as a full disk does
        await transaction._connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(Unavailable) as raised:
        while True:
            await store.append("a", [Fact("log", {"text": "x" * 10_000})] * 100)
    assert raised.value.code == "disk_full"
    assert await numbers(store) == [0]
    await store.close()


async def test_a_damaged_database_is_named_at_the_start_and_later(tmp_path: Path) -> None:
    """F-24"""
    path = tmp_path / "devgem.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Unavailable, match="not a database") as raised:
        await Store.open(f"sqlite:///{path}", key=KEY)
    assert "restore" in raised.value.fix

    path.unlink()
    store = await Store.open(f"sqlite:///{path}", key=KEY)
    for _ in range(20):
        await append_numbers(store, 50)
    await store.close()
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 4096 * 20)
    with pytest.raises(Unavailable, match="malformed"):
        damaged = await Store.open(f"sqlite:///{path}", key=KEY)
        try:
            await numbers(damaged)
        finally:
            await damaged.close()


async def test_followers_and_writers_go_on_after_postgresql_was_away() -> None:
    with running_server() as server:
        store = await Store.open(server.new_database(), key=KEY, poll_seconds=0.05)
        async with aclosing(store.follow("a")) as batches:
            await append_numbers(store, 1)
            assert (await anext(batches)).last == 1
            waiting = asyncio.ensure_future(anext(batches))
            server.stop()
            with pytest.raises(Unavailable):
                await append_numbers(store, 1)
            server.start()
            await append_numbers(store, 1)
            assert (await asyncio.wait_for(waiting, 10)).first == 2
        await store.close()
