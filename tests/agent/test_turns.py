"""Turns: what a message comes to, with a scripted model, real tools, a real pipeline and a real database."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devgem.agent.budget import Budget
from tests.agent.rig import Hang, Rig, ToolCall, last_text, of, open_rig, prompts


async def test_an_answer_is_streamed_and_then_whole(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["Hello ", "there", "."])
    await rig.answered(conversation, "hi")
    events = await rig.events(conversation)
    assert [event.type for event in events][:3] == ["message.finished", "message.started", "message.delta"]
    finished = of(events, "message.finished")[-1]
    assert finished["text"] == "Hello there."
    assert finished["stopped"] is None
    assert finished["usage"] is None
    assert finished["actions"] == []
    deltas = "".join(delta["text"] for delta in of(events, "message.delta"))
    assert finished["text"].startswith(deltas)


async def test_a_deployment_that_was_asked_for_is_begun_and_goes_on_by_itself(rig: Rig) -> None:
    conversation = await rig.open()
    repository = rig.house.repository("shop")
    rig.script.will([ToolCall("deploy", {"source": repository.location})], ["It has begun."])
    events = await rig.answered(conversation, f"deploy {repository.location}")
    called, finished = of(events, "tool.called")[0], of(events, "tool.finished")[0]
    assert called["tier"] == 3
    assert called["title"] == f"Deploying {repository.location}"
    assert finished["ok"]
    assert of(events, "message.finished")[-1]["deployment"] == finished["deployment"]
    assert (await rig.house.ended(finished["deployment"])).status == "live"


async def test_the_model_is_told_the_world_and_the_history(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    rig.script.will(["One."], ["Two."])
    await rig.answered(conversation, "first")
    await rig.answered(conversation, "second")
    last = rig.script.seen[-1]
    assert prompts(last) == ["first", "second"]
    assert '<world>{"apps": [{"name": "shop"' in (last[-1].instructions or "")  # type: ignore[union-attr]  # a request
    assert all("<world>" not in (getattr(m, "instructions", None) or "") for m in last[:-1])


async def test_calls_of_one_answer_run_side_by_side_and_return_in_order(rig: Rig) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    calls = [ToolCall("app_status", {"app": "shop"}), ToolCall("list_env", {"app": "shop"}), ToolCall("list_apps")]
    rig.script.will(["Looking. ", *calls], ["Fine."])
    events = await rig.answered(conversation, "how is shop?")
    assert [call["tool"] for call in of(events, "tool.called")] == ["app_status", "list_env", "list_apps"]
    results = rig.script.results()
    assert "shop is live at http://shop" in results[0]["summary"]
    assert "no config vars" in results[1]["summary"]
    assert [m["text"] for m in of(events, "message.finished")] == ["Looking. ", "Fine."]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (ToolCall("format_disk"), "There is no tool 'format_disk'"),
        (ToolCall("app_status", '{"app": "sh'), "no JSON object"),
        (ToolCall("app_status", "[1]"), "wrong"),
        (ToolCall("app_status", {"app": "shop", "force": True}), "Extra inputs are not permitted"),
        (ToolCall("rollback", {"app": "shop", "to": "latest"}), "to: Input should be a valid integer"),
        (ToolCall("app_status", {"app": "nope"}), "There is no app 'nope'"),
        (ToolCall("set_env", {"app": "shop", "names": ["A B"]}), "not a valid config var name"),
    ],
)
async def test_a_call_that_cannot_be_made_is_said_to_the_model(rig: Rig, call: ToolCall, said: str) -> None:
    await rig.deploy("shop")
    conversation = await rig.open()
    rig.script.will([call])
    events = await rig.answered(conversation, "go")
    assert said in rig.script.results()[0]["summary"]
    assert not of(events, "tool.finished")[0]["ok"]
    assert last_text(events) == "All done."


async def test_stop_keeps_what_was_said_and_marks_it(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["Half an ans", Hang()])
    message = await rig.say(conversation, "tell me a lot")
    await rig.script.hanging.wait()
    await rig.conversations.stop(conversation)
    finished = of(await rig.settled(conversation, message), "message.finished")[-1]
    assert finished["stopped"] == "user"
    assert finished["text"].startswith("Half an ans")
    rig.script.will(["Hello again."])
    assert last_text(await rig.answered(conversation, "hi")) == "Hello again."
    assert "Half an ans" in rig.script.told


async def test_messages_are_answered_one_at_a_time_in_their_order(rig: Rig) -> None:
    """F-40: several devices on one conversation."""
    conversation = await rig.open()
    rig.script.mind = lambda messages: [f"Answer to {prompts(messages)[-1]}."]
    said = [f"m{number}" for number in range(6)]
    ids = await asyncio.gather(*(rig.say(conversation, text, client_id=text) for text in said))
    again = await asyncio.gather(*(rig.say(conversation, text, client_id=text) for text in said))
    assert ids == again
    for id in ids:
        await rig.settled(conversation, id)
    events = await rig.events(conversation)
    asked = [m["text"] for m in of(events, "message.finished") if m["role"] == "user"]
    answers = [m["text"] for m in of(events, "message.finished") if m["role"] == "assistant"]
    assert sorted(asked) == said
    assert answers == [f"Answer to {text}." for text in asked]
    one, other = await asyncio.gather(rig.events(conversation), rig.events(conversation))
    assert one == other


async def test_an_edited_message_cuts_the_history_there(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["One."], ["Two."], ["Three."], ["Four."])
    await rig.answered(conversation, "first")
    second = await rig.say(conversation, "secnd")
    await rig.settled(conversation, second)
    await rig.answered(conversation, "third")
    await rig.answered(conversation, "second", replaces=second)
    assert prompts(rig.script.seen[-1]) == ["first", "second"]
    user = [m for m in of(await rig.events(conversation), "message.finished") if m["role"] == "user"]
    assert user[-1]["replaces"] == second


async def test_editing_a_message_stops_its_answer(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["Well", Hang()], ["Right."])
    first = await rig.say(conversation, "frist")
    await rig.script.hanging.wait()
    events = await rig.answered(conversation, "first", replaces=first)
    assert last_text(events) == "Right."
    assert prompts(rig.script.seen[-1]) == ["first"]


async def test_an_edited_message_that_is_sent_twice_is_taken_once(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["One."], ["Two", Hang()])
    first = await rig.say(conversation, "frst")
    await rig.settled(conversation, first)
    again = await rig.say(conversation, "first", client_id="c1", replaces=first)
    await rig.script.hanging.wait()
    assert await rig.say(conversation, "first", client_id="c1", replaces=first) == again
    rig.script.go_on.set()
    assert last_text(await rig.settled(conversation, again)) == "Two"


async def test_only_a_message_of_ones_own_can_be_edited(rig: Rig) -> None:
    from devgem.domain.errors import NotFound

    conversation, other = await rig.open(), await rig.open()
    message = await rig.say(other, "hi")
    with pytest.raises(NotFound):
        await rig.say(conversation, "hello", replaces=message)


async def test_a_model_that_breaks_is_said_with_a_way_on(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will(["Partial ", RuntimeError("boom")])
    finished = of(await rig.answered(conversation, "hi"), "message.finished")[-1]
    assert finished["stopped"] == "error"
    assert "Partial" in finished["text"]
    assert "boom" not in finished["text"]
    assert finished["actions"] == [{"label": "Continue", "say": "continue"}]
    assert last_text(await rig.answered(conversation, "again")) == "All done."


async def test_an_empty_answer_is_owned_up_to(rig: Rig) -> None:
    conversation = await rig.open()
    rig.script.will([""])
    assert "no answer" in last_text(await rig.answered(conversation, "hi"))


async def test_the_same_call_for_the_third_time_ends_the_turn(rig: Rig) -> None:
    """F-53: a tool loop."""
    conversation = await rig.open()
    rig.script.mind = lambda messages: [ToolCall("list_apps")]
    finished = of(await rig.answered(conversation, "go"), "message.finished")[-1]
    assert finished["stopped"] == "steps"
    assert "third time" in finished["text"]
    assert len(rig.script.seen) == 3


async def test_a_turn_ends_after_its_steps(tmp_path: Path) -> None:
    async with open_rig(tmp_path, budget=Budget(steps=4)) as rig:
        conversation = await rig.open()
        rig.script.mind = lambda messages: [ToolCall("list_repositories", {"query": f"q{len(messages)}"})]
        finished = of(await rig.answered(conversation, "go"), "message.finished")[-1]
        assert finished["stopped"] == "steps"
        assert "4 steps" in finished["text"]
        assert finished["actions"] == [{"label": "Continue", "say": "continue"}]


async def test_a_turn_ends_after_its_time(tmp_path: Path) -> None:
    async with open_rig(tmp_path, budget=Budget(seconds=0.3)) as rig:
        conversation = await rig.open()
        rig.script.will(["Thinking", Hang()])
        finished = of(await rig.answered(conversation, "go"), "message.finished")[-1]
        assert finished["stopped"] == "time"
        assert finished["text"].startswith("Thinking")


async def test_an_endless_answer_is_cut(tmp_path: Path) -> None:
    async with open_rig(tmp_path, budget=Budget(answer_characters=5000)) as rig:
        conversation = await rig.open()
        rig.script.will(["again " * 100] * 1000)
        finished = of(await rig.answered(conversation, "go"), "message.finished")[-1]
        assert finished["stopped"] == "budget"
        assert len(finished["text"]) < 7000


async def test_a_turn_whose_end_cannot_be_stored_is_closed_when_it_can(tmp_path: Path) -> None:
    """F-20: the database is locked."""
    async with open_rig(tmp_path, busy_seconds=0.2) as rig:
        conversation = await rig.open()
        rig.script.will(["Half", Hang()], ["Fine."])
        message = await rig.say(conversation, "hi")
        await rig.script.hanging.wait()
        with closing(sqlite3.connect(tmp_path / "devgem.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            rig.script.go_on.set()
            await asyncio.sleep(1.0)  # as long as the database is taken
            other.execute("ROLLBACK")
        finished = of(await rig.settled(conversation, message), "message.finished")[-1]
        assert finished["stopped"] == "error"
        assert "interrupted" in finished["text"]
        assert last_text(await rig.answered(conversation, "are you well?")) == "Fine."


async def test_a_conversation_that_is_not_there_takes_no_message(rig: Rig) -> None:
    from devgem.domain.errors import NotFound

    with pytest.raises(NotFound):
        await rig.say("cnv_none", "hi")
