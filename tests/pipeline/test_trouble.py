"""The pipeline while its database is in trouble."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.pipeline.conftest import House, open_house


@contextmanager
def database_locked(folder: Path) -> Iterator[None]:
    """Another program holds it."""
    holder = sqlite3.connect(folder / "devgem.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.execute("ROLLBACK")
    holder.close()


async def test_a_locked_database_holds_a_build_back_and_loses_none_of_its_lines(house: House) -> None:
    """F-20"""
    deployment = await house.deploy(house.repository(lines=20_000))
    await house.reached(deployment.id, "log")
    with database_locked(house.folder):
        head = (await house.store.state(f"deployment:{deployment.id}")).head
        await asyncio.sleep(1)
        assert house.cloud.acts("image.made") == []  # the build waits for its lines to be taken
        assert (await house.store.state(f"deployment:{deployment.id}")).head == head
    assert (await house.ended(deployment.id)).status == "live"
    lines = [e.data["text"] for e in await house.events(f"deployment:{deployment.id}") if e.type == "log"]
    assert lines == [f"line {n}" for n in range(20_000)]


async def test_a_deployment_whose_end_could_not_be_written_is_ended_later(tmp_path: Path) -> None:
    """I3"""
    async with open_house(tmp_path, busy_seconds=0.2) as house:
        deployment = await house.deploy(house.repository(hang="verify"))
        await house.reached(deployment.id, "step.progressed", step="verify")
        with database_locked(tmp_path):
            (tmp_path / "cloud" / "go").touch()
            await asyncio.sleep(1)  # for longer than anybody waits
        ended = await house.ended(deployment.id)
        assert ended.status == "failed"
        assert ended.failure is not None
        assert (ended.failure["code"], ended.failure["retryable"]) == ("internal", True)
        await house.at_rest()
        assert house.cloud.running == set()
        assert (await house.ended((await house.deploy(house.repository(lines=1))).id)).status == "live"
