"""Stops answers that are too long or that repeat themselves without end."""

from dataclasses import dataclass

_TAIL_CHARACTERS = 8_000
_LONGEST_PERIOD = 400
_CHECK_EVERY_CHARACTERS = 2_000


@dataclass(slots=True)
class Meter:
    """Of one answer as it streams. `most_characters` is above what the model's own output limit lets through."""

    most_characters: int
    characters: int = 0
    _tail: str = ""
    _since_check: int = 0

    def add(self, piece: str) -> str:
        """What is wrong with the answer so far: nothing, "answer_too_long" or "answer_repeats"."""
        self.characters += len(piece)
        if self.characters > self.most_characters:
            return "answer_too_long"
        self._tail = (self._tail + piece)[-_TAIL_CHARACTERS:]
        self._since_check += len(piece)
        if self._since_check < _CHECK_EVERY_CHARACTERS:
            return ""
        self._since_check = 0
        return "answer_repeats" if repeats(self._tail) else ""


def repeats(tail: str) -> bool:
    """Whether the last 8,000 characters are one passage of at most 400, over and over. A passage must hold a word: long
    rulers and blank runs are legitimate in tables and code."""
    if len(tail) < _TAIL_CHARACTERS:
        return False
    probe = tail[-_LONGEST_PERIOD:]
    before = tail.rfind(probe, 0, len(tail) - 1)
    period = len(tail) - _LONGEST_PERIOD - before
    if before < 0 or period > _LONGEST_PERIOD:
        return False
    return tail[period:] == tail[:-period] and any(map(str.isalpha, probe))
