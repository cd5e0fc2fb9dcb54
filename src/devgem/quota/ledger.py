"""The seam between the engine and the counters that it shares with other processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from devgem.quota.ask import Ask, Lease, Outcome, Priority, Refusal
from devgem.quota.board import Board
from devgem.quota.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Waiting:
    """The calls of one class that wait in this process: how many, and since when the first of them."""

    priority: Priority
    count: int
    oldest_age_ms: int


class Ledger(Protocol):
    """Decisions are taken one by one in the order given, each of them atomic in the fleet; one call of `decide` is at
    most one round trip, however many asks and settlements it carries."""

    async def decide(
        self,
        asks: Sequence[tuple[Ask, int | None]] = (),
        settled: Sequence[tuple[Lease, Outcome]] = (),
        waiting: Sequence[Waiting] = (),
    ) -> list[Lease | Refusal]:
        """Settles first, then answers each ask, which comes with the milliseconds that it has waited, or None when it
        will not wait. Asks come in the order in which they should be served. `waiting` is
        who waits here besides these asks, for other processes to stand back."""
        ...

    async def board(self, endpoints: Sequence[Endpoint]) -> Board: ...

    async def close(self) -> None: ...
