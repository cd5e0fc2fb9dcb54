import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from devgem.store.engine import make_engine

# Its first row comes after all were made, so that it is under way for a while; its other rows are never fetched.
SLOW = """
WITH RECURSIVE n(i) AS (SELECT begun() UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n ORDER BY -i
"""


async def test_a_query_that_is_cancelled_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "devgem.sqlite"
    engine = make_engine(f"sqlite:///{path}", busy_seconds=30)
    has_begun, loop = asyncio.Event(), asyncio.get_running_loop()

    def begun() -> int:
        loop.call_soon_threadsafe(has_begun.set)
        return 1

    @sa.event.listens_for(engine.sync_engine, "connect")
    def make_known(connection: Any, _record: Any) -> None:
        connection.create_function("begun", 0, begun)

    async def write() -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.text(SLOW))

    writing = asyncio.create_task(write())
    await has_begun.wait()
    writing.cancel()
    # The error keeps all that the query held alive, as the error of a request does while it is told.
    [error] = await asyncio.gather(writing, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)
    with closing(sqlite3.connect(path, timeout=5)) as other:
        other.execute("BEGIN IMMEDIATE")
    await engine.dispose()
