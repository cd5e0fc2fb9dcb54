from datetime import UTC, datetime, timedelta

from devgem.gateway.history import History
from devgem.gateway.signals import Tally

START = datetime(2026, 11, 29, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def counted(total: Tally, *statuses: int, seconds: float = 0.01) -> Tally:
    """All that was counted so far, as the gateway sums it up anew each time."""
    fresh = Tally()
    fresh.add(total)
    for status in statuses:
        fresh.count(status, seconds)
    return fresh


def test_each_minute_has_its_own_counts() -> None:
    history, total = History(), Tally()
    history.close(START, total)
    total = counted(total, 200, 200, 500)
    history.close(START + MINUTE, total)
    total = counted(total, 404, seconds=2.0)
    first, second = history.within(HOUR, START + MINUTE, total)
    assert (first.at, first.requests, first.errors) == (START.replace(second=0), 3, 1)
    assert (second.at, second.requests, second.errors) == (START.replace(second=0) + MINUTE, 1, 0)
    assert first.p99_seconds is not None
    assert second.p50_seconds is not None
    assert first.p99_seconds < 0.02 < second.p50_seconds


def test_a_minute_in_which_nothing_was_asked_is_left_out() -> None:
    history, total = History(), counted(Tally(), 200)
    history.close(START, Tally())
    history.close(START + MINUTE, total)
    history.close(START + 2 * MINUTE, total)
    total = counted(total, 200)
    assert [one.at.minute for one in history.within(HOUR, START + 2 * MINUTE, total)] == [0, 2]


def test_only_the_window_is_told() -> None:
    history, total = History(), Tally()
    for minute in range(5):
        history.close(START + minute * MINUTE, total)
        total = counted(total, 200)
    found = history.within(2 * MINUTE, START + 4 * MINUTE, total)
    assert [one.at.minute for one in found] == [3, 4]


def test_a_day_is_kept_and_no_more() -> None:
    history, total = History(), Tally()
    for minute in range(3 * 24 * 60):
        history.close(START + minute * MINUTE, total)
        total = counted(total, 200)
    assert len(history.within(timedelta(days=9), START + 3 * 24 * HOUR, total)) == 24 * 60


def test_counts_that_are_forgotten_do_not_become_negative() -> None:
    history = History()
    history.close(START, Tally())
    history.close(START + MINUTE, counted(Tally(), *[200] * 10))
    after = counted(Tally(), 200)
    assert [one.requests for one in history.within(HOUR, START + MINUTE, after)] == [10]
