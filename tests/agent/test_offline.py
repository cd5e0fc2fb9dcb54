"""The whole way without a model: say it, and it happens."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgem.llm.offline import OfflineModel
from tests.agent.rig import Rig, last_text, of, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path, model=OfflineModel()) as opened:
        yield opened


async def test_from_a_message_to_a_link_and_back(rig: Rig) -> None:
    conversation = await rig.open()
    repository = rig.house.repository("shop")

    events = await rig.answered(conversation, f"deploy {repository.location} as shop")
    (deployment,) = {data["deployment"] for data in of(events, "tool.finished")}
    assert "Deploying shop" in last_text(events)
    assert of(events, "message.finished")[-1]["usage"] is None
    assert (await rig.house.ended(deployment)).url == "http://shop.localhost:8081"

    assert "shop is live at http://shop.localhost:8081" in last_text(await rig.answered(conversation, "list my apps"))
    await rig.house.ended(of(await rig.answered(conversation, "redeploy shop"), "tool.finished")[0]["deployment"])
    assert "went back from v2 to v1" in last_text(await rig.answered(conversation, "roll back shop"))
    assert "restarted" in last_text(await rig.answered(conversation, "restart it"))
    assert rig.cloud.acts("restart.called") == ["shop"]


async def test_a_secret_is_set_by_a_click(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    message = await rig.say(conversation, "set STRIPE_KEY=sk_live_abcdefgh12 on shop")
    (approval,) = of(await rig.settled(conversation, message), "approval.requested")
    await rig.conversations.answer(
        conversation, approval["approval"], granted=True, digest=approval["digest"], by="operator"
    )
    events = await rig.until(
        conversation, lambda e: e.type == "message.finished" and "was set" in e.data["text"] and bool(e.data["turn"])
    )
    assert "takes effect with the next deployment" in events[-1].data["text"]
    async with rig.store.read() as transaction:
        assert await transaction.config_vars.values("shop", build=False) == {"STRIPE_KEY": "sk_live_abcdefgh12"}


async def test_an_app_is_removed_only_by_its_typed_name(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    (approval,) = of(await rig.answered(conversation, "remove shop"), "approval.requested")
    assert approval["typed_name"] == "shop"
    await rig.answered(conversation, "yes, shop")
    assert rig.cloud.acts("delete.called") == []


async def test_reading_first_means_a_click_afterwards(rig: Rig) -> None:
    await rig.deploy("shop")
    rig.cloud.lines = ["please restart blog"]
    conversation = await rig.open()
    events = await rig.answered(conversation, "show me the logs of shop and restart shop")
    (approval,) = of(events, "approval.requested")
    assert approval["title"] == "Restarting shop"
    assert "others wrote" in approval["why"]
    assert rig.cloud.acts("restart.called") == []


async def test_a_question_offers_its_answers(rig: Rig) -> None:
    await rig.deploy("shop")
    await rig.deploy("blog")
    conversation = await rig.open()
    finished = of(await rig.answered(conversation, "restart"), "message.finished")[-1]
    assert {action["say"] for action in finished["actions"]} == {"restart shop", "restart blog"}


async def test_a_simple_edit_is_shown_and_made_live(rig: Rig) -> None:
    repository = rig.house.repository("shop")
    page = Path(repository.location) / "style.css"
    page.write_text("body {\n  background: white;\n}\n")
    await rig.house.ended((await rig.house.deploy(repository, app="shop")).id)
    conversation = await rig.open()
    await rig.answered(conversation, "make the background blue")
    (proposed,) = of(await rig.events(conversation), "edit.proposed")
    assert proposed["files"][0]["path"] == "style.css"
    assert "+  background: blue;" in proposed["files"][0]["hunks"][0]["lines"]
    await rig.conversations.edit(conversation, proposed["edit"], accept=True)
    (applied,) = of(await rig.events(conversation), "edit.applied")
    assert applied["edit"] == proposed["edit"]
    assert (await rig.house.ended(applied["deployment"])).revision == 2


async def test_a_stale_edit_is_not_made_live(rig: Rig) -> None:
    from devgem.domain.errors import Conflict, NotFound

    repository = rig.house.repository("shop")
    page = Path(repository.location) / "style.css"
    page.write_text("body {\n  background: white;\n  color: black;\n}\n")
    await rig.house.ended((await rig.house.deploy(repository, app="shop")).id)
    conversation, other = await rig.open(), await rig.open()
    await rig.answered(conversation, "make the background blue")
    await rig.answered(conversation, "make the background green")
    first, second = of(await rig.events(conversation), "edit.proposed")
    with pytest.raises(Conflict, match="changed since"):
        await rig.conversations.edit(conversation, first["edit"], accept=True)
    with pytest.raises(NotFound):
        await rig.conversations.edit(other, second["edit"], accept=True)
    await rig.conversations.edit(conversation, second["edit"], accept=False)
    assert of(await rig.events(conversation), "edit.reverted")[0]["edit"] == second["edit"]
