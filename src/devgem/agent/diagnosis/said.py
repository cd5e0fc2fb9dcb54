"""The lines that a failing step printed, made fit for patterns: without colours and control characters, bounded."""

import bisect
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from devgem.agent.diagnosis.evidence import Evidence
from devgem.domain.log import LogLine

HEAD_LINES = 100
TAIL_LINES = 500
LINE_CHARACTERS = 600
TEXT_CHARACTERS = 150_000
_SGR = re.compile(r"\x1b\[[0-9;:]{0,40}m")


@dataclass(frozen=True)
class Said:
    """Lines with their numbers in the log; None where a line is known from the failure alone."""

    lines: tuple[tuple[str, int | None], ...]

    @classmethod
    def of(cls, evidence: Evidence) -> "Said":
        said = [(bare(line.text), line.seq or None) for line in _bounded(evidence.lines)]
        known = {text.strip() for text, _ in said}
        extra = [bare(text) for text in evidence.failure.evidence.splitlines()[:20]]
        return cls((*said, *((text, None) for text in extra if text.strip() and text.strip() not in known)))

    @cached_property
    def text(self) -> str:
        return "\n".join(text for text, _ in self.lines)

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for text, _ in self.lines:
            starts.append(at)
            at += len(text) + 1
        return starts

    def at(self, position: int) -> tuple[str, int | None]:
        """The line that holds a position of `text`."""
        return self.lines[bisect.bisect_right(self._starts, position) - 1]

    def seq_of(self, text: str) -> int | None:
        """The number of the last line that is this text."""
        return next((seq for line, seq in reversed(self.lines) if line.strip() == text.strip()), None)


def bare(text: str) -> str:
    """A line as a terminal would leave it: what a progress bar wrote last, no colours, nothing invisible."""
    text = text[: LINE_CHARACTERS * 4].rstrip("\r\n")
    text = _SGR.sub("", text[text.rfind("\r") + 1 :])
    if not text.isprintable():
        text = "".join(c if c == "\t" or unicodedata.category(c)[0] != "C" else " " for c in text)
    return text[:LINE_CHARACTERS]


def _bounded(lines: Sequence[LogLine]) -> Sequence[LogLine]:
    """The head and the tail, and of these the last TEXT_CHARACTERS: what ends a step stands at its end."""
    if len(lines) > HEAD_LINES + TAIL_LINES:
        lines = [*lines[:HEAD_LINES], *lines[-TAIL_LINES:]]
    room = TEXT_CHARACTERS
    for count, line in enumerate(reversed(lines)):
        room -= min(len(line.text), LINE_CHARACTERS) + 1
        if room < 0:
            return lines[len(lines) - count :]
    return lines
