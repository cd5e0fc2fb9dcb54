"""Edits: small changes of text files, as values that travel as JSON.

An exact replacement is refused unless it is meant in one place only: what a model believes to be in a file and what is
there are compared at every edit.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, assert_never

from devgem.domain.errors import Conflict, InvalidInput
from devgem.source.workspace.patch import apply_patch, parse_patch
from devgem.source.workspace.paths import check_path
from devgem.source.workspace.texts import Files

WRITE_LIMIT_BYTES = 64 << 10
FILE_LIMIT_BYTES = 1 << 20
_SHOWN_LINES = 3
_COMPARED_LINES = 40
_LINE_LIMIT = 200
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Replacement:
    """Puts `replace` in the one place where `search` is."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True)
class Write:
    """The whole text of a small file."""

    path: str
    text: str


@dataclass(frozen=True)
class Delete:
    path: str


@dataclass(frozen=True)
class Reset:
    """Puts everything back to the commit with this patch (perhaps an empty one) on it."""

    patch: str


Edit = Replacement | Write | Delete | Reset
_KINDS = {"replace": Replacement, "write": Write, "delete": Delete, "reset": Reset}


def edit_to_json(edit: Edit) -> dict[str, Any]:
    kind = next(name for name, kind in _KINDS.items() if isinstance(edit, kind))
    return {"kind": kind, **asdict(edit)}


def edit_from_json(document: Mapping[str, Any]) -> Edit:
    facts = {name: value for name, value in document.items() if name != "kind"}
    edit: Edit = _KINDS[document["kind"]](**facts)
    return edit


def touched(edit: Edit) -> list[str]:
    """The paths that an edit reads or changes."""
    if isinstance(edit, Reset):
        return [file.path for file in parse_patch(edit.patch)]
    return [edit.path]


def replay(base: Files, edits: Sequence[Edit]) -> Files:
    """The files after all these edits; `base` has every path that they touch. Raises InvalidInput, Conflict."""
    files = dict(base)
    for edit in edits:
        if isinstance(edit, Reset):
            files = {**base, **apply_patch(base, edit.patch)}
        else:
            files[edit.path] = apply(edit, files.get(edit.path))
    return files


def apply(edit: Replacement | Write | Delete, text: str | None) -> str | None:
    """The file after one edit. Raises InvalidInput and, when what it expects is not there, Conflict."""
    check_path(edit.path)
    match edit:
        case Write():
            return _written(edit)
        case Delete():
            _existing(edit.path, text)
            return None
        case Replacement():
            return _replaced(edit, _existing(edit.path, text))
        case _:
            assert_never(edit)


def _existing(path: str, text: str | None) -> str:
    if text is None:
        raise Conflict(f"there is no file {path!r}", fix="List the files, or write it as a whole.", code="no_file")
    return text


def _written(edit: Write) -> str:
    _check_text(edit.path, edit.text, WRITE_LIMIT_BYTES)
    return edit.text


def _replaced(edit: Replacement, text: str) -> str:
    if not edit.search:
        raise InvalidInput(f"what to replace in {edit.path!r} is empty", fix="Quote the lines that are to change.")
    search, new = edit.search, edit.replace
    if "\r\n" in text and "\r" not in search + new:  # the file's own line ends, which nobody quotes
        search, new = search.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    count = text.count(search)
    if count != 1:
        raise _ambiguous(edit.path, text, search) if count else _missing(edit.path, text, edit.search)
    result = text.replace(search, new)
    _check_text(edit.path, result, FILE_LIMIT_BYTES)
    return result


def _ambiguous(path: str, text: str, search: str) -> Conflict:
    lines, at = [], text.find(search)
    while at >= 0:
        lines.append(text.count("\n", 0, at) + 1)
        at = text.find(search, at + 1)
    shown = ", ".join(map(str, lines[:8])) + (", ..." if len(lines) > 8 else "")
    return Conflict(
        f"what is to be replaced is in {path!r} {len(lines)} times, in lines {shown}",
        fix="Quote more of the lines around it, so that it is there once only.",
        code="found_often",
    )


def _missing(path: str, text: str, search: str) -> Conflict:
    return Conflict(
        f"what is to be replaced is not in {path!r} (0 times); the nearest lines are: {_nearest(text, search)}",
        fix="Read the file again and quote it exactly, with its spaces.",
        code="not_found_in_file",
    )


def _nearest(text: str, search: str) -> str:
    """The lines most like the first line of what was looked for: those that share most words, then by their letters."""
    wanted = next((line.strip() for line in search.splitlines() if line.strip()), search)[:_LINE_LIMIT]
    words = set(_WORD.findall(wanted))
    lines = [(number, line.strip()[:_LINE_LIMIT]) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    sharing = sorted(lines, key=lambda item: -len(words.intersection(_WORD.findall(item[1]))))[:_COMPARED_LINES]
    ranked = sorted((-difflib.SequenceMatcher(None, line, wanted).ratio(), number, line) for number, line in sharing)
    best = [f"{number}: {line[:120]}" for ratio, number, line in ranked[:_SHOWN_LINES] if -ratio > 0.5]
    return "; ".join(best) or "none is like it"


def _check_text(path: str, text: str, limit_bytes: int) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput(f"the text for {path!r} is not valid Unicode", code="not_text") from None
    if "\0" in text:
        raise InvalidInput(f"the text for {path!r} has a NUL character", code="not_text")
    if size > limit_bytes:
        raise InvalidInput(
            f"the text for {path!r} has {size:,} bytes; at most {limit_bytes >> 10} KiB are taken",
            fix="Change it in place by exact replacements, or split it into smaller files.",
            code="too_large",
        )
