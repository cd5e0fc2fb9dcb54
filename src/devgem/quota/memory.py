"""The ledger of one process, for one process."""

import random
import time
from collections.abc import Callable, Sequence

from devgem.quota.ask import Ask, Lease, Outcome, Refusal
from devgem.quota.board import Board
from devgem.quota.books import Books
from devgem.quota.endpoint import Endpoint
from devgem.quota.ledger import Waiting
from devgem.quota.showing import show


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class MemoryLedger:
    """`clock` gives milliseconds that never go backwards."""

    def __init__(self, clock: Callable[[], int] = monotonic_ms, draw: random.Random | None = None) -> None:
        self.books = Books()
        self._clock = clock
        self._draw = draw or random.Random()  # noqa: S311 - jitter, no secret

    async def decide(
        self,
        asks: Sequence[tuple[Ask, int | None]] = (),
        settled: Sequence[tuple[Lease, Outcome]] = (),
        waiting: Sequence[Waiting] = (),
    ) -> list[Lease | Refusal]:
        now_ms = self._clock()
        for lease, outcome in settled:
            self.books.settle(now_ms, lease, outcome, self._draw.randrange(1000))
        return self.books.decide(now_ms, "", asks, waiting)

    async def board(self, endpoints: Sequence[Endpoint]) -> Board:
        return show(self.books, endpoints, self._clock())

    async def close(self) -> None:
        pass
