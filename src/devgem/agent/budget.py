"""What a turn, a conversation and a day may use, and when a turn is to end: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from devgem.domain.deployment import Status

REPAIR_ROUNDS = 3


@dataclass(frozen=True)
class Budget:
    """Hard limits. Tokens are those read and written by the model; `steps` are its answers within one turn."""

    turn_tokens: int = 400_000
    conversation_tokens: int = 4_000_000
    day_tokens: int = 20_000_000
    day_cost_usd: float = 20.0
    steps: int = 25
    seconds: float = 600.0
    same_calls: int = 3
    answer_characters: int = 200_000


@dataclass(frozen=True)
class Tally:
    """What a turn has used so far, and what it has come to know: that outlives a restart with it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    steps: int = 0
    seconds: float = 0.0
    private: bool = False
    untrusted: bool = False
    egress: bool = False
    closing: str = ""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def used(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> Self:
        cost = self.cost_usd if cost_usd is None else (self.cost_usd or 0.0) + cost_usd
        return replace(
            self,
            input_tokens=self.input_tokens + input_tokens,
            output_tokens=self.output_tokens + output_tokens,
            cost_usd=cost,
            steps=self.steps + 1,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        return cls(**document)


@dataclass(frozen=True)
class Spent:
    """Tokens of a conversation, and tokens and cost of a user's day (UTC), all turns together."""

    conversation_tokens: int = 0
    day_tokens: int = 0
    day_cost_usd: float = 0.0


@dataclass(frozen=True)
class Stop:
    """Why a turn ends before it is done: `kind` is budget, steps or time; `text` is what the user is told."""

    kind: str
    text: str


def stop(budget: Budget, tally: Tally, spent: Spent) -> Stop | None:
    """Whether the model may not be asked once more."""
    if tally.steps >= budget.steps:
        return Stop("steps", f"I stopped after {tally.steps} steps without an end in sight. Say how to go on.")
    if tally.seconds >= budget.seconds:
        return Stop("time", f"I stopped after {budget.seconds / 60:g} minutes. Say `continue` to go on.")
    if tally.tokens >= budget.turn_tokens:
        return Stop("budget", f"This turn has used its {budget.turn_tokens:,} tokens. Say `continue` to go on.")
    if spent.conversation_tokens >= budget.conversation_tokens:
        used = f"{budget.conversation_tokens:,}"
        return Stop("budget", f"This conversation has used its {used} tokens. Open a new one to go on.")
    if spent.day_tokens >= budget.day_tokens:
        return Stop("budget", f"Your {budget.day_tokens:,} tokens of today are used up; they are back tomorrow (UTC).")
    if spent.day_cost_usd >= budget.day_cost_usd:
        return Stop("budget", f"Your ${budget.day_cost_usd:.2f} of today are used up; they are back tomorrow (UTC).")
    return None


def loops(digests: Sequence[str], budget: Budget) -> bool:
    """Whether a turn has made the same call too often, its newest included."""
    return bool(digests) and digests.count(digests[-1]) >= budget.same_calls


def failed_rounds(newest_first: Sequence[Status]) -> int:
    """How many of a conversation's last deployments of an app failed one after the other."""
    rounds = 0
    for status in newest_first:
        if status is not Status.FAILED:
            break
        rounds += 1
    return rounds
