"""Streams that break, wherever they do: nothing runs on half its arguments, nothing half is taken for whole."""

import asyncio
import base64
import json
from typing import Any

import httpx2
import pytest
from pydantic_ai import Agent
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest, ToolCallPart

from devgem.llm import notices
from devgem.llm.attempt import Deadlines
from devgem.llm.errors import ModelFailed
from devgem.llm.stream import Delta, read_delta
from devgem.quota import Verdict
from tests.llm.rig import MODEL, REGIONS, Rig, Told, routed, watch
from tests.standins.gemini import Call, Fault, Reply

TEXT = ("Grüße, 你", "好 🚀.")
DEPLOY = {"source": "owner/shop", "note": "größer 🚀"}


class Deploys:
    """An agent with one tool, which notes what it ran with."""

    def __init__(self, rig: Rig) -> None:
        self.ran: list[dict[str, Any]] = []
        self.agent: Agent[None, str] = Agent(rig.model())
        self.agent.tool_plain(self.deploy)

    async def deploy(self, source: str, note: str) -> str:
        """Deploys a source."""
        self.ran.append({"source": source, "note": note})
        return "started"


def deploy_then_say(call: Call) -> Reply:
    if call.tool_results:
        return Reply.say("Deploying.")
    text: dict[str, Any] = {"text": "On it. "}
    part = {"functionCall": {"name": "deploy", "args": DEPLOY}, "thoughtSignature": "c2ln"}
    return Reply(chunks=[[text], [part]])


async def stream_bytes(rig: Rig, reply: Reply) -> int:
    """How long the stream of a reply is."""
    rig.google.brain = lambda call: reply
    url = f"{rig.google.url}/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    async with httpx2.AsyncClient(timeout=5) as http:
        body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
        answer = await http.post(url, json=body, headers={"x-goog-api-key": "k"})
    rig.google.reset()
    return len(answer.content)


async def read_answer(rig: Rig) -> str:
    """The text as a user sees it grow and be replaced."""
    text = ""
    async with model_request_stream(rig.model(), [ModelRequest.user_text_prompt("hi")]) as stream:
        async for event in stream:
            if (delta := read_delta(event)) is not None:
                text = delta.text if delta.replace else text + delta.text
    assert stream.get().text == text
    return text


@pytest.mark.parametrize(("kind", "step"), [("cut", 1), ("eof", 1), ("reset", 5)])
async def test_a_text_cut_at_any_byte_is_replaced_by_a_whole_one(kind: str, step: int) -> None:
    """F-50: before the first token, within a character of several bytes, after the last token."""
    async with routed("vertex/us-central1; vertex/us-east1") as rig:
        reply = Reply.say(*TEXT)
        length = await stream_bytes(rig, reply)
        rig.google.brain = lambda call: reply
        for at in range(0, length + 1, step):
            rig.google.fault("us-central1", Fault(kind, at_byte=at))
            assert await read_answer(rig) == "".join(TEXT), at
            if at < length - len(b"\r\n\r\n"):
                assert rig.asked()[-1] == "us-east1", at
            rig.quota.ledger_heals()
        assert rig.all_settled()


@pytest.mark.parametrize("kind", ["cut", "eof"])
async def test_no_tool_runs_on_half_its_arguments_wherever_the_stream_is_cut(kind: str) -> None:
    """F-50, within the JSON of a function call."""
    async with routed("vertex/us-central1; vertex/us-east1") as rig:
        part = {"functionCall": {"name": "deploy", "args": DEPLOY}, "thoughtSignature": "c2ln"}
        length = await stream_bytes(rig, Reply(chunks=[[{"text": "On it. "}], [part]]))
        for at in range(0, length + 1, 4):
            rig.google.brain = deploy_then_say
            rig.google.fault("us-central1", Fault(kind, at_byte=at))
            deploys = Deploys(rig)
            told = await watch(deploys.agent, "deploy")
            assert deploys.ran == [DEPLOY], at
            assert told.result == "Deploying."
            rig.quota.ledger_heals()
        assert rig.all_settled()


async def test_what_was_streamed_of_a_broken_answer_is_replaced_and_the_user_told_so() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("one ", "two ", "three"))
        rig.google.fault("us-central1", Fault("error_chunk", at_chunk=2))
        told = await watch(Agent(rig.model()), "count")
        assert told.text == told.result == "one two three"
        assert told.replacements == 1
        switched = next(one for one in rig.notices if isinstance(one, notices.Switched))
        assert switched.replaces
        assert (switched.origin, switched.target) == (f"vertex/us-central1/{MODEL}", f"vertex/us-east1/{MODEL}")


async def test_a_text_is_replaced_by_a_tool_call_when_the_second_answer_is_one() -> None:
    async with routed() as rig:
        rig.google.fault("us-central1", Fault("error_chunk", at_chunk=1))
        first = [Reply.say("I will ", "not.")]
        rig.google.brain = lambda call: first.pop() if first else deploy_then_say(call)
        deploys = Deploys(rig)
        told = await watch(deploys.agent, "deploy")
        assert deploys.ran == [DEPLOY]
        assert "I will" not in told.text
        assert told.replacements == 1


async def test_parallel_calls_come_whole_and_in_order() -> None:
    async with routed() as rig:
        calls = [("deploy", {"source": f"owner/{n}", "note": ""}) for n in range(5)]
        rig.google.brain = lambda call: Reply.say("All five.") if call.tool_results else Reply.calls(*calls)
        rig.google.fault("us-central1", Fault("cut", at_byte=150))
        deploys = Deploys(rig)
        assert (await watch(deploys.agent, "deploy all")).result == "All five."
        assert sorted(one["source"] for one in deploys.ran) == [f"owner/{n}" for n in range(5)]
        results = rig.google.calls[-1].tool_results
        assert [one["name"] for one in results] == ["deploy"] * 5


@pytest.mark.parametrize("then", ["us-east1", "gemini"])
async def test_thought_signatures_are_kept_or_replaced_as_gemini_wants_when_the_endpoint_changes(then: str) -> None:
    async with routed() as rig:
        deploys = Deploys(rig)

        def brain(call: Call) -> Reply:
            if call.place == "us-central1":
                for region in REGIONS if then == "gemini" else REGIONS[:1]:
                    rig.google.fault(region, Fault("503", times=None))
            return deploy_then_say(call)

        rig.google.brain = brain
        assert (await watch(deploys.agent, "deploy")).result == "Deploying."
        last = rig.google.calls[-1]
        assert last.place == then
        signed = [part for content in last.contents for part in content["parts"] if "functionCall" in part]
        expected = b"sig" if then == "us-east1" else b"skip_thought_signature_validator"
        assert base64.b64decode(signed[0]["thoughtSignature"]) == expected


async def test_a_tool_that_does_not_exist_is_answered_to_the_model_and_runs_nothing() -> None:
    async with routed() as rig:
        rig.google.script(Reply.call("format_disk", {}), Reply.say("Sorry."))
        deploys = Deploys(rig)
        assert (await watch(deploys.agent, "deploy")).result == "Sorry."
        assert deploys.ran == []


async def test_a_silent_endpoint_is_left_after_the_first_deadline() -> None:
    deadlines = Deadlines(first_token=0.1, between_tokens=0.1, call=2, turn=5)
    async with routed(deadlines=deadlines) as rig:
        rig.google.fault("us-central1", Fault("stall"))
        rig.google.fault("us-east1", Fault("stall", at_byte=250))
        assert (await watch(Agent(rig.model()), "hi")).result
        assert rig.quota.verdicts[:2] == [("us-central1", Verdict.FAILED), ("us-east1", Verdict.FAILED)]


async def test_a_trickle_of_tokens_is_left_for_an_endpoint_that_answers() -> None:
    """F-53: one token in a while."""
    async with routed(deadlines=Deadlines(first_token=1, between_tokens=0.1, call=5, turn=5)) as rig:
        rig.google.script(Reply.say(*"slowly does it"))
        rig.google.fault("us-central1", Fault("slow", seconds=0.3))
        told = await watch(Agent(rig.model()), "hi")
        assert told.text == told.result == "slowly does it"
        assert rig.asked() == ["us-central1", "us-east1"]


async def test_a_trickle_is_told_from_the_silence_before_a_long_tool_call() -> None:
    deadlines = Deadlines(first_token=1, between_tokens=1, trickle=0.2, slowest_characters_per_second=100, call=5)
    async with routed(deadlines=deadlines) as rig:
        long = {"source": "x" * 5000, "note": ""}
        call = {"functionCall": {"name": "deploy", "args": long}, "thoughtSignature": "c2ln"}
        first = [Reply(chunks=[[{"text": "On it."}], [call]], chunk_seconds=0.3)]
        rig.google.brain = lambda _: first.pop() if first else Reply.say("Done.")
        deploys = Deploys(rig)
        assert (await watch(deploys.agent, "deploy")).result == "Done."
        assert deploys.ran == [long]
        assert rig.asked() == ["us-central1", "us-central1"]
        rig.google.script(Reply.say(*"trickling along"))
        rig.google.fault("us-central1", Fault("slow", seconds=0.05))
        assert (await watch(Agent(rig.model()), "hi")).result == "trickling along"
        assert rig.asked()[2:] == ["us-central1", "us-east1"]


async def test_a_turn_ends_at_its_deadline_however_steadily_tokens_come() -> None:
    async with routed(deadlines=Deadlines(first_token=1, between_tokens=1, call=5, turn=0.3)) as rig:
        rig.google.script(Reply.say(*["tick "] * 100, chunk_seconds=0.05))
        with pytest.raises(ModelFailed) as caught:
            await Agent(rig.model()).run("hi")
        assert caught.value.code == "model_too_slow"
        assert rig.all_settled()


@pytest.mark.parametrize(("kind", "code"), [("huge", "answer_too_long"), ("endless", "answer_repeats")])
async def test_an_answer_without_end_is_stopped_and_not_asked_for_again(kind: str, code: str) -> None:
    """F-53: 10 MB, and the same words for ever."""
    async with routed() as rig:
        rig.google.fault("us-central1", Fault(kind, size_bytes=10_000_000))
        with pytest.raises(ModelFailed) as caught:
            await Agent(rig.model()).run("hi")
        assert caught.value.code in (code, "answer_repeats")
        assert rig.asked() == ["us-central1"]
        assert (await rig.state("us-central1")).circuit == "closed"


async def test_a_caller_that_gives_up_mid_stream_settles_its_lease() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say(*["word "] * 50, chunk_seconds=0.05))
        told = Told()
        turn = asyncio.create_task(watch(Agent(rig.model()), "hi", told))
        while not told.text:
            await asyncio.sleep(0.01)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert rig.quota.verdicts == [("us-central1", Verdict.ABANDONED)]
        assert rig.all_settled()
        async with asyncio.timeout(2):
            while not rig.google.arrivals[0].is_over:
                await asyncio.sleep(0.01)
        assert rig.google.arrivals[0].reason == "caller hung up"


async def test_a_caller_that_gives_up_before_the_first_token_settles_its_lease() -> None:
    async with routed() as rig:
        rig.google.fault("us-central1", Fault("stall"))
        turn = asyncio.create_task(watch(Agent(rig.model()), "hi"))
        while not rig.google.arrivals:
            await asyncio.sleep(0.01)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert rig.quota.verdicts == [("us-central1", Verdict.ABANDONED)]


async def test_what_a_broken_answer_used_is_charged_too() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("one ", "two", prompt_tokens=100, output_tokens=10))
        rig.google.fault("us-central1", Fault("error_chunk", at_chunk=1, status=429))
        await watch(Agent(rig.model()), "hi")
        assert [tokens for tokens, _ in rig.purse.charged] == [105, 110]
        assert rig.quota.verdicts == [("us-central1", Verdict.REFUSED), ("us-east1", Verdict.OK)]


async def test_a_stream_that_breaks_leaves_no_connection_open() -> None:
    async with routed("vertex/us-central1; vertex/us-east1") as rig:
        rig.google.script(Reply.say("one ", "two"))
        for _ in range(10):
            rig.google.fault("us-central1", Fault("error_chunk", at_chunk=1))
            await Agent(rig.model()).run("hi")
            rig.quota.ledger_heals()
        assert rig.asked().count("us-central1") == 10
        async with asyncio.timeout(2):
            while rig.google.open_connections > 1:
                await asyncio.sleep(0.01)


async def test_a_stream_without_an_agent_is_the_same() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("one ", "two"))
        rig.google.fault("us-central1", Fault("error_chunk", at_chunk=1))
        seen = []
        async with model_request_stream(rig.model(), [ModelRequest.user_text_prompt("hi")]) as stream:
            async for event in stream:
                seen.append(read_delta(event))
            response = stream.get()
        assert [one for one in seen if one] == [Delta("one "), Delta("one ", replace=True), Delta("two")]
        assert response.state == "complete" and response.finish_reason == "stop"


async def test_a_response_says_which_endpoint_it_is_from() -> None:
    async with routed() as rig:
        rig.google.fault("us-central1", Fault("503"))
        result = await Agent(rig.model()).run("hi")
        response = result.all_messages()[-1]
        assert response.kind == "response"
        assert response.metadata == {"endpoint": f"vertex/us-east1/{MODEL}"}
        assert not [part for part in response.parts if isinstance(part, ToolCallPart)]
        assert json.loads(result.all_messages_json())
