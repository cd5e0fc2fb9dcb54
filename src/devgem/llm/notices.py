"""What the routed model tells of itself while it works, and whom it asks before it spends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Waiting:
    """No endpoint is free yet: "about 4 s, 2 ahead"."""

    seconds: float
    ahead: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No endpoint was free in time. `reasons` by endpoint id."""

    seconds: float
    ahead: int
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Switched:
    """The call goes on at another endpoint. `replaces`: what was streamed so far is void; the stream says it too, by a
    `Restart` event in its place, which is the one to act on."""

    origin: str
    target: str
    reason: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A call is over. `cost_usd` is None where the model's price is not known."""

    endpoint: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal | None
    seconds: float
    attempts: int


Notice = Waiting | Refused | Switched | Answered
Observe = Callable[[Notice], None]


class Spending(Protocol):
    """A budget of a conversation, a user or a day."""

    async def allow(self, tokens: int) -> str | None:
        """Why a call of about this size may not be made, as a sentence for the user; None when it may."""
        ...

    async def charge(self, tokens: int, cost_usd: Decimal | None) -> None: ...
