"""What a caller asks for, and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from devgem.quota.endpoint import Endpoint


class Priority(IntEnum):
    """Who goes first. A waiting call goes before every call of a higher number, in the whole fleet."""

    DEPLOY = 0
    ANALYZE = 1
    CHAT = 2
    BACKGROUND = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """One call: `input_tokens` and `output_tokens` are estimates; the endpoints are in order of preference."""

    priority: Priority
    input_tokens: int
    output_tokens: int
    endpoints: tuple[Endpoint, ...]


class Lease(NamedTuple):
    """A grant of one call at one endpoint. It reserves `tokens`, is settled once with what became of the call, and
    when it never is, leaves the windows by itself. `at_ms` is the ledger's time of the grant."""

    id: int
    endpoint: Endpoint
    tokens: int
    at_ms: int
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """No endpoint may be called now. `reasons` says why, by endpoint id; `ahead` calls go first, which takes about
    `wait_seconds`. `never`: waiting does not help, since the call alone is larger than every limit, or no endpoint was
    named."""

    retry_after_seconds: float
    reasons: Mapping[str, str]
    ahead: int = 0
    wait_seconds: float = 0.0
    never: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """What a waiting caller may show: "about 4 s, 2 ahead"."""

    seconds: float
    ahead: int


class Verdict(StrEnum):
    """What became of a call, as far as its endpoint is concerned."""

    OK = "ok"
    STARTED = "started"
    """it answers, and is not done: closes the circuit that a probe half opened; the lease stays to be settled"""
    REFUSED = "refused"
    """429: over the provider's quota; says nothing about its health"""
    FAILED = "failed"
    """5xx, a timeout, a broken connection or stream: counts against its health"""
    ABSENT = "absent"
    """404: this model is not served there"""
    DENIED = "denied"
    """401 or 403: these credentials do not open it"""
    REJECTED = "rejected"
    """400, safety, context length: the call's own fault; it would fail anywhere"""
    ABANDONED = "abandoned"
    """the caller gave up: nothing is known"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`input_tokens` and `output_tokens` are what the call did use, None where unknown: the estimate stands then.
    `retry_after_seconds` is the provider's word (RetryInfo, Retry-After)."""

    verdict: Verdict
    input_tokens: int | None = None
    output_tokens: int | None = None
    retry_after_seconds: float | None = None
