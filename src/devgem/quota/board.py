"""What the engine shows of itself: values, as of one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devgem.quota.ask import Priority
from devgem.quota.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` of `limit` in the sliding window; `limit` is None where it is not known; `frees_in_seconds` is when the
    oldest of it leaves the window."""

    used: int
    limit: int | None
    frees_in_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointState:
    """`circuit` is closed, cooling (after a 429), open, probing, ramping or off, `reason` why it is not closed, and
    `retry_in_seconds` when it is tried next. `ceiling` is the learned share of the limits, 1.0 when the configured
    ones hold. `refused_ago_seconds` is the age of the last 429."""

    endpoint: Endpoint
    rpm: Usage
    tpm: Usage
    rph: Usage
    tph: Usage
    circuit: str
    reason: str = ""
    retry_in_seconds: float | None = None
    ceiling: float = 1.0
    refused_ago_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """`waiting` counts by priority over the fleet; `processes` is how many share the limits; `degraded` says what is
    wrong with the shared ledger, empty when nothing is."""

    endpoints: Sequence[EndpointState]
    waiting: Mapping[Priority, int]
    processes: int = 1
    degraded: str = ""
