"""Exact sliding windows: rings of slots with running sums. Pure; `now_ms` is an argument.

What is granted counts in the slot of its grant. A slot leaves the ring when all of it is older than the span, so the
limit holds in every sliding window of that length, wherever a burst falls; the price is at most one slot of the span.
A token bucket or a generic cell rate algorithm with a burst of the whole limit lets twice the limit through in one
window, and so does a counter per clock minute. A call reaches its provider a little after its grant: `margin_ms` keeps
two calls that were granted a span apart from arriving closer than that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Window:
    """Its length and that of a slot, in milliseconds."""

    span_ms: int
    slot_ms: int
    margin_ms: int = 500

    @cached_property
    def slots(self) -> int:
        """How many slots, besides the current one, still count."""
        return -(-(self.span_ms + self.margin_ms) // self.slot_ms)


MINUTE = Window(60_000, 250)
HOUR = Window(3_600_000, 15_000)


class Ring:
    """Requests and tokens per slot of one window; `index` is the number of the current slot since 1970."""

    __slots__ = ("_requests", "_size", "_slot_ms", "_tokens", "index", "requests", "tokens", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._slot_ms = window.slot_ms
        self._size = window.slots + 1
        self._requests = [0] * self._size
        self._tokens = [0] * self._size
        self.index = 0
        self.requests = 0
        self.tokens = 0

    def advance(self, now_ms: int) -> None:
        """Drops what has left the window. Time that goes backwards is taken for a standstill."""
        index = now_ms // self._slot_ms
        gone = index - self.index
        if gone <= 0:
            return
        if gone >= self._size:
            self._requests = [0] * self._size
            self._tokens = [0] * self._size
            self.requests = self.tokens = 0
        else:
            for slot in range(self.index + 1, index + 1):
                at = slot % self._size
                self.requests -= self._requests[at]
                self.tokens -= self._tokens[at]
                self._requests[at] = self._tokens[at] = 0
        self.index = index

    def add(self, tokens: int) -> None:
        """One request, now."""
        at = self.index % self._size
        self._requests[at] += 1
        self._tokens[at] += tokens
        self.requests += 1
        self.tokens += tokens

    def adjust(self, slot: int, requests: int, tokens: int) -> None:
        """Corrects a slot that has been, in either direction; nothing when it has left. No slot falls below zero."""
        if not 0 <= self.index - slot < self._size:
            return
        at = slot % self._size
        requests = max(requests, -self._requests[at])
        tokens = max(tokens, -self._tokens[at])
        self._requests[at] += requests
        self._tokens[at] += tokens
        self.requests += requests
        self.tokens += tokens

    def entries(self) -> Iterator[tuple[int, int, int]]:
        """(slot, requests, tokens) of every slot that holds something, oldest first."""
        for slot in range(self.index - self._size + 1, self.index + 1):
            at = slot % self._size
            if self._requests[at] or self._tokens[at]:
                yield slot, self._requests[at], self._tokens[at]

    def frees_at_ms(self) -> int | None:
        """When the oldest of what it holds leaves."""
        for slot, _, _ in self.entries():
            return (slot + self._size) * self._slot_ms
        return None
