from datetime import UTC, datetime, timedelta

from devgem.quota import Board, Endpoint, EndpointState, Limits, Usage
from devgem.quota.history import STEP, History

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
NONE = Usage(0, None)


def board(*ids: str, requests: int = 1, refused_ago: float | None = None) -> Board:
    states = [
        EndpointState(
            Endpoint(id, "vertex", "flash", id, Limits()),
            rpm=Usage(requests, 60),
            tpm=Usage(100 * requests, None),
            rph=NONE,
            tph=NONE,
            circuit="closed",
            refused_ago_seconds=refused_ago,
        )
        for id in ids
    ]
    return Board(states, {})


def test_each_minute_tells_what_was_asked_in_it() -> None:
    history = History()
    history.note(board("a", requests=3), NOW)
    history.note(board("a", requests=5, refused_ago=20.0), NOW + STEP)
    history.note(board("a", requests=0, refused_ago=80.0), NOW + 2 * STEP)
    minutes = history.of(board("a"))["a"]
    assert [(minute.requests, minute.tokens, minute.refused) for minute in minutes] == [
        (3, 300, False),
        (5, 500, True),
        (0, 0, False),
    ]


def test_an_hour_is_kept_and_no_more() -> None:
    history = History()
    for minute in range(150):
        history.note(board("a", requests=minute), NOW + minute * STEP)
    minutes = history.of(board("a"))["a"]
    assert (len(minutes), minutes[0].requests, minutes[-1].requests) == (60, 90, 149)


def test_only_the_endpoints_of_the_board_are_told_of() -> None:
    history = History()
    history.note(board("a", "somebody's"), NOW)
    assert set(history.of(board("a", "new"))) == {"a", "new"}
    assert history.of(board("new"))["new"] == ()


def test_an_endpoint_that_is_gone_is_forgotten() -> None:
    history = History()
    history.note(board("a", "b"), NOW)
    history.note(board("b"), NOW + timedelta(hours=2))
    assert history.of(board("a"))["a"] == ()
