"""Budgets: pure decisions, and the turns that keep them."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.agent.budget import Budget, Spent, Tally, failed_rounds, loops, stop
from devgem.agent.spending import Counted
from devgem.domain.deployment import Status
from tests.agent.rig import ToolCall, of, open_rig

BUDGET = Budget(turn_tokens=100, conversation_tokens=200, day_tokens=300, day_cost_usd=1.0, steps=5, seconds=60)


@pytest.mark.parametrize(
    ("tally", "spent", "kind", "text"),
    [
        (Tally(), Spent(), None, ""),
        (Tally(steps=5), Spent(), "steps", "5 steps"),
        (Tally(seconds=60), Spent(), "time", "1 minutes"),
        (Tally(input_tokens=60, output_tokens=40), Spent(), "budget", "100 tokens"),
        (Tally(), Spent(conversation_tokens=200), "budget", "new one"),
        (Tally(), Spent(day_tokens=300), "budget", "tomorrow"),
        (Tally(), Spent(day_cost_usd=1.0), "budget", "$1.00"),
        (Tally(input_tokens=99, steps=4, seconds=59.9), Spent(199, 299, 0.99), None, ""),
    ],
)
def test_what_ends_a_turn(tally: Tally, spent: Spent, kind: str | None, text: str) -> None:
    reached = stop(BUDGET, tally, spent)
    assert (reached.kind if reached else None) == kind
    assert reached is None or text in reached.text


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
def test_no_turn_goes_far_over_its_tokens(answers: list[tuple[int, int]]) -> None:
    tally = Tally()
    for used in answers:
        if stop(BUDGET, tally, Spent()):
            break
        tally = tally.used(*used, None)
    assert tally.tokens < BUDGET.turn_tokens + 120
    assert tally.steps <= BUDGET.steps
    assert Tally.from_json(tally.to_json()) == tally


def test_costs_that_are_not_known_are_not_made_up() -> None:
    assert Tally().used(1, 1, None).cost_usd is None
    assert Tally().used(1, 1, 0.5).used(1, 1, None).cost_usd == 0.5


def test_a_loop_is_the_same_call_again_and_again() -> None:
    assert not loops([], BUDGET)
    assert not loops(["a", "a", "b"], BUDGET)
    assert loops(["a", "b", "a", "b", "a"], BUDGET)


def test_rounds_count_failures_since_the_last_success() -> None:
    failed, live = Status.FAILED, Status.LIVE
    assert failed_rounds([]) == 0
    assert failed_rounds([failed, failed, live, failed]) == 2
    assert failed_rounds([live, failed]) == 0


async def test_tokens_are_counted_shown_and_stop_a_turn(tmp_path: Path) -> None:
    from devgem.store import Store
    from tests.pipeline.conftest import KEY, Databases

    store = await Store.open(Databases.embedded(tmp_path).store, key=KEY)
    budget = replace(Budget(), turn_tokens=120)
    async with open_rig(tmp_path, budget=budget, spending=Counted(store)) as rig:
        conversation = await rig.open()
        rig.script.will(["Short."])
        usage = of(await rig.answered(conversation, "hi"), "message.finished")[-1]["usage"]
        assert usage["turn_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
        assert usage["conversation_tokens"] == usage["day_tokens"] == usage["turn_tokens"]
        assert usage["day_limit"] == budget.day_tokens
        assert usage["cost_usd"] is None
        rig.script.mind = lambda messages: [ToolCall("help", {"topic": f"t{len(messages)}"})]
        finished = of(await rig.answered(conversation, "go on"), "message.finished")[-1]
        assert finished["stopped"] == "budget"
        assert "120 tokens" in finished["text"]
        assert finished["usage"]["conversation_tokens"] > usage["conversation_tokens"]
    await store.close()


async def test_a_spent_conversation_asks_no_model(tmp_path: Path) -> None:
    from devgem.store import Store
    from tests.pipeline.conftest import KEY, Databases

    store = await Store.open(Databases.embedded(tmp_path).store, key=KEY)
    async with open_rig(tmp_path, budget=Budget(conversation_tokens=10), spending=Counted(store)) as rig:
        conversation = await rig.open()
        await rig.answered(conversation, "hi")
        asked = len(rig.script.seen)
        finished = of(await rig.answered(conversation, "hi again"), "message.finished")[-1]
        assert finished["stopped"] == "budget"
        assert len(rig.script.seen) == asked == 1
    await store.close()
