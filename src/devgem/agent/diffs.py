"""A diff in pages of whole hunks: nothing of it is accepted that nobody was shown."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from devgem.pipeline import Diff
from devgem.source.workspace import FileChange, Hunk

_LINES = 2000
_CHARACTERS = 100_000


@dataclass(frozen=True)
class DiffPage:
    """Files with those of their hunks that are on this page. `rest`: what comes after it, {files, lines, next}, where
    `next` is the position of its first hunk; None on the last page."""

    files: list[dict[str, Any]]
    rest: dict[str, int] | None


def first_page(diff: Diff) -> DiffPage:
    """For an event: bounded also when that leaves no room for the first hunk."""
    return _page(diff, 0, _fitting(_hunks(diff)))


def page(diff: Diff, after: int) -> DiffPage:
    """The hunks from position `after` on; at least one."""
    return _page(diff, after, max(1, _fitting(_hunks(diff)[after:])))


def _hunks(diff: Diff) -> list[tuple[FileChange, Hunk]]:
    return [(file, hunk) for file in diff.files for hunk in file.hunks]


def _fitting(hunks: list[tuple[FileChange, Hunk]]) -> int:
    lines = characters = 0
    for count, (_, hunk) in enumerate(hunks):
        lines += len(hunk.lines)
        characters += sum(map(len, hunk.lines))
        if lines > _LINES or characters > _CHARACTERS:
            return count
    return len(hunks)


def _page(diff: Diff, after: int, count: int) -> DiffPage:
    hunks = _hunks(diff)
    shown, left = hunks[after : after + count], hunks[after + count :]
    files = []
    for _, group in groupby(shown, key=lambda found: found[0].path):
        found = list(group)
        file = found[0][0]
        files.append({"path": file.path, "change": file.change, "hunks": [_plain(hunk) for _, hunk in found]})
    if not left:
        return DiffPage(files, None)
    lines = sum(len(hunk.lines) for _, hunk in left)
    return DiffPage(files, {"files": len({file.path for file, _ in left}), "lines": lines, "next": after + count})


def _plain(hunk: Hunk) -> dict[str, Any]:
    return {"hunk": hunk.id, "header": hunk.header, "lines": [line.rstrip("\r\n") for line in hunk.lines]}
