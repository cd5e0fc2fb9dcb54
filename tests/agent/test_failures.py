"""Deployments that a conversation has started and that fail: told once, with what helps, and not repeated for ever."""

from pathlib import Path
from typing import Any

import pytest

from tests.agent.rig import Rig, ToolCall, of, open_rig


def failures(events: Any) -> list[dict[str, Any]]:
    return [m for m in of(events, "message.finished") if m["role"] == "assistant" and m["turn"] is None]


async def told(rig: Rig, conversation: str, count: int = 1) -> dict[str, Any]:
    """The message about the `count`-th failure."""
    seen = 0

    def is_it(event: Any) -> bool:
        nonlocal seen
        seen += event.type == "message.finished" and event.data["role"] == "assistant" and event.data["turn"] is None
        return seen == count

    return (await rig.until(conversation, is_it))[-1].data


async def deploy(rig: Rig, conversation: str, source: str, app: str = "shop") -> str:
    """What was asked for, so that it runs without an approval."""
    rig.script.will([ToolCall("deploy", {"source": source, "name": app})])
    events = await rig.answered(conversation, f"deploy {source} as {app}")
    return str(of(events, "tool.finished")[0]["deployment"])


async def test_a_failure_is_told_where_it_was_asked_for(rig: Rig) -> None:
    await rig.deploy("shop")
    repository = rig.house.repository("shop", build="fail")
    conversation = await rig.open()
    id = await deploy(rig, conversation, repository.location)
    said = await told(rig, conversation)
    assert said["deployment"] == id
    assert said["text"].startswith("shop was not deployed: the build step failed.")
    assert "could not install flask" in said["text"]
    assert "v1 still serves." in said["text"]
    says = [action["say"] for action in said["actions"] if "say" in action]
    assert "build log of shop" in says
    seen = len(rig.script.seen)
    await rig.conversations.close()
    assert len(rig.script.seen) == seen, "no model was asked"


async def test_what_goes_live_is_not_talked_about(rig: Rig) -> None:
    conversation = await rig.open()
    id = await deploy(rig, conversation, rig.house.repository("shop").location)
    await rig.house.ended(id)
    async with rig.store.read() as transaction:
        assert len(await transaction.calls.untold()) <= 1
    assert failures(await rig.events(conversation)) == []


async def test_a_failure_is_told_once_even_after_a_restart(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        conversation = await rig.open()
        repository = rig.house.repository("shop", hang="build", build="fail")
        id = await deploy(rig, conversation, repository.location)
        await rig.house.reached(id, "step.started", step="build")
    async with open_rig(tmp_path) as rig:
        (tmp_path / "cloud" / "go").write_text("")
        said = await told(rig, conversation)
        assert said["deployment"] == id
    async with open_rig(tmp_path) as rig:
        async with rig.store.read() as transaction:
            assert await transaction.calls.untold() == []
        assert len(failures(await rig.events(conversation))) == 1


async def test_after_three_failures_nothing_is_tried_that_nobody_asked_for(rig: Rig) -> None:
    await rig.deploy("shop")
    repository = rig.house.repository("shop", build="fail")
    conversation = await rig.open()
    for number in range(1, 4):
        await rig.house.ended(await deploy(rig, conversation, repository.location))
        said = await told(rig, conversation, number)
    assert "3 attempts have failed" in said["text"]
    rig.script.will([ToolCall("deploy", {"source": repository.location, "name": "shop"})])
    events = await rig.answered(conversation, "hm, what now?")
    assert of(events, "approval.requested") == []
    assert (
        "3 attempts to deploy shop have failed one after the other; v1 still serves"
        in of(events, "tool.finished")[0]["summary"]
    )
    assert await deploy(rig, conversation, repository.location), "a user may always ask for it"


@pytest.mark.parametrize("last", ["live", "failed"])
async def test_a_failure_is_explained_on_request(rig: Rig, last: str) -> None:
    await rig.deploy("shop")
    if last == "failed":
        await rig.house.ended((await rig.house.deploy(rig.house.repository("shop", build="fail"), app="shop")).id)
    conversation = await rig.open()
    rig.script.will([ToolCall("explain_failure", {"app": "shop"})])
    await rig.answered(conversation, "why did shop fail?")
    (result,) = rig.script.results()
    if last == "live":
        assert "did not fail" in result["summary"]
    else:
        assert result["data"]["untrusted"] is True
        assert "could not install flask" in result["data"]["text"]
