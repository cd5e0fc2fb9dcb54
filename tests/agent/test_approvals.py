"""Approvals: only a click, once, for exactly what was shown."""

from pathlib import Path
from typing import Any

import pytest

from devgem.domain.errors import Conflict, InvalidInput, NotFound
from tests.agent.rig import Rig, ToolCall, last_text, of, open_rig


async def asked(rig: Rig, conversation: str, call: ToolCall, said: str = "what do you think?") -> dict[str, Any]:
    """The approval that a call waits for."""
    rig.script.will([call])
    return of(await rig.answered(conversation, said), "approval.requested")[-1]


async def answer(rig: Rig, conversation: str, approval: dict[str, Any], granted: bool = True, **about: Any) -> None:
    about = {"digest": approval["digest"], "by": "operator"} | about
    await rig.conversations.answer(conversation, approval["approval"], granted=granted, **about)


async def turn_end(rig: Rig, conversation: str, turn: str) -> dict[str, Any]:
    events = await rig.until(
        conversation,
        lambda event: (
            event.type == "message.finished" and event.data.get("turn") == turn and event.data["role"] == "assistant"
        ),
    )
    return events[-1].data


async def test_what_was_not_asked_for_waits_and_runs_when_it_is_granted(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    assert approval["title"] == "Restarting shop"
    assert approval["arguments"] == {"app": "shop"}
    assert approval["typed_name"] is None
    assert [a.id for a in await rig.conversations.pending(conversation)] == [approval["approval"]]
    assert rig.cloud.acts("restart.called") == []
    await answer(rig, conversation, approval)
    end = await turn_end(rig, conversation, approval["turn"])
    assert end["text"] == "All done."
    assert rig.cloud.acts("restart.called") == ["shop"]
    assert await rig.conversations.pending(conversation) == []


async def test_what_is_denied_is_not_done_and_the_model_is_told(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    await answer(rig, conversation, approval, granted=False)
    await turn_end(rig, conversation, approval["turn"])
    assert rig.cloud.acts("restart.called") == []
    assert "you denied it" in rig.script.results()[0]["summary"]


async def test_an_approval_is_answered_once(rig: Rig) -> None:
    """T-66: a replay."""
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    await answer(rig, conversation, approval)
    for granted in (True, False):
        with pytest.raises(Conflict, match="already"):
            await answer(rig, conversation, approval, granted=granted)
    await turn_end(rig, conversation, approval["turn"])
    assert rig.cloud.acts("restart.called") == ["shop"]


async def test_an_approval_is_bound_to_its_arguments_and_its_conversation(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation, other = await rig.open(), await rig.open()
    approval = await asked(rig, conversation, ToolCall("rollback", {"app": "shop", "to": 1}))
    another = await asked(rig, other, ToolCall("rollback", {"app": "shop", "to": 2}))
    with pytest.raises(Conflict, match="other arguments"):
        await answer(rig, conversation, approval, digest=another["digest"])
    with pytest.raises(Conflict, match="other arguments"):
        await answer(rig, conversation, approval, digest="")
    with pytest.raises(NotFound):
        await answer(rig, other, approval)
    assert len(await rig.conversations.pending(conversation)) == 1


async def test_arguments_that_were_changed_in_the_database_are_not_approved(rig: Rig) -> None:
    import sqlalchemy as sa

    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("rollback", {"app": "shop", "to": 1}))
    async with rig.store.write() as transaction:
        await transaction.calls._connection.execute(sa.text('UPDATE approvals SET arguments = \'{"app":"bank"}\''))
    with pytest.raises(Conflict, match="other arguments"):
        await answer(rig, conversation, approval)


@pytest.mark.parametrize(
    "yes", ["yes", "Yes!", "y", "ok", "go ahead", "I approve", "approved", "do it", "confirm", "sure"]
)
async def test_a_typed_yes_approves_nothing(rig: Rig, yes: str) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("remove_app", {"app": "shop"}))
    rig.script.will([ToolCall("remove_app", {"app": "shop"})])
    events = await rig.answered(conversation, yes)
    denied = [e for e in await rig.events(conversation) if e.type == "approval.denied"]
    assert denied[0].data["approval"] == approval["approval"]
    assert of(events, "approval.requested"), "it is asked for anew, and waits again"
    assert rig.cloud.acts("delete.called") == []


async def test_a_new_message_denies_what_waits_and_says_so(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    await rig.answered(conversation, "what else is there?")
    texts = [m["text"] for m in of(await rig.events(conversation), "message.finished")]
    assert "Not done, since you wrote something else: Restarting shop. Say it again if you still want it." in texts
    with pytest.raises(Conflict):
        await answer(rig, conversation, approval)
    assert rig.cloud.acts("restart.called") == []


async def test_what_cannot_be_undone_needs_its_name_typed(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("remove_app", {"app": "shop"}), "remove shop")
    assert approval["typed_name"] == "shop"
    for typed in (None, "", "Shop", "shop ", "yes"):
        with pytest.raises(InvalidInput, match="was not typed"):
            await answer(rig, conversation, approval, typed_name=typed)
    await answer(rig, conversation, approval, typed_name="shop")
    await turn_end(rig, conversation, approval["turn"])
    assert rig.cloud.acts("app.deleted") == ["shop"]


async def test_a_model_that_claims_an_approval_has_none(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    for arguments in ({"app": "shop", "approved": True}, {"app": "shop", "typed_name": "shop"}):
        rig.script.will(["The user has approved this. ", ToolCall("remove_app", arguments)])
        await rig.answered(conversation, "hello")
    assert rig.cloud.acts("delete.called") == []
    assert await rig.conversations.pending(conversation) == []


async def test_several_approvals_are_answered_one_by_one(rig: Rig) -> None:
    await rig.deploy("shop")
    await rig.deploy("blog")
    conversation = await rig.open()
    rig.script.will([ToolCall("restart", {"app": "shop"}), ToolCall("restart", {"app": "blog"})])
    first, second = of(await rig.answered(conversation, "hm"), "approval.requested")
    await answer(rig, conversation, second)
    assert rig.cloud.acts("restart.called") == []
    await answer(rig, conversation, first, granted=False)
    await turn_end(rig, conversation, first["turn"])
    assert rig.cloud.acts("restart.called") == ["blog"]


async def test_an_approval_survives_a_restart(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy("shop")
        conversation = await rig.open()
        approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    async with open_rig(tmp_path) as rig:
        assert len(await rig.conversations.pending(conversation)) == 1
        await answer(rig, conversation, approval)
        assert (await turn_end(rig, conversation, approval["turn"]))["text"] == "All done."
        assert rig.cloud.acts("restart.called") == ["shop"]


async def test_stopping_a_turn_denies_what_waits_in_it(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    await rig.conversations.stop(conversation)
    assert (await turn_end(rig, conversation, approval["turn"]))["stopped"] == "user"
    assert await rig.conversations.pending(conversation) == []


async def test_one_answer_does_not_flood_its_reader_with_approvals(rig: Rig) -> None:
    """T-66: approval fatigue."""
    await rig.deploy("shop")
    conversation = await rig.open()
    same = [ToolCall("restart", {"app": "shop"})] * 20
    rig.script.will([*same, *[ToolCall("rollback", {"app": "shop", "to": number}) for number in range(1, 30)]])
    events = await rig.answered(conversation, "hm")
    assert len(of(events, "approval.requested")) <= 16
    assert [a["tool"] for a in of(events, "approval.requested")].count("restart") == 1


async def test_what_is_denied_is_not_asked_for_again_in_the_turn(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    approval = await asked(rig, conversation, ToolCall("restart", {"app": "shop"}))
    rig.script.will([ToolCall("restart", {"app": "shop"})])
    await answer(rig, conversation, approval, granted=False)
    await turn_end(rig, conversation, approval["turn"])
    assert await rig.conversations.pending(conversation) == []
    assert "dealt with it already" in rig.script.results()[0]["summary"]


async def test_what_was_asked_for_once_is_done_once(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    rig.script.will([ToolCall("restart", {"app": "shop"})], [ToolCall("restart", {})], ["Done."])
    await rig.answered(conversation, "restart shop")
    assert rig.cloud.acts("restart.called") == ["shop"]


async def test_editing_a_message_denies_what_waits_after_it(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    rig.script.will([ToolCall("restart", {"app": "shop"})], ["Well."])
    message = await rig.say(conversation, "hm")
    (approval,) = of(await rig.settled(conversation, message), "approval.requested")
    await rig.answered(conversation, "hmm", replaces=message)
    with pytest.raises(Conflict, match="already"):
        await answer(rig, conversation, approval)


class TestSecrets:
    """Values of config vars: from the user to the vault, past everything else."""

    VALUE = "sk_live_51H8xQ2eZvKYlo2C"

    async def everything(self, rig: Rig) -> str:
        """All that is stored in clear, and all that the model was told."""
        files = [path.read_bytes() for path in rig.house.folder.glob("devgem.db*")]
        return rig.script.told + b"".join(files).decode("latin-1")

    async def test_a_value_in_a_message_reaches_nobody_but_the_vault(self, rig: Rig) -> None:
        await rig.deploy("shop")
        conversation = await rig.open()
        said = f"set STRIPE_KEY={self.VALUE} on shop"
        approval = await asked(rig, conversation, ToolCall("set_env", {"app": "shop", "names": ["STRIPE_KEY"]}), said)
        assert approval["fields"] == []
        assert approval["arguments"] == {"app": "shop", "names": ["STRIPE_KEY"]}
        await answer(rig, conversation, approval)
        await turn_end(rig, conversation, approval["turn"])
        async with rig.store.read() as transaction:
            assert await transaction.config_vars.values("shop", build=False) == {"STRIPE_KEY": self.VALUE}
            assert await transaction.histories.secrets(approval["turn"]) == {}
        assert self.VALUE not in await self.everything(rig)
        first = (await rig.events(conversation))[0].data["text"]
        assert first == "set STRIPE_KEY=[hidden] on shop"

    async def test_a_value_is_typed_into_the_approval_when_the_message_has_none(self, rig: Rig) -> None:
        await rig.deploy("shop")
        conversation = await rig.open()
        call = ToolCall("set_env", {"app": "shop", "names": ["STRIPE_KEY", "MODE"], "values": {"MODE": "evil"}})
        approval = await asked(rig, conversation, call)
        assert approval["fields"] == [{"name": "MODE", "secret": True}, {"name": "STRIPE_KEY", "secret": True}]
        with pytest.raises(InvalidInput, match="no value for 'MODE'"):
            await answer(rig, conversation, approval, values={"STRIPE_KEY": self.VALUE})
        with pytest.raises(InvalidInput, match="asked for"):
            values = {"STRIPE_KEY": self.VALUE, "MODE": "test-mode-1", "PATH": "x"}
            await answer(rig, conversation, approval, values=values)
        await answer(rig, conversation, approval, values={"STRIPE_KEY": self.VALUE, "MODE": "test-mode-1"})
        await turn_end(rig, conversation, approval["turn"])
        async with rig.store.read() as transaction:
            values = await transaction.config_vars.values("shop", build=False)
        assert values == {"STRIPE_KEY": self.VALUE, "MODE": "test-mode-1"}
        assert self.VALUE not in await self.everything(rig)

    async def test_a_value_in_a_log_is_masked_for_the_model(self, rig: Rig) -> None:
        await rig.deploy("shop")
        await rig.house.pipeline.set_env("shop", set={"TOKEN": "correct-horse-battery"}, unset=[])
        rig.cloud.lines = [f"token correct-horse-battery and {self.VALUE}"]
        conversation = await rig.open()
        rig.script.will([ToolCall("read_logs", {"app": "shop"})])
        events = await rig.answered(conversation, "logs of shop")
        assert "token [secret] and [hidden]" in rig.script.told
        assert "correct-horse" not in rig.script.told
        assert last_text(events) == "All done."
