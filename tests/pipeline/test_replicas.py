"""Several control processes on one PostgreSQL."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.postgres import Server
from tests.pipeline.conftest import Databases, House, open_house
from tests.pipeline.lives import Intent, Life, begin, violations


@pytest.fixture
def databases(postgres: Server) -> Databases:
    url = postgres.new_database()
    return Databases(url, url)


@pytest.fixture
async def here(tmp_path: Path, databases: Databases) -> AsyncIterator[House]:
    """The replica of this process."""
    async with open_house(tmp_path, databases=databases) as house:
        yield house


async def deploying_elsewhere(here: House, databases: Databases, hang: str) -> tuple[Life, str]:
    """Another replica, and its deployment, which hangs in a step."""
    intents = [Intent("deploy", "hello", behaviour={"hang": hang})]
    other = begin(here.folder, intents, databases=databases)
    async with asyncio.timeout(30):
        while not (events := await here.events("apps:operator")):
            await asyncio.sleep(0.02)
    id = events[0].data["deployment"]
    await here.reached(id, "step.started", step=hang)
    return other, id


async def test_what_a_dead_replica_has_left_goes_on_in_another(
    here: House, databases: Databases, tmp_path: Path
) -> None:
    other, id = await deploying_elsewhere(here, databases, "verify")
    os.kill(other.process.pid, signal.SIGKILL)
    other.process.join()
    (tmp_path / "cloud" / "go").touch()

    assert (await here.ended(id)).status == "live"

    await here.at_rest()
    assert await violations(tmp_path, databases=databases) == []
    assert here.cloud.acts("release.called") == ["hello@1"]


async def test_a_replica_that_is_stopped_well_hands_its_work_over(
    here: House, databases: Databases, tmp_path: Path
) -> None:
    other, id = await deploying_elsewhere(here, databases, "build")
    os.kill(other.process.pid, signal.SIGINT)
    await asyncio.to_thread(other.process.join, 30)
    (tmp_path / "cloud" / "go").touch()
    assert (await here.ended(id)).status == "live"
    assert here.cloud.acts("build.stopped") == [id]


async def test_a_replica_that_slept_does_nothing_twice_when_it_wakes(
    here: House, databases: Databases, tmp_path: Path
) -> None:
    """F-05"""
    other, id = await deploying_elsewhere(here, databases, "verify")
    os.kill(other.process.pid, signal.SIGSTOP)
    (tmp_path / "cloud" / "go").touch()
    assert (await here.ended(id)).status == "live"

    os.kill(other.process.pid, signal.SIGCONT)
    assert await asyncio.to_thread(other.end) == 0
    await here.at_rest()
    assert await violations(tmp_path, databases=databases) == []


async def test_a_deployment_is_cancelled_from_any_replica(here: House, databases: Databases, tmp_path: Path) -> None:
    other, id = await deploying_elsewhere(here, databases, "build")
    await here.pipeline.cancel(id)
    assert (await here.ended(id)).status == "cancelled"
    assert await asyncio.to_thread(other.end) == 0
    assert here.cloud.acts("build.stopped") == [id]
    assert await violations(tmp_path, databases=databases) == []


async def test_an_app_that_another_replica_deploys_is_removed_after_it(
    here: House, databases: Databases, tmp_path: Path
) -> None:
    other, id = await deploying_elsewhere(here, databases, "verify")
    await here.pipeline.remove("hello")
    assert (await here.events(f"deployment:{id}"))[-1].type == "deployment.cancelled"
    assert await asyncio.to_thread(other.end) == 0
    assert here.cloud.running == set()
