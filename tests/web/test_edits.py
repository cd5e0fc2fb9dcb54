"""A long diff over HTTP: looked up part by part, and accepted by the hunks that were shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic_ai.models.function import FunctionModel

from devgem.agent.brain import Asker, Brain
from devgem.pipeline import DeployRequest
from tests.agent.rig import Script, ToolCall
from tests.pipeline.peers import JournalCloud, detect, write_repository
from tests.web.conftest import Scripted, dashboard_on


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[Scripted]:
    """Its pipeline runs, on a cloud of files."""
    script = Script()
    model = FunctionModel(stream_function=script.answer, model_name="scripted")

    async def choose(asker: Asker) -> Brain:
        return Brain(model, is_metered=False)

    cloud = JournalCloud(tmp_path / "cloud")
    async with dashboard_on(tmp_path, choose, {"local": cloud}, planner=detect) as running:
        await running.parts.pipeline.start()
        yield Scripted(running, script)
        await running.parts.pipeline.close()


async def first(scripted: Scripted, stream: str, type: str) -> dict[str, object]:
    async with asyncio.timeout(20), aclosing(scripted.dashboard.store.follow(stream)) as batches:
        async for batch in batches:
            for event in batch:
                if event.type == type:
                    return dict(event.data)
    raise AssertionError("unreachable")


async def test_a_long_diff_is_looked_up_and_accepted(scripted: Scripted, tmp_path: Path) -> None:
    dashboard, script = scripted.dashboard, scripted.script
    pipeline, conversations = dashboard.parts.pipeline, dashboard.parts.conversations
    deployment = await pipeline.deploy(DeployRequest(write_repository(tmp_path / "shop"), app="shop"))
    await first(scripted, f"deployment:{deployment.id}", "deployment.live")
    write = {"app": "shop", "path": "long.txt", "text": "line\n" * 2500}
    script.will([ToolCall("write_file", write)], ["Done."])
    conversation = (await conversations.open()).id
    await conversations.say(conversation, "write it")
    edit = await first(scripted, f"conversation:{conversation}", "edit.proposed")
    path = f"/api/v1/conversations/{conversation}/edits/{edit['edit']}"
    async with dashboard.client() as client:
        refused = await client.post(path, json={"action": "accept"})
        assert (refused.status_code, refused.json()["code"]) == (409, "edit_not_shown")
        page = (await client.get(path)).json()
        assert page["rest"] is None
        (file,) = page["files"]
        assert (file["path"], file["change"]) == ("long.txt", "added")
        assert file["hunks"][0]["lines"] == ["+line"] * 2500
        assert (await client.get(path, params={"after": 1})).json() == {"files": [], "rest": None}
        assert (await client.get(path, params={"after": -1})).status_code == 422
        accepted = await client.post(path, json={"action": "accept", "hunks": [file["hunks"][0]["hunk"]]})
        assert accepted.status_code == 200
    assert (await first(scripted, f"conversation:{conversation}", "edit.applied"))["deployment"]
