"""How many of the utterances are understood: the intent and every argument right, and which wrong acts there are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devgem.llm.planner import Ask, Call, NeedsModel, Plan, Say, Several, understand
from devgem.llm.planner.words import words
from tests.llm.planner.worlds import WORLDS

ACTS = words(
    """deploy deploy_edits preview_edits restart rollback cancel open_pull_request set_env unset_env remove_app"""
)
TUNED, HELD_OUT, FRESH, UNSEEN = "utterances.jsonl", "held_out.jsonl", "fresh.jsonl", "unseen.jsonl"


@dataclass(frozen=True)
class Utterance:
    world: str
    text: str
    plan: Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """`wrong` pairs an utterance with what it was taken for; `acts` are the acts that nobody asked for."""

    total: int
    wrong: list[tuple[Utterance, Plan]] = field(default_factory=list)
    acts: list[tuple[Utterance, Call]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return 1 - len(self.wrong) / self.total

    @property
    def removals(self) -> list[tuple[Utterance, Call]]:
        return [(utterance, call) for utterance, call in self.acts if call.tool == "remove_app"]


def utterances(name: str) -> list[Utterance]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [Utterance(**json.loads(line)) for line in lines]


def score(corpus: list[Utterance]) -> Score:
    result = Score(len(corpus))
    for utterance in corpus:
        plan = understand(utterance.text, WORLDS[utterance.world])
        if not agrees(plan, utterance.plan):
            result.wrong.append((utterance, plan))
        asked_for = [_canonical(call) for call in _expected(utterance.plan)]
        for call in calls_of(plan):
            if call.tool in ACTS and _canonical({"call": call.tool, "arguments": call.arguments}) not in asked_for:
                result.acts.append((utterance, call))
    return result


def agrees(plan: Plan, expected: Mapping[str, Any]) -> bool:
    match plan:
        case Call() | Several():
            said = [_canonical({"call": call.tool, "arguments": call.arguments}) for call in calls_of(plan)]
            return said == [_canonical(call) for call in _expected(expected)]
        case Ask(_, choices):
            return "ask" in expected and expected["ask"] in (None, list(choices))
        case Say(_, topic):
            return topic == expected.get("say")
        case NeedsModel():
            return "needs_model" in expected


def calls_of(plan: Plan) -> Iterator[Call]:
    match plan:
        case Call():
            yield plan
        case Several(calls):
            yield from calls


def _expected(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    several: list[Mapping[str, Any]] = plan.get("several", [plan] if "call" in plan else [])
    return several


def _canonical(call: Mapping[str, Any]) -> str:
    return json.dumps([call["call"], dict(call["arguments"])], sort_keys=True)
