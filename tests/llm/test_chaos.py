"""Everything at once: random faults everywhere, callers that give up, tools that must run whole or not at all."""

import asyncio
import random

import pytest
from pydantic_ai import Agent

from devgem.domain.errors import DevGemError
from devgem.llm.attempt import Deadlines
from tests.llm.rig import REGIONS, Rig, routed
from tests.standins.gemini import Call, Fault, Reply

ARGUMENTS = {"source": "owner/shop", "note": "größer 🚀"}
KINDS = (
    "429",
    "429_bare",
    "503",
    "500_html",
    "404",
    "reset",
    "cut",
    "eof",
    "error_chunk",
    "no_finish",
    "garbage",
    "stall",
)


def brain(call: Call) -> Reply:
    if call.tool_results:
        return Reply.say("Deploy", "ing.", chunk_seconds=0.002)
    part = {"functionCall": {"name": "deploy", "args": ARGUMENTS}, "thoughtSignature": "c2ln"}
    return Reply(chunks=[[{"text": "On it. "}], [part]], chunk_seconds=0.002)


def some_fault(draw: random.Random) -> Fault:
    return Fault(
        draw.choice(KINDS), times=None, at_byte=draw.choice([None, draw.randrange(600)]), share=0.04, seconds=0.2
    )


async def turn(rig: Rig, draw: random.Random, ran: list[dict[str, str]]) -> str:
    agent = Agent(rig.model())

    @agent.tool_plain
    async def deploy(source: str, note: str) -> str:
        """Deploys a source."""
        ran.append({"source": source, "note": note})
        return "started"

    patience = draw.choice([0.02, 0.1, 5.0, 5.0, 5.0])
    async with asyncio.timeout(patience):
        return (await agent.run("deploy")).output


@pytest.mark.parametrize("seed", range(3))
async def test_every_turn_ends_whole_or_with_its_reason_and_every_lease_is_settled(seed: int) -> None:
    draw = random.Random(seed)
    deadlines = Deadlines(wait=1.0, first_token=0.3, between_tokens=0.2, call=2.0, turn=4.0)
    async with routed(deadlines=deadlines) as rig:
        rig.google.brain = brain
        for place in (*REGIONS, "gemini"):
            rig.google.fault(place, *(some_fault(draw) for _ in range(8)))
        ran: list[dict[str, str]] = []
        ends = await asyncio.gather(*(turn(rig, draw, ran) for _ in range(60)), return_exceptions=True)
        assert {type(end) for end in ends if isinstance(end, BaseException)} <= {TimeoutError, *_leaves(DevGemError)}
        assert {end for end in ends if isinstance(end, str)} == {"Deploying."}
        assert sum(isinstance(end, str) for end in ends) >= 15
        assert all(one == ARGUMENTS for one in ran)
        await rig.routes.close()
        assert rig.all_settled()


def _leaves(error: type[DevGemError]) -> set[type[DevGemError]]:
    return {error, *(leaf for kind in error.__subclasses__() for leaf in _leaves(kind))}
