"""The state table and its fold."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.deployment import TRANSITIONS, Deployment, Status, advance, fold, fold_all
from devgem.domain.errors import IllegalTransition
from devgem.domain.event import Event, EventType

GOLDEN = sorted((Path(__file__).parent.parent / "golden").glob("*.json"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
MOVES = sorted({event for _, event in TRANSITIONS})


def events(*types: str) -> list[Event]:
    data = {"deployment": "dep_1", "app": "hello"}
    return [Event("deployment:dep_1", seq, type, NOW, data) for seq, type in enumerate(types, 1)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_log_folds_to_its_state(path: Path) -> None:
    golden = json.loads(path.read_text())
    log = [
        Event(golden["stream"], event["seq"], event["type"], datetime.fromisoformat(event["at"]), event["data"])
        for event in golden["events"]
    ]
    state = fold_all(log)
    assert state is not None
    assert json.loads(json.dumps(state.to_json())) == golden["state"]
    assert Deployment.from_json(golden["state"]).to_json() == golden["state"]


def test_every_end_has_a_golden_log() -> None:
    ends = {json.loads(path.read_text())["state"]["status"] for path in GOLDEN}
    assert ends == {status for status in Status if status.is_terminal}


@pytest.mark.parametrize(("status", "event"), [*itertools.product([None, *Status], EventType)])
def test_a_deployment_moves_as_the_table_says_and_no_other_way(status: Status | None, event: EventType) -> None:
    if (status, event) in TRANSITIONS:
        assert advance(status, event) is TRANSITIONS[status, event]
    else:
        with pytest.raises(IllegalTransition, match=event):
            advance(status, event)


@given(st.lists(st.sampled_from(MOVES), max_size=8))
def test_no_log_has_two_ends(types: list[EventType]) -> None:
    try:
        state = fold_all(events(*types))
    except IllegalTransition:
        return
    ends = [type for (status, type), after in TRANSITIONS.items() if status and after.is_terminal]
    assert sum(type in ends for type in types) <= 1
    assert (state is None) == (not types)


@given(st.text(), st.dictionaries(st.text(), st.integers()))
def test_an_event_that_nobody_knows_changes_nothing_but_the_seq(type: str, data: dict[str, int]) -> None:
    if type in set(EventType):
        return
    before = fold_all(events("deployment.requested"))
    after = fold(before, Event("deployment:dep_1", 2, type, NOW, dict(data)))
    assert before is not None
    assert after is not None
    assert after.to_json() == {**before.to_json(), "seq": 2}
    assert fold(None, Event("deployment:dep_1", 1, type, NOW, dict(data))) is None
