"""What went wrong lately, and where an app is reached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agent.rig import Rig, ToolCall, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path) as opened:
        yield opened


async def test_incidents_are_crashes_failures_and_rollbacks_of_the_last_day(rig: Rig) -> None:
    await rig.deploy("shop")
    crash = {"revision": 1, "exit_code": 1, "crashed": True, "restarts": 1}
    await rig.house.pipeline.record("shop", "instance.exited", crash, "edge:1")
    stop = {"revision": 1, "exit_code": 0, "crashed": False, "restarts": 0}
    await rig.house.pipeline.record("shop", "instance.exited", stop, "edge:2")
    rig.script.will([ToolCall("list_incidents")])
    await rig.answered(await rig.open(), "is shop healthy?")
    (result,) = rig.script.results()
    assert [one["what"] for one in result["data"]["incidents"]] == ["an instance crashed"]
    assert "incidents in the last 24 hours: 1" in result["summary"]


async def test_domains_are_the_hosts_that_lead_to_the_app(rig: Rig) -> None:
    await rig.deploy("shop")
    rig.script.will([ToolCall("list_domains", {"app": "shop"})])
    await rig.answered(await rig.open(), "where is shop?")
    (result,) = rig.script.results()
    assert result["data"]["hosts"] == [{"host": "shop.localhost:8081", "of": "shop"}]
