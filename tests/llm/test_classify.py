"""What errors mean, as values."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from pydantic_ai.exceptions import ModelHTTPError, ModelTimeoutError, UnexpectedModelBehavior

from devgem.llm.classify import classify, seconds_to_midnight_pacific
from devgem.llm.runaway import Meter, repeats
from devgem.quota import Verdict

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), 12),
        (datetime(2026, 7, 1, 20, 0, tzinfo=UTC), 11),
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), 24),
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), 23),
    ],
)
def test_a_day_of_quota_ends_at_midnight_in_california(now: datetime, hours: float) -> None:
    assert seconds_to_midnight_pacific(now) == hours * 3600


@pytest.mark.parametrize(
    ("error", "verdict", "goes_on"),
    [
        (ModelHTTPError(502, "m", "<html>bad gateway</html>"), Verdict.FAILED, True),
        (ModelHTTPError(408, "m"), Verdict.FAILED, True),
        (ModelHTTPError(413, "m"), Verdict.REJECTED, False),
        (ModelTimeoutError("m", "read timed out"), Verdict.FAILED, True),
        (UnexpectedModelBehavior("Streamed response ended without content or tool calls"), Verdict.FAILED, True),
        (ValueError("Expecting value"), Verdict.FAILED, True),
        (DefaultCredentialsError("none found"), Verdict.DENIED, True),  # type: ignore[no-untyped-call]
        (RefreshError("expired"), Verdict.DENIED, True),  # type: ignore[no-untyped-call]
        (TransportError("no route"), Verdict.FAILED, True),  # type: ignore[no-untyped-call]
    ],
)
def test_an_error_is_the_endpoints_the_credentials_or_the_calls(
    error: Exception, verdict: Verdict, goes_on: bool
) -> None:
    failing = classify(error, NOW)
    assert (failing.verdict, failing.goes_on) == (verdict, goes_on)
    assert failing.denies == (verdict is Verdict.DENIED)
    assert "<html" not in failing.reason and failing.reason


def test_a_reason_is_one_short_line() -> None:
    body: Any = {"error": {"message": "word\n" * 500, "status": "INTERNAL"}}
    reason = classify(ModelHTTPError(500, "m", body), NOW).reason
    assert len(reason) <= 200 and "\n" not in reason


def test_repetition_is_seen_only_where_it_is_long_and_has_words() -> None:
    assert repeats("again and again " * 500)
    assert repeats(("a line of an answer that does not stop, number twelve of many\n" * 200)[-8000:])
    assert not repeats("-" * 8000)
    assert not repeats("again and again " * 100)
    assert not repeats("".join(f"row {n} of a table\n" for n in range(1000))[-8000:])


def test_a_meter_counts_whatever_the_size_of_the_pieces() -> None:
    meter = Meter(most_characters=100)
    assert [meter.add("x" * 30) for _ in range(4)] == ["", "", "", "answer_too_long"]
    endless = Meter(most_characters=10**9)
    assert next(n for n in range(100_000) if endless.add("oh no ")) * 6 < 12_000
