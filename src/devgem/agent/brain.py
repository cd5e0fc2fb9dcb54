"""Which model answers a turn: chosen by wiring, for each turn anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from devgem.agent.budget import Spent
from devgem.llm.notices import Observe
from devgem.quota import Priority

if TYPE_CHECKING:
    from pydantic_ai.models import Model


@dataclass(frozen=True)
class Asker:
    """Who asks a model, and how urgent it is. `observe` is told what becomes of the calls: waits, other endpoints, what
    they cost."""

    user: str
    conversation: str
    turn: str
    observe: Observe
    priority: Priority = Priority.CHAT


@dataclass(frozen=True)
class Brain:
    """`is_metered`: its tokens cost something and are counted."""

    model: "Model"
    is_metered: bool = True


Choose = Callable[[Asker], Awaitable[Brain]]


class Spending(Protocol):
    """What models have used, by conversation, and by user and day."""

    async def of(self, asker: Asker) -> Spent: ...

    async def add(self, asker: Asker, tokens: int, cost_usd: float | None) -> Spent: ...
