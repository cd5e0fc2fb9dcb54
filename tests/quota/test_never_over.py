"""Laws: in no sliding window is more than the limit granted, and yet what is allowed is used."""

from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from devgem.quota import Ask, Endpoint, Lease, Limits, Outcome, Priority, Verdict
from devgem.quota.books import Books

START = 1_700_000_000_000

_limits = st.builds(
    Limits,
    rpm=st.none() | st.integers(1, 30),
    tpm=st.none() | st.integers(50, 3000),
    rph=st.none() | st.integers(1, 200),
    tph=st.none() | st.integers(50, 20_000),
)
_gaps = st.sampled_from([0, 0, 1, 30, 249, 250, 251, 4_000, 29_000, 59_999, 60_000, 60_500, 3_599_000])


def peak(grants: list[tuple[int, int]], span_ms: int) -> int:
    """The most that lies in any sliding window; the grants are (time, amount) in order of time."""
    times = [at for at, _ in grants]
    sums = [0]
    for _, amount in grants:
        sums.append(sums[-1] + amount)
    return max((sums[i + 1] - sums[bisect_right(times, at - span_ms)] for i, at in enumerate(times)), default=0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_limits, min_size=1, max_size=3),
    st.lists(st.tuples(_gaps, st.integers(0, 400), st.sampled_from(Priority), st.booleans()), max_size=250),
)
def test_no_sliding_window_ever_holds_more_than_the_limit(
    limits: list[Limits], calls: list[tuple[int, int, Priority, bool]]
) -> None:
    where = tuple(Endpoint(f"e{at}", "v", "m", "", each) for at, each in enumerate(limits))
    books, now = Books(), START
    requests: dict[str, list[tuple[int, int]]] = {e.id: [] for e in where}
    tokens: dict[str, list[tuple[int, int]]] = {e.id: [] for e in where}
    for gap, size, priority, uses_less in calls:
        now += gap
        (answer,) = books.decide(now, "p", [(Ask(priority, size, 0, where), None)], ())
        if isinstance(answer, Lease):
            used = size // 2 if uses_less else size
            books.settle(now, answer, Outcome(Verdict.OK, input_tokens=used), 500)
            requests[answer.endpoint.id].append((now, 1))
            tokens[answer.endpoint.id].append((now, used))
    for endpoint in where:
        of = endpoint.limits
        for grants, limit, span_ms in (
            (requests, of.rpm, 60_000),
            (tokens, of.tpm, 60_000),
            (requests, of.rph, 3_600_000),
            (tokens, of.tph, 3_600_000),
        ):
            assert limit is None or peak(grants[endpoint.id], span_ms) <= limit


@settings(max_examples=20, deadline=None)
@given(st.integers(20, 200), st.sampled_from(list(Priority)), st.integers(1, 6))
def test_under_steady_overload_98_percent_is_used(rpm: int, priority: Priority, calls_per_step: int) -> None:
    where = tuple(Endpoint(f"e{at}", "v", "m", "", Limits(rpm=rpm)) for at in range(4))
    books, grants = Books(), 0
    step_ms = max(1, 60_000 // (rpm * 4) // 2)
    for now in range(START, START + 240_000, step_ms):
        answers = books.decide(now, "p", [(Ask(priority, 1, 0, where), None)] * calls_per_step, ())
        if now >= START + 120_000:
            grants += sum(isinstance(answer, Lease) for answer in answers)
    assert grants >= 0.98 * rpm * 4 * 2


_nonsense = st.one_of(
    st.none(), st.integers(-(10**30), 10**30), st.floats(allow_nan=True, allow_infinity=True), st.text(max_size=3)
)


@settings(max_examples=200, deadline=None)
@given(st.tuples(_nonsense, _nonsense, _nonsense, _nonsense), st.integers(0, 10**9), st.sampled_from(Priority))
def test_blank_zero_negative_and_huge_limits_never_raise(
    limits: tuple[object, ...], size: int, priority: Priority
) -> None:
    """F-54: what is not known is no limit; nothing divides by zero."""
    where = (Endpoint("a", "v", "m", "", Limits(*limits)), Endpoint("b", "v", "m", "", Limits()))  # type: ignore[arg-type]
    books = Books()
    (answer,) = books.decide(START, "p", [(Ask(priority, size, size, where), 5)], ())
    assert isinstance(answer, Lease)
    books.settle(START, answer, Outcome(Verdict.REFUSED, retry_after_seconds=1e9), 999)
