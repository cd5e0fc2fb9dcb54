"""The faults that a place can be told to show, and the bodies that Google answers with."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

GOOGLE_TYPE = "type.googleapis.com/google.rpc."

KINDS = frozenset(
    {
        "429",  # with RetryInfo of `seconds` and a QuotaFailure, as the Gemini API
        "429_retry_after",  # with the header only
        "429_quota_failure",  # QuotaFailure, no RetryInfo
        "429_daily",  # a daily quota id, with a useless short RetryInfo, as the Gemini API does
        "429_bare",  # no details at all, as Vertex's dynamic shared quota
        "503",
        "500",
        "500_html",
        "404",
        "400",
        "400_context",
        "400_key",  # the Gemini API's word for an API key that does not exist
        "401",
        "403",
        "safety",  # a 200 whose prompt was blocked, without candidates
        "garbage",  # a 200 that is no JSON
        "reset",  # RST after `at_byte` bytes of the answer; before anything when None
        "cut",  # FIN in the middle of the body, after `at_byte` bytes
        "eof",  # the chunked body ends properly, but after `at_byte` bytes
        "no_finish",  # the whole answer, properly ended, without finishReason
        "stall",  # nothing more comes after `at_byte` bytes, and no header when None
        "slow",  # `seconds` before each chunk of the stream
        "error_chunk",  # after `at_chunk` chunks of a 200 stream, an error of `status`
        "huge",  # a text of `size_bytes`
        "endless",  # the same words again and again, until the caller hangs up
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` None: until it is replaced. `share`: the probability that a call meets it."""

    kind: str
    times: int | None = 1
    seconds: float = 1.0
    at_byte: int | None = None
    at_chunk: int = 1
    status: int = 503
    size_bytes: int = 10_000_000
    share: float = 1.0
    model: str = ""
    """when set, calls of other models do not meet it"""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(sorted(KINDS))}")

    @classmethod
    def parse(cls, stated: Mapping[str, Any]) -> "Fault":
        known = {field.name for field in fields(cls)}
        if unknown := stated.keys() - known:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        return cls(**stated)


class FaultList:
    """What a place still has to show, in order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._left = [[fault, fault.times] for fault in faults]

    def next(self, model: str) -> Fault | None:
        for entry in self._left:
            fault, times = entry
            assert isinstance(fault, Fault)
            if fault.model and fault.model != model:
                continue
            if fault.share < 1.0 and random.random() >= fault.share:
                continue
            if isinstance(times, int):
                entry[1] = times - 1
                if times <= 1:
                    self._left.remove(entry)
            return fault
        return None


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error."""

    status: int
    body: bytes
    headers: Mapping[str, str] | None = None


def error_body(code: int, status: str, message: str, details: Sequence[Mapping[str, Any]] = ()) -> bytes:
    return json.dumps(
        {"error": {"code": code, "message": message, "status": status, "details": list(details)}}
    ).encode()


def retry_info(seconds: float) -> dict[str, Any]:
    return {"@type": GOOGLE_TYPE + "RetryInfo", "retryDelay": f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"}


def quota_failure(quota_id: str, limit: int | None = None) -> dict[str, Any]:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_paid_tier_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": "gemini"},
    }
    return {
        "@type": GOOGLE_TYPE + "QuotaFailure",
        "violations": [violation | ({} if limit is None else {"quotaValue": str(limit)})],
    }


def exhausted(details: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None) -> Failure:
    body = error_body(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", details)
    return Failure(429, body, headers)


def failure(fault: Fault, model: str) -> Failure | None:
    """The whole answer of a fault that is one; None for those that spoil an answer."""
    per_minute = "GenerateRequestsPerMinutePerProjectPerModel"
    match fault.kind:
        case "429":
            return exhausted([quota_failure(per_minute), retry_info(fault.seconds)])
        case "429_retry_after":
            return exhausted(headers={"retry-after": str(int(fault.seconds))})
        case "429_quota_failure":
            return exhausted([quota_failure(per_minute, 60)])
        case "429_daily":
            return exhausted([quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier", 250), retry_info(39)])
        case "429_bare":
            return exhausted()
        case "500_html":
            html = b"<!DOCTYPE html><html><title>Error 500 (Server Error)!!1</title><p>That's an error.</html>"
            return Failure(500, html, {"content-type": "text/html; charset=UTF-8"})
        case "garbage":
            return Failure(200, b'{"candidates": [{"content"')
        case _ if fault.kind in _ERRORS:
            code, status, message = _ERRORS[fault.kind]
            details = [{"@type": GOOGLE_TYPE + "ErrorInfo", "reason": "API_KEY_INVALID"}] if "key" in fault.kind else []
            return Failure(code, error_body(code, status, message.format(model=model), details))
        case _:
            return None


_ERRORS = {
    "503": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "500": (500, "INTERNAL", "An internal error has occurred. Please retry."),
    "404": (404, "NOT_FOUND", "Publisher Model `{model}` was not found or your project does not have access to it."),
    "400": (400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
    "400_context": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    "400_key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "401": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "403": (403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource."),
}
