"""What has changed between two states of some files, in hunks that keep their names while other hunks come and go."""

import difflib
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from devgem.domain.errors import InvalidInput
from devgem.source.workspace.texts import Files, split

_CONTEXT = 3
_PAIRS = 400_000
"""Text that repeats itself more than that is compared as a whole: difflib would take minutes."""
Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class Hunk:
    """`id` names the change by its content, not by its place. `lines` begin with ` `, `-` or `+` and keep their line
    ends. `old` and `new` are (first line from 0, number of lines); `opcodes` are difflib's, equal runs left out."""

    id: str
    old: tuple[int, int]
    new: tuple[int, int]
    lines: tuple[str, ...]
    opcodes: tuple[Opcode, ...] = ()

    @property
    def header(self) -> str:
        return f"@@ -{_range(*self.old)} +{_range(*self.new)} @@"

    @property
    def added(self) -> Iterator[tuple[int, str]]:
        """(line number from 1 in the new file, text) of every added line."""
        number = self.new[0]
        for line in self.lines:
            if line[0] != "-":
                number += 1
            if line[0] == "+":
                yield number, line[1:]


@dataclass(frozen=True)
class FileChange:
    path: str
    change: Literal["added", "modified", "deleted"]
    hunks: tuple[Hunk, ...]


def changes(before: Files, after: Files) -> list[FileChange]:
    """Every file that differs, by path."""
    found = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        change: Literal["added", "modified", "deleted"] = (
            "added" if old is None else "deleted" if new is None else "modified"
        )
        found.append(FileChange(path, change, tuple(_hunks(path, old or "", new or "", whole=change != "modified"))))
    return found


def choose(before: Files, after: Files, accepted: Collection[str]) -> Files:
    """The files with only the accepted hunks changed. Raises InvalidInput for a hunk that is not there."""
    found = changes(before, after)
    unknown = set(accepted) - {hunk.id for file in found for hunk in file.hunks}
    if unknown:
        raise InvalidInput(
            f"there is no change {sorted(unknown)[0]!r}",
            fix="Look at the changes again: they are others by now.",
            code="no_such_hunk",
        )
    files = dict(before)
    for file in found:
        kept = [hunk for hunk in file.hunks if hunk.id in accepted]
        if kept and file.change != "modified":
            files[file.path] = after.get(file.path)
        elif kept:
            files[file.path] = _with(before[file.path] or "", after[file.path] or "", kept)
    return files


def _with(old_text: str, new_text: str, hunks: Sequence[Hunk]) -> str:
    old, new = split(old_text), split(new_text)
    result: list[str] = []
    at = 0
    for _, i1, i2, j1, j2 in (opcode for hunk in hunks for opcode in hunk.opcodes):
        result += old[at:i1] + new[j1:j2]
        at = i2
    return "".join(result + old[at:])


def _hunks(path: str, old_text: str, new_text: str, *, whole: bool) -> Iterator[Hunk]:
    old, new = split(old_text), split(new_text)
    seen: Counter[str] = Counter()
    opcodes = _opcodes(old, new)
    groups = [opcodes] if whole else _groups(opcodes)
    for group in groups:
        hunk = _hunk(old, new, group)
        text = "".join(f"{line}\0" for line in hunk.lines if line[0] != " ")
        seen[text] += 1
        name = f"{path}\0{seen[text]}\0{text}".encode("utf-8", "surrogatepass")
        yield replace(hunk, id="h" + hashlib.sha256(name).hexdigest()[:12])


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """difflib's, without equal runs. What both begin and end with is set aside first: edits are small."""
    start, limit = 0, min(len(old), len(new))
    while start < limit and old[start] == new[start]:
        start += 1
    end = 0
    while end < limit - start and old[-1 - end] == new[-1 - end]:
        end += 1
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    if _pairs(inner_old, inner_new) > _PAIRS:
        return [("replace", start, len(old) - end, start, len(new) - end)]
    matcher = difflib.SequenceMatcher(None, inner_old, inner_new)
    return [
        (tag, i1 + start, i2 + start, j1 + start, j2 + start)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pairs of equal lines difflib would look at; lines that are everywhere it leaves out."""
    counts = Counter(new)
    popular = len(new) // 100 + 1 if len(new) >= 200 else len(new)
    return sum(counts[line] for line in old if counts[line] <= popular)


def _groups(opcodes: Sequence[Opcode]) -> Iterator[list[Opcode]]:
    """Changes so near to each other that their context would overlap belong to one hunk."""
    group: list[Opcode] = []
    for opcode in opcodes:
        if group and opcode[1] - group[-1][2] > 2 * _CONTEXT:
            yield group
            group = []
        group.append(opcode)
    if group:
        yield group


def _hunk(old: Sequence[str], new: Sequence[str], group: Sequence[Opcode]) -> Hunk:
    if not group:  # an empty file that came or went
        return Hunk("", (0, 0), (0, 0), ())
    start = max(group[0][1] - _CONTEXT, 0)
    end = min(group[-1][2] + _CONTEXT, len(old))
    lines: list[str] = []
    at = start
    for _, i1, i2, j1, j2 in group:
        lines += [" " + line for line in old[at:i1]]
        lines += ["-" + line for line in old[i1:i2]]
        lines += ["+" + line for line in new[j1:j2]]
        at = i2
    lines += [" " + line for line in old[at:end]]
    new_start = group[0][3] - (group[0][1] - start)
    new_length = sum(line[0] != "-" for line in lines)
    return Hunk("", (start, end - start), (new_start, new_length), tuple(lines), tuple(group))


def _range(start: int, length: int) -> str:
    """As in a unified diff: https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html"""
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"
