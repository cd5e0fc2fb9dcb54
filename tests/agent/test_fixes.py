"""A fix that the rules know is shown as a diff, and made live by a click."""

from pathlib import Path

import pytest

from devgem.agent.diagnosis import Button, ConfigVar, Diagnosis, Diff, Quote
from devgem.agent.failures import actions, offer_fix
from tests.agent.rig import Rig, of

FIX = Diff("app.py", "port = 5000", "port = 8080", "Listen on $PORT.")


def diagnosis(*remedies: Diff | ConfigVar) -> Diagnosis:
    buttons = (Button.APPLY, Button.RETRY, Button.LOGS, Button.ROLL_BACK)
    return Diagnosis("wrong_port", "It listens on 5000", Quote("port = 5000"), remedies, buttons, "certain")


@pytest.fixture
async def shop(rig: Rig) -> Rig:
    repository = rig.house.repository("shop")
    (Path(repository.location) / "app.py").write_text("port = 5000\n")
    await rig.house.ended((await rig.house.deploy(repository, app="shop")).id)
    return rig


async def test_a_fix_is_proposed_once_and_made_live_by_a_click(shop: Rig) -> None:
    conversation = await shop.open()
    parts = shop.conversations.parts
    edit = await offer_fix(parts, conversation, "shop", diagnosis(FIX))
    assert await offer_fix(parts, conversation, "shop", diagnosis(FIX)) == edit, "as after a restart"
    (proposed,) = of(await shop.events(conversation), "edit.proposed")
    assert proposed["edit"] == edit
    assert proposed["files"][0]["hunks"][0]["lines"] == ["-port = 5000", "+port = 8080"]
    offered = actions("shop", diagnosis(FIX), edit)
    assert offered[0] == {"label": "Apply and redeploy", "edit": edit, "accept": True}
    assert [action.get("say") for action in offered[1:]] == ["redeploy shop", "build log of shop", "roll back shop"]
    assert edit is not None
    await shop.conversations.edit(conversation, edit, accept=True)
    (applied,) = of(await shop.events(conversation), "edit.applied")
    assert (await shop.house.ended(applied["deployment"])).status == "live"


async def test_a_fix_that_fails_is_told_of_too(shop: Rig) -> None:
    conversation = await shop.open()
    wrong = Diff("behaviour.json", "{}", '{"verify": "fail"}')
    edit = await offer_fix(shop.conversations.parts, conversation, "shop", diagnosis(wrong))
    assert edit is not None
    await shop.conversations.edit(conversation, edit, accept=True)
    events = await shop.until(conversation, lambda e: e.type == "message.finished")
    assert "the verify step failed" in events[-1].data["text"]
    assert "v1 still serves" in events[-1].data["text"]


async def test_a_fix_does_not_get_in_the_way_of_other_edits(shop: Rig) -> None:
    conversation = await shop.open()
    workspace = await shop.conversations.parts.workspaces.open("shop", conversation)
    await workspace.write("notes.md", "mine")
    assert await offer_fix(shop.conversations.parts, conversation, "shop", diagnosis(FIX)) is None


async def test_a_fix_that_does_not_apply_is_left_to_words(shop: Rig) -> None:
    conversation = await shop.open()
    wrong = Diff("gone.py", "x", "y")
    assert await offer_fix(shop.conversations.parts, conversation, "shop", diagnosis(wrong)) is None
    assert await offer_fix(shop.conversations.parts, conversation, "nope", diagnosis(FIX)) is None


def test_a_missing_config_var_is_offered_to_be_set() -> None:
    offered = actions("shop", diagnosis(ConfigVar(("SECRET_KEY", "DSN"))), None)
    assert offered[0] == {"label": "Set SECRET_KEY and DSN", "say": "set SECRET_KEY and DSN on shop"}
