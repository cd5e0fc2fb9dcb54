"""What a build prints, as clean lines within bounds: a flood is counted, not kept, and its end is shown.

Two bounds. Over its share of a second the rest of that second is dropped; over the whole log's share everything is but
the end. Either way one line says how much, and what is dropped costs no more than counting its newlines.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from devgem.domain.log import LineSplitter

_TAIL_BYTES = 16 << 10


@dataclass(frozen=True)
class Caps:
    """`lines_per_second` and `bytes_per_second` bound a flood (what was not used is saved up, for `burst_seconds`),
    `lines` and `bytes` the log of one command."""

    lines_per_second: int = 20_000
    bytes_per_second: int = 16 << 20
    burst_seconds: float = 5.0
    lines: int = 500_000
    bytes: int = 64 << 20
    tail_lines: int = 200


CAPS = Caps()


class CappedLines:
    """Pure but for its memory: `now` is in seconds of any steady clock. `tail` are the last lines, dropped ones
    included: what went wrong stands there."""

    def __init__(self, caps: Caps = CAPS) -> None:
        self._caps = caps
        self._splitter = LineSplitter()
        self._window = -math.inf
        self._left_lines = self._left_bytes = 0.0
        self._lines = self._bytes = 0
        self._dropped = self._dropped_bytes = 0
        self._dropped_end = b""
        self.tail: deque[str] = deque(maxlen=caps.tail_lines)

    @property
    def is_flooded(self) -> bool:
        """Whether what comes now is dropped: then the reader should take its time."""
        return self._left_lines <= 0 or self._left_bytes <= 0 or self._is_full

    @property
    def _is_full(self) -> bool:
        return self._lines >= self._caps.lines or self._bytes >= self._caps.bytes

    def feed(self, chunk: bytes, now: float) -> Iterator[str]:
        """The lines that this chunk completes."""
        if now - self._window >= 1.0:
            if not self._is_full:
                yield from self._resume()
            self._refill(now)
        if self.is_flooded:
            self._drop(chunk)
            return
        self._left_bytes -= len(chunk)
        self._bytes += len(chunk)
        yield from self._take(self._splitter.feed(chunk))

    def close(self) -> Iterator[str]:
        """What is left: an unfinished line, or how much was dropped and its end."""
        yield from self._take(self._splitter.close())
        yield from self._resume()

    def _refill(self, now: float) -> None:
        caps, seconds = self._caps, min(now - self._window, self._caps.burst_seconds)
        self._left_lines = min(
            self._left_lines + seconds * caps.lines_per_second, caps.burst_seconds * caps.lines_per_second
        )
        self._left_bytes = min(
            self._left_bytes + seconds * caps.bytes_per_second, caps.burst_seconds * caps.bytes_per_second
        )
        self._window = now

    def _take(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            self._left_lines -= 1
            self._lines += 1
            self.tail.append(line)
            yield line

    def _drop(self, chunk: bytes) -> None:
        self._dropped += chunk.count(b"\n")
        self._dropped_bytes += len(chunk)
        self._dropped_end = (self._dropped_end + chunk)[-_TAIL_BYTES:]

    def _resume(self) -> Iterator[str]:
        """Says what was dropped, then shows the end of it."""
        if not self._dropped_end:
            return
        whole_lines = self._dropped_end.partition(b"\n")[2]
        splitter = LineSplitter()
        shown = [*splitter.feed(whole_lines), *splitter.close()][-self._caps.tail_lines // 4 :]
        yield from self._splitter.close()
        lines, megabytes = max(self._dropped - len(shown), 0), self._dropped_bytes / 1e6
        yield f"... {lines:,} lines suppressed ({megabytes:.1f} MB)"
        self._splitter = LineSplitter()
        self.tail.extend(shown)
        self._dropped, self._dropped_bytes, self._dropped_end = 0, 0, b""
        yield from shown
