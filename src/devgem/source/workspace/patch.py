"""Patches: the edits of a workspace as one text that `git apply` takes too.

A patch is applied here to exactly the files that it was made from: every line that it quotes must be where it says, so
there is no guessing, and applying it again elsewhere gives the same bytes.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from devgem.domain.errors import Conflict, InvalidInput
from devgem.source.workspace.diff import FileChange, changes
from devgem.source.workspace.paths import check_path
from devgem.source.workspace.texts import Files, split

PATCH_LIMIT_BYTES = 1 << 20
_NO_END = "\\ No newline at end of file\n"
_HEADER = re.compile(r'diff --git (?P<old>"a/.*"|a/.*) (?P<new>"b/.*"|b/.*)\n')
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n")
_CHANGES: dict[str, Literal["added", "deleted"]] = {
    "new file mode 100644\n": "added",
    "deleted file mode 100644\n": "deleted",
}


@dataclass(frozen=True)
class FilePatch:
    """`hunks` are (first old line from 0, lines that begin with ` `, `-` or `+`)."""

    path: str
    change: Literal["added", "modified", "deleted"]
    hunks: tuple[tuple[int, tuple[str, ...]], ...]


def patch_text(before: Files, after: Files) -> str:
    """Empty when nothing has changed."""
    return "".join(part for file in changes(before, after) for part in _parts(file))


def patch_digest(patch: str) -> str:
    """Names a patch by its content; empty for an empty one."""
    return hashlib.sha256(patch.encode()).hexdigest() if patch else ""


def apply_patch(base: Files, patch: str) -> Files:
    """The files that a patch changes, as they are then. Raises Conflict when `base` is not what it was made from."""
    return {file.path: _applied(file, base.get(file.path)) for file in parse_patch(patch)}


def parse_patch(patch: str) -> list[FilePatch]:
    """Raises InvalidInput for what was not written by `patch_text`."""
    if len(patch) > PATCH_LIMIT_BYTES:
        raise InvalidInput(
            f"the edits are larger than {PATCH_LIMIT_BYTES >> 20} MiB",
            fix="Make smaller ones; large changes belong into a commit.",
            code="too_large",
        )
    files = list(_parse(split(patch)))
    if len({file.path for file in files}) != len(files):
        raise _malformed("it names a file twice")
    return files


def _parts(file: FileChange) -> Iterator[str]:
    old, new = _quoted("a/" + file.path), _quoted("b/" + file.path)
    tab = "\t" if " " in file.path else ""  # as git writes it, so that no name ends at a space
    yield f"diff --git {old} {new}\n"
    if file.change == "added":
        yield "new file mode 100644\n"
    if file.change == "deleted":
        yield "deleted file mode 100644\n"
    if not any(hunk.lines for hunk in file.hunks):
        return
    yield "--- /dev/null\n" if file.change == "added" else f"--- {old}{tab}\n"
    yield "+++ /dev/null\n" if file.change == "deleted" else f"+++ {new}{tab}\n"
    for hunk in file.hunks:
        yield hunk.header + "\n"
        for line in hunk.lines:
            yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"' if '"' in name else name


def _parse(lines: Sequence[str]) -> Iterator[FilePatch]:
    at = 0
    while at < len(lines):
        path = _path(lines[at])
        at += 1
        change = _CHANGES.get(lines[at]) if at < len(lines) else None
        at += change is not None
        hunks = []
        if at < len(lines) and lines[at].startswith("--- "):
            at += 2
            while at < len(lines) and (found := _HUNK.fullmatch(lines[at])):
                body, at = _body(lines, at + 1, _length(found[2]), _length(found[4]))
                start = int(found[1])
                hunks.append((start - 1 if _length(found[2]) else start, body))
        if not hunks and change is None:
            raise _malformed(f"it changes nothing of {path!r}")
        yield FilePatch(path, change or "modified", tuple(hunks))


def _path(line: str) -> str:
    """The name is there twice, and both must be the same; the middle of the line is found by that."""
    rest = line.removeprefix("diff --git ").rstrip("\n")
    half = (len(rest) - 1) // 2
    old, new = rest[:half], rest[half + 1 :]
    if old.startswith('"'):
        old, new = old[1:-1].replace('\\"', '"'), new[1:-1].replace('\\"', '"')
    if not _HEADER.fullmatch(line) or old.removeprefix("a/") != new.removeprefix("b/"):
        raise _malformed(f"it has the line {line[:80]!r}")
    return check_path(old.removeprefix("a/"))


def _body(lines: Sequence[str], at: int, old: int, new: int) -> tuple[tuple[str, ...], int]:
    body: list[str] = []
    while at < len(lines) and (old > 0 or new > 0):
        line = lines[at]
        if line[0] not in " -+":
            break
        old -= line[0] != "+"
        new -= line[0] != "-"
        at += 1
        if at < len(lines) and lines[at] == _NO_END:
            line, at = line.removesuffix("\n"), at + 1
        body.append(line)
    if old or new:
        raise _malformed("a part of it is missing")
    return tuple(body), at


def _applied(file: FilePatch, text: str | None) -> str | None:
    if (text is None) != (file.change == "added"):
        raise _other(file.path)
    old = split(text or "")
    result: list[str] = []
    at = 0
    for start, lines in file.hunks:
        quoted = [line[1:] for line in lines if line[0] != "+"]
        if start < at or old[start : start + len(quoted)] != quoted:
            raise _other(file.path)
        result += old[at:start] + [line[1:] for line in lines if line[0] != "-"]
        at = start + len(quoted)
    return None if file.change == "deleted" else "".join(result + old[at:])


def _length(text: str | None) -> int:
    return 1 if text is None else int(text)


def _malformed(detail: str) -> InvalidInput:
    return InvalidInput(f"the edits are no patch of DevGem's: {detail}", code="bad_patch")


def _other(path: str) -> Conflict:
    return Conflict(
        f"{path!r} is not the file that the edits were made from",
        fix="Discard the edits, and make them again.",
        code="edits_do_not_apply",
    )
