"""Counts and latencies of one revision, in a bounded number of integers."""

import math
from datetime import datetime

from devgem.domain.app import Measurement, RevisionSignals

_PARTS = 8
"""Buckets per power of two: a percentile is off by at most 1/16."""
_OCTAVES = 32
"""From one microsecond to 2^32 microseconds, somewhat over an hour."""


class Tally:
    """Latency is the time from a request's complete head to the first byte of its response."""

    __slots__ = ("_buckets", "_classes")

    def __init__(self) -> None:
        self._classes = [0] * 10
        self._buckets = [0] * (_OCTAVES * _PARTS)

    def count(self, status: int, seconds: float) -> None:
        self._classes[status // 100] += 1
        mantissa, exponent = math.frexp(seconds * 1e6)
        index = int(exponent * _PARTS + (mantissa - 1) * 2 * _PARTS)
        self._buckets[index if 0 <= index < len(self._buckets) else (0 if index < 0 else -1)] += 1

    def spoil(self, status: int) -> None:
        """Counts as a server error what was counted as `status` before it broke off."""
        self._classes[status // 100] -= 1
        self._classes[5] += 1

    def add(self, other: "Tally") -> None:
        self._classes = [a + b for a, b in zip(self._classes, other._classes, strict=True)]
        self._buckets = [a + b for a, b in zip(self._buckets, other._buckets, strict=True)]

    def since(self, before: "Tally") -> "Tally":
        """What came on top of `before`. What was counted then and is forgotten now counts nothing."""
        fresh = Tally()
        fresh._classes = [max(0, a - b) for a, b in zip(self._classes, before._classes, strict=True)]
        fresh._buckets = [max(0, a - b) for a, b in zip(self._buckets, before._buckets, strict=True)]
        return fresh

    @property
    def requests(self) -> int:
        return sum(self._classes)

    def measurement(self, at: datetime) -> Measurement:
        return Measurement(at, self.requests, self._classes[5], self._quantile(0.50), self._quantile(0.99))

    def _quantile(self, share: float) -> float | None:
        rank = share * sum(self._buckets)
        for index, count in enumerate(self._buckets):
            rank -= count
            if count and rank <= 0:
                octave, part = divmod(index, _PARTS)
                return math.ldexp(0.5 + (part + 0.5) / (2 * _PARTS), octave + 1) / 1e6
        return None

    def signals(self, revision: int, in_flight: int) -> RevisionSignals:
        return RevisionSignals(
            revision=revision,
            requests=self.requests,
            by_status={f"{digit}xx": count for digit, count in enumerate(self._classes) if count},
            latency_p50_seconds=self._quantile(0.50),
            latency_p99_seconds=self._quantile(0.99),
            in_flight=in_flight,
        )
