"""Places in files, and the replacements that change exactly these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from devgem.llm.planner.edits.wish import Replacement

_LINE_LIMIT = 200


@dataclass(frozen=True)
class Place:
    """`text[start:end]` of the file at `path` is to become `new`."""

    path: str
    start: int
    end: int
    new: str


def replacements(files: Mapping[str, str], places: Sequence[Place]) -> list[Replacement]:
    """Replacements that make these changes when applied in order; each `search` occurs exactly once when its turn
    comes. Places that change nothing are left out."""
    found: list[Replacement] = []
    ordered = sorted(set(places), key=lambda place: (place.path, place.start))
    for path, group in groupby(ordered, key=lambda place: place.path):
        text = files[path]
        # From the end on, so that the offsets of the ones before stay right.
        for place in reversed(list(group)):
            if text[place.start : place.end] == place.new:
                continue
            start, end = _unique(text, place.start, place.end)
            replaced = text[start : place.start] + place.new + text[place.end : end]
            found.append(Replacement(path, text[start:end], replaced))
            text = text[: place.start] + place.new + text[place.end :]
    return found


def _unique(text: str, start: int, end: int) -> tuple[int, int]:
    """The span around `start:end` that occurs once: its line where that is short, else as little as it takes."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last
    if 0 < last - first <= _LINE_LIMIT and _once(text, text[first:last]):
        return first, last
    reach = 0
    while reach < len(text):
        low, high = max(0, start - reach), min(len(text), end + reach)
        if low < high and _once(text, text[low:high]):
            return low, high
        reach = reach * 2 or 8
    return 0, len(text)


def _once(text: str, piece: str) -> bool:
    first = text.find(piece)
    return first >= 0 and text.find(piece, first + 1) < 0
