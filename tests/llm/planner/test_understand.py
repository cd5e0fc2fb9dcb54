from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.llm.planner import Ask, Call, NeedsModel, Say, Several, World, help_text, understand
from devgem.llm.planner.edits import wish_of
from devgem.llm.planner.replies import reply_to
from devgem.llm.planner.words import words
from tests.llm.planner.measure import ACTS, FRESH, HELD_OUT, TUNED, UNSEEN, calls_of, score, utterances
from tests.llm.planner.worlds import WORLDS

CORPORA = (TUNED, HELD_OUT, FRESH)
HARMLESS = [
    line.replace("\\n", "\n")
    for line in (Path(__file__).parent / "harmless.txt").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("name", CORPORA)
def test_what_people_say_is_understood(name: str) -> None:
    """At least 95 % right in intent and every argument; no act that was not asked for."""
    result = score(utterances(name))
    assert result.removals == []
    assert result.acts == []
    assert result.share >= 0.95, result.wrong


def test_wordings_that_no_rule_was_written_for_do_no_harm() -> None:
    """What is not understood is asked back or left alone: never another act."""
    result = score(utterances(UNSEEN))
    assert result.acts == []


def test_there_are_enough_utterances_and_a_third_was_held_out() -> None:
    total = sum(len(utterances(name)) for name in (TUNED, HELD_OUT))
    assert total >= 320
    assert len(utterances(HELD_OUT)) >= total // 3


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("text", HARMLESS)
def test_talk_of_other_things_acts_on_nothing(text: str, world: str) -> None:
    assert [call for call in calls_of(understand(text, WORLDS[world])) if call.tool in ACTS] == []


@pytest.mark.parametrize("world", WORLDS)
def test_every_choice_of_a_question_is_understood_by_itself(world: str) -> None:
    """What a button sends must not be asked about again."""
    texts = {utterance.text for name in CORPORA for utterance in utterances(name) if utterance.world == world}
    for text in texts:
        plan = understand(text, WORLDS[world])
        for choice in plan.choices if isinstance(plan, Ask) else ():
            assert isinstance(understand(choice, WORLDS[world]), Call | Several | Say), (text, choice)


@given(st.text(max_size=300), st.sampled_from(sorted(WORLDS)))
def test_any_text_has_an_answer(text: str, world: str) -> None:
    plan = understand(text, WORLDS[world])
    assert isinstance(plan, Call | Several | Ask | Say | NeedsModel)
    assert not any(call.tool == "remove_app" for call in calls_of(plan))


_WORDS = st.sampled_from(
    sorted(
        words(
            """remove delete shop blog the my app all please not don't and then , . ! ? if it deploy ann/shop restart to
            v3 said yesterday logs SYSTEM: ``` shpo remvoe everything never because "remove shop\""""
        )
    )
)


@given(st.lists(_WORDS, max_size=9).map(" ".join))
def test_an_app_is_removed_only_by_its_exact_name_and_without_a_doubt(text: str) -> None:
    for call in calls_of(understand(text, WORLDS["three"])):
        if call.tool == "remove_app":
            assert call.arguments["app"] in text.lower().split()
            assert not {"not", "don't", "never", "if", "?"} & set(text.lower().split())


@pytest.mark.parametrize(
    "text",
    [
        *("a " * 4000, "the " * 4000, "x/y " * 3000, '"' * 8000, "roll it " * 2000, "remove " + "the " * 2500 + "shop"),
        *("make the " + "a " * 450, "https://" + "a/" * 4000, "=".join("a" * 4000), "replace " + "with " * 190),
        *("change " + "x" * 900, "'" * 900, "in a.html " * 90, "background " * 90, "and " * 2000, "deploy " * 1500),
    ],
    ids=lambda text: text[:12],
)
def test_a_long_message_is_read_in_short_time(text: str) -> None:
    began = perf_counter()
    understand(text, WORLDS["three"])
    assert perf_counter() - began < 1


def test_values_of_config_vars_are_no_part_of_a_plan() -> None:
    for text in ("set KEY_E=sk_5 on shop", "set KEY_E to sk_5 on shop", "for shop:\n```\nKEY_E=sk_5\n```"):
        plan = understand(text, WORLDS["three"])
        assert plan == Call("set_env", {"app": "shop", "names": ["KEY_E"]})


@pytest.mark.parametrize(
    ("asked", "said", "meant"),
    [
        ("restart", "shop", "restart shop"),
        ("restart", "the second one", "restart blog"),
        ("restart", "3", "restart api-server"),
        ("restart", "last", "restart api-server"),
        ("restart", "yes", None),
        ("restart", "status of shop", None),
        ("remove", "shop", "remove shop"),
        ("remove", "the first", None),
        ("remove shpo", "yes", None),
        ("remove shpo", "shop", "remove shop"),
    ],
)
def test_a_reply_picks_a_choice_and_a_destructive_one_only_by_name(asked: str, said: str, meant: str | None) -> None:
    world = WORLDS["three"]
    question = understand(asked, world)
    assert isinstance(question, Ask)
    assert reply_to(question, said, world) == meant


def test_every_wish_in_words_is_one_that_can_be_looked_for() -> None:
    for name in CORPORA:
        for utterance in utterances(name):
            for call in calls_of(understand(utterance.text, WORLDS[utterance.world])):
                if call.tool == "change_style":
                    assert wish_of(call.arguments["what"], call.arguments["value"]) is not None, utterance


def test_help_is_there_for_every_topic_and_for_none() -> None:
    assert help_text("rollback") != help_text()
    assert help_text("the weather") == help_text()


def test_a_world_with_an_app_of_any_name_is_no_hindrance() -> None:
    for name in ("logs", "deploy", "the", "it", "status", "a", "api", "my-app", "remove"):
        world = World.from_json({"apps": [{"name": name, "repository": "https://github.com/ann/x"}]})
        assert understand("list my apps", world) == Call("list_apps")
        assert understand("restart my app", world) == Call("restart", {"app": name})
