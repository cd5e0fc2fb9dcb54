"""What an error of a call means: for the endpoint's circuit, and for whether the call may go on at another endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2
from google.auth.exceptions import GoogleAuthError
from google.auth.exceptions import TransportError as AuthTransportError
from pydantic import ValidationError
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)

from devgem.quota.ask import Verdict


class CallFailed(Exception):
    """A call that the client took for whole, or waits for, and that is a failure nonetheless."""

    def __init__(self, failing: "Failing") -> None:
        super().__init__(failing.reason)
        self.failing = failing


ERRORS = (
    CallFailed,
    ModelAPIError,
    UnexpectedModelBehavior,
    GoogleAuthError,
    httpx2.HTTPError,
    httpx2.StreamError,
    ValidationError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
)
"""What a call may end with. The client raises the last six on answers that are JSON, but not Gemini's."""

_LONGEST_REASON = 200
_LONGEST_WAIT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Failing:
    """`goes_on`: another endpoint may do better. `denies`: so may only one with other credentials."""

    verdict: Verdict
    reason: str
    code: str = "model_failed"
    goes_on: bool = True
    denies: bool = False
    retry_after_seconds: float | None = None


def too_slow(what: str, seconds: float) -> CallFailed:
    return CallFailed(Failing(Verdict.FAILED, f"{what} within {seconds:.3g} s", "model_too_slow"))


def cut_short() -> CallFailed:
    return CallFailed(Failing(Verdict.FAILED, "the answer ended without a finish reason"))


def unusable(reason: str) -> CallFailed:
    """The endpoint is well, the answer is not: once more, anywhere."""
    return CallFailed(Failing(Verdict.OK, f"the answer is unusable: {reason}"))


def runaway(code: str, reason: str) -> CallFailed:
    return CallFailed(Failing(Verdict.OK, reason, code, goes_on=False))


def classify(error: BaseException, now: datetime) -> Failing:
    """`now` is aware; daily quotas last until the next midnight in California
    (https://ai.google.dev/gemini-api/docs/rate-limits)."""
    match error:
        case CallFailed():
            return error.failing
        case ModelQuotaExceededError() if _status(error) == 429:
            seconds = seconds_to_midnight_pacific(now)
            return Failing(Verdict.REFUSED, "the daily quota is used up", retry_after_seconds=seconds)
        case ModelRateLimitError():
            reason = "429: over the provider's quota"
            return Failing(Verdict.REFUSED, reason, retry_after_seconds=_wait(error.retry_after))
        case ModelAuthenticationError() | ModelQuotaExceededError():
            return _denied(error)
        case ModelNotFoundError():
            return Failing(Verdict.ABSENT, f"the model is not served there: {_said(error)}", "model_absent")
        case ModelContextWindowExceededError():
            return Failing(Verdict.REJECTED, _said(error), "prompt_too_long", goes_on=False)
        case ModelRequestRejectedError():
            if _google_status(error) == "FAILED_PRECONDITION":
                return _denied(error)
            return Failing(Verdict.REJECTED, _said(error), "prompt_rejected", goes_on=False)
        case ModelTimeoutError() | ModelRequestTimeout() | ModelConnectionError():
            return Failing(Verdict.FAILED, f"the connection failed: {_said(error)}")
        case ModelHTTPError() if 400 <= error.status_code < 500 and error.status_code not in (408, 425, 499):
            return Failing(Verdict.REJECTED, _said(error), "prompt_rejected", goes_on=False)
        case AuthTransportError():
            return Failing(Verdict.FAILED, f"no access token could be had: {_cut(str(error))}")
        case GoogleAuthError():
            return _denied(error)
        case ModelAPIError():
            return Failing(Verdict.FAILED, _said(error))
        case _:
            return Failing(Verdict.FAILED, f"the answer cannot be read: {type(error).__name__}: {_cut(str(error))}")


def error_type(error: BaseException) -> str:
    """A short, stable name for spans and metrics: the HTTP status, our own code, or the kind of error."""
    if isinstance(error, CallFailed):
        return error.failing.code
    status = _status(error)
    return type(error).__name__ if status is None else str(status)


def seconds_to_midnight_pacific(now: datetime) -> float:
    here = now.astimezone(_pacific())
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
    return (midnight.astimezone(UTC) - now).total_seconds()


def _pacific() -> tzinfo:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        # Machines without a time zone database: an hour late in summer at worst.
        return timezone(timedelta(hours=-8))


def _denied(error: BaseException) -> Failing:
    return Failing(Verdict.DENIED, f"access is denied: {_said(error)}", "model_denied", denies=True)


def _status(error: BaseException) -> int | None:
    return error.status_code if isinstance(error, ModelHTTPError) else None


def _google_status(error: BaseException) -> object:
    return getattr(error, "provider_error_code", None)


def _wait(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _said(error: BaseException) -> str:
    """The provider's own message where there is one; never a whole page of HTML."""
    body: Any = getattr(error, "body", None)
    said = body.get("error") if isinstance(body, Mapping) else None
    message = said.get("message") if isinstance(said, Mapping) else None
    status = _status(error)
    text = message if isinstance(message, str) and message else getattr(error, "message", None) or str(error)
    if "<html" in text.lower() or "<!doctype" in text.lower():
        text = "an HTML page instead of an answer"
    return _cut(f"{status}: {text}" if status is not None else text)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def first_reasons(reasons: Sequence[str]) -> str:
    """Several attempts' reasons in one sentence, without repeats."""
    return "; ".join(dict.fromkeys(reasons))
