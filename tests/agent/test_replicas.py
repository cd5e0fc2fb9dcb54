"""Two processes over one database: a conversation is answered by one of them, and stopped by any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devgem.agent.brain import Asker, Brain
from devgem.agent.conversation import Conversations
from tests.agent.rig import Hang, Rig, ToolCall, last_text, of, open_rig, prompts


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Rig, Rig]]:
    """The second one has conversations of its own, over the same store and pipeline."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_rig(tmp_path, is_shared=True))
        script = first.script

        async def choose(asker: Asker) -> Brain:
            from pydantic_ai.models.function import FunctionModel

            return Brain(FunctionModel(stream_function=script.answer), is_metered=False)

        conversations = Conversations(first.conversations.parts, choose, is_shared=True)
        await conversations.start()
        stack.push_async_callback(conversations.close)
        yield first, Rig(first.house, first.cloud, conversations, script, first.inspected)


async def test_turns_said_to_both_are_answered_one_at_a_time(pair: tuple[Rig, Rig]) -> None:
    first, second = pair
    conversation = await first.open()
    running = 0
    most = 0

    def mind(messages: object) -> list[str]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return ["x"]

    first.script.mind = mind
    sides = [first, second] * 5
    ids = await asyncio.gather(*(side.say(conversation, f"m{n}") for n, side in enumerate(sides)))
    for side, id in zip(sides, ids, strict=True):
        await side.settled(conversation, id)
    events = await first.events(conversation)
    turns = [e.data["turn"] for e in events if e.type in ("message.started", "message.finished") and e.data.get("turn")]
    assert len(turns) == 2 * len(ids)
    assert turns[::2] == turns[1::2], "no turn begins before the one before it has ended"
    assert most == 1


async def test_one_stops_what_the_other_answers(pair: tuple[Rig, Rig]) -> None:
    first, second = pair
    conversation = await first.open()
    first.script.will(["Half", Hang()])
    message = await first.say(conversation, "tell me")
    await first.script.hanging.wait()
    await second.conversations.stop(conversation)
    finished = of(await first.settled(conversation, message), "message.finished")[-1]
    assert (finished["stopped"], finished["text"][:4]) == ("user", "Half")


async def test_one_edits_what_the_other_answers(pair: tuple[Rig, Rig]) -> None:
    first, second = pair
    conversation = await first.open()
    first.script.will(["Half", Hang()], ["Whole."])
    message = await first.say(conversation, "tel me")
    await first.script.hanging.wait()
    assert last_text(await second.answered(conversation, "tell me", replaces=message)) == "Whole."
    assert prompts(first.script.seen[-1]) == ["tell me"]


async def test_one_approves_what_the_other_asked_for(pair: tuple[Rig, Rig]) -> None:
    first, second = pair
    await first.deploy("shop")
    conversation = await first.open()
    first.script.will([ToolCall("restart", {"app": "shop"})], ["Restarted."])
    (asked,) = of(await first.answered(conversation, "hm"), "approval.requested")
    answers = (
        side.conversations.answer(conversation, asked["approval"], granted=True, digest=asked["digest"], by="operator")
        for side in (first, second)
    )
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    await first.until(conversation, lambda e: e.type == "message.finished" and e.data["text"] == "Restarted.")
    assert first.cloud.acts("restart.called") == ["shop"]


async def test_a_turn_whose_process_is_gone_is_closed_by_another(pair: tuple[Rig, Rig]) -> None:
    first, _ = pair
    conversation = await first.open()
    first.script.will(["Half", Hang()], ["Next."])
    message = await first.say(conversation, "tell me")
    await first.script.hanging.wait()
    await first.conversations.close()  # as a process that dies, it leaves the turn as it is
    async with first.store.write() as transaction:
        turn = await transaction.histories.of_message(conversation, message)
        assert turn.status == "running"
        await transaction.histories.hold(turn.id, turn.holder, now=datetime.now(UTC) - timedelta(minutes=1))
    finished = of(await first.settled(conversation, message), "message.finished")[-1]
    assert "DevGem was interrupted" in finished["text"]
