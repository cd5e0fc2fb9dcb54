"""Conversations through the real Gemini client and the quota engine, in front of a stand-in for Google's servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from devgem.agent.brain import Asker, Brain
from devgem.agent.spending import Counted
from devgem.llm.routed import RoutedModel
from devgem.llm.routes import Purpose
from devgem.quota import Priority
from devgem.store import Store
from tests.agent.rig import Rig, last_text, of, open_rig
from tests.llm.rig import Rig as Routing
from tests.llm.rig import routed
from tests.pipeline.conftest import KEY, Databases
from tests.standins.gemini import Call, Fault, Reply
from tests.standins.gemini.brain import function_call


@dataclass
class Both:
    rig: Rig
    routing: Routing

    def will(self, *replies: Reply) -> None:
        self.routing.google.script(*replies)

    async def answered(self, text: str) -> tuple[str, list[object]]:
        conversation = await self.rig.open()
        events = await self.rig.answered(conversation, text)
        return last_text(events), list(await self.rig.events(conversation))


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with AsyncExitStack() as stack:
        routing = await stack.enter_async_context(routed())

        async def choose(asker: Asker) -> Brain:
            purpose = Purpose(routing.addresses, Priority.CHAT, "chat", asker.observe)
            return Brain(RoutedModel(routing.routes, purpose))

        store = await Store.open(Databases.embedded(tmp_path).store, key=KEY)
        stack.push_async_callback(store.close)
        rig = await stack.enter_async_context(open_rig(tmp_path, choose=choose, spending=Counted(store)))
        await rig.deploy("shop")
        yield Both(rig, routing)


async def test_parallel_calls_and_their_signatures_come_back_whole(both: Both) -> None:
    seen: list[Call] = []

    def brain(call: Call) -> Reply:
        seen.append(call)
        if call.tool_results:
            return Reply.say("shop is ", "live.")
        return Reply.calls(("app_status", {"app": "shop"}), ("list_env", {}))

    both.routing.google.brain = brain
    conversation = await both.rig.open()
    events = await both.rig.answered(conversation, "how is shop?")
    assert last_text(events) == "shop is live."
    results = {result["name"]: result["response"] for result in seen[-1].tool_results}
    assert "shop is live at" in str(results["app_status"])
    assert "no config vars" in str(results["list_env"])
    signatures = [part.get("thoughtSignature") for part in seen[-1].contents[-2]["parts"]]
    assert signatures == ["cGFyYWxsZWw=", None]
    usage = of(events, "message.finished")[-1]["usage"]
    assert usage["turn_tokens"] == usage["conversation_tokens"] > 0
    assert usage["cost_usd"] > 0
    assert seen[0].tools[:3] == ["list_apps", "app_status", "list_revisions"]


@pytest.mark.parametrize("at_byte", [0, 40, 120, 230, 330, 400])
async def test_a_cut_stream_is_replaced_and_nothing_acts_on_half_of_it(both: Both, at_byte: int) -> None:
    """F-50, in the whole loop."""
    part = function_call("rollback", {"app": "shop", "to": 1}, signature="c2ln")
    both.will(Reply(chunks=[[{"text": "I roll it back. "}], [part]]), Reply.say("It waits for you."))
    both.routing.google.fault("us-central1", Fault("cut", at_byte=at_byte))
    conversation = await both.rig.open()
    message = await both.rig.say(conversation, "hm, shop is odd")
    events = await both.rig.settled(conversation, message)
    asked = of(events, "approval.requested")
    assert [data["arguments"] for data in asked] in ([{"app": "shop", "to": 1}], [])
    every = await both.rig.events(conversation)
    (switched,) = [e.data for e in every if e.type == "endpoint.switched"]
    assert "us-central1" in switched["from"]
    assert both.rig.cloud.acts("shift.called") == ["shop@1"]


async def test_text_that_was_streamed_before_a_cut_is_taken_back(both: Both) -> None:
    both.will(
        Reply.say("This is the ", "first try, ", "which breaks"),
        Reply.say("This is ", "the second.", chunk_seconds=0.15),
    )
    both.routing.google.fault("us-central1", Fault("no_finish"))
    conversation = await both.rig.open()
    assert last_text(await both.rig.answered(conversation, "hi")) == "This is the second."
    deltas = [e.data for e in await both.rig.events(conversation) if e.type == "message.delta"]
    assert any(delta["replace"] for delta in deltas)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply.call("wipe_disk", {"all": True}), "There is no tool"),
        (Reply.call("rollback", {"app": "shop", "to": "yesterday"}), "wrong"),
        (Reply.call("app_status", {"app": "shop", "sudo": 1}), "Extra inputs"),
    ],
)
async def test_a_wrong_call_is_said_to_the_model(both: Both, reply: Reply, said: str) -> None:
    told: list[str] = []

    def brain(call: Call) -> Reply:
        if not call.tool_results:
            return reply
        told.append(str(call.tool_results))
        return Reply.say("I see.")

    both.routing.google.brain = brain
    text, _ = await both.answered("go")
    assert text == "I see."
    assert said in told[0]


@pytest.mark.parametrize("kind", ["safety", "400", "huge", "endless"])
async def test_what_cannot_be_answered_is_said_plainly(both: Both, kind: str) -> None:
    """F-53."""
    for place in ("us-central1", "us-east1", "europe-west1", "asia-northeast1", "gemini"):
        both.routing.google.fault(place, Fault(kind, times=None, size_bytes=2_000_000))
    conversation = await both.rig.open()
    finished = of(await both.rig.answered(conversation, "hi"), "message.finished")[-1]
    assert finished["stopped"] in ("error", "budget")
    assert finished["text"]
    assert finished["actions"]


async def test_the_conversation_goes_on_after_a_failed_answer(both: Both) -> None:
    for place in ("us-central1", "us-east1", "europe-west1", "asia-northeast1", "gemini"):
        both.routing.google.fault(place, Fault("400"))
    conversation = await both.rig.open()
    await both.rig.answered(conversation, "hi")
    both.routing.google.reset()
    both.will(Reply.say("Here again."))
    assert last_text(await both.rig.answered(conversation, "and now?")) == "Here again."
