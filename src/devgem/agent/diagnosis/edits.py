"""Diffs that are exact: made from the real text of a file, and none where that is not possible."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from devgem.agent.diagnosis.diagnosis import Diff

_MEMBER = r'"{key}"\s{{0,8}}:\s{{0,8}}'


def new_file(path: str, text: str, why: str = "") -> Diff:
    return Diff(path, None, text, why)


def at(path: str, text: str, start: int, end: int, new: str, why: str = "") -> Diff | None:
    """Puts `new` in place of text[start:end]. The searched text is whole lines, as many as make it unique; None where
    nothing changes or the file is one repetition."""
    if text[start:end] == new:
        return None
    first = text.rfind("\n", 0, start) + 1
    last = _line_end(text, end)
    while text.count(text[first:last]) != 1 or not text[first:last].strip():
        if first == 0 and last == len(text):
            return new_file(path, new, why) if not text.strip() else None
        first = text.rfind("\n", 0, max(first - 1, 0)) + 1 if first else 0
        last = _line_end(text, min(last + 1, len(text)))
    return Diff(path, text[first:last], text[first:start] + new + text[end:last], why)


def substituted(
    path: str, text: str, pattern: str, new: str | Callable[[re.Match[str]], str], why: str = ""
) -> Diff | None:
    """Replaces the only place that `pattern` (MULTILINE) has in the file; None where it has none or several."""
    found = list(re.finditer(pattern, text, re.MULTILINE))
    if len(found) != 1:
        return None
    replacement = new(found[0]) if callable(new) else new
    return at(path, text, *found[0].span(), replacement, why)


def appended(path: str, text: str, line: str, why: str = "") -> Diff | None:
    """Adds a line at the end."""
    body = text.rstrip("\r\n")
    if not body.strip():
        return new_file(path, line + "\n", why)
    newline = "\r\n" if "\r\n" in body else "\n"
    return at(path, text, len(body), len(body), newline + line + ("" if text[len(body) :] else newline), why)


def json_member(path: str, text: str, keys: tuple[str, ...], value: str, why: str = "") -> Diff | None:
    """Sets a string member of an object of a JSON file, at most one object deep, and changes nothing else; None where
    the file cannot be read or holds something else in its place."""
    try:
        before = json.loads(text)
    except ValueError:
        return None
    if not isinstance(before, dict):
        return None
    for diff in _json_edits(path, text, before, keys, value, why):
        if diff and diff.search is not None and _json_after(text, diff) == _with(before, keys, value):
            return diff
    return None


def toml_list_item(path: str, text: str, table: str, key: str, item: str, why: str = "") -> Diff | None:
    """Adds a string to a list of a table of a TOML file."""
    head = re.search(rf"^\[{re.escape(table)}\][ \t]*$", text, re.MULTILINE)
    if not head:
        return None
    body = re.compile(r"^\[", re.MULTILINE).search(text, head.end())
    opening = re.compile(rf"^{re.escape(key)}[ \t]*=[ \t]*\[", re.MULTILINE).search(
        text, head.end(), body.start() if body else len(text)
    )
    if not opening:
        return None
    rest = text[opening.end() :]
    indent = re.match(r"\s*\n([ \t]+)", rest)
    empty = rest.lstrip().startswith("]")
    new = f"\n{indent[1]}{json.dumps(item)}," if indent and not empty else json.dumps(item) + ("" if empty else ", ")
    diff = at(path, text, opening.end(), opening.end(), new, why)
    return diff if diff and _toml_has(applied(text, diff), table, key, item) else None


def applied(text: str | None, diff: Diff) -> str:
    """The file after the diff. Raises ValueError when it does not apply."""
    if diff.search is None:
        if text is not None and text.strip():
            raise ValueError(f"{diff.path} exists")
        return diff.replace
    if text is None or text.count(diff.search) != 1:
        raise ValueError(f"the text to replace does not stand once in {diff.path}")
    return text.replace(diff.search, diff.replace)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _json_edits(
    path: str, text: str, before: Mapping[str, Any], keys: tuple[str, ...], value: str, why: str
) -> list[Diff | None]:
    """What may do it, to be proved by reading the result: a name can stand in several places."""
    *sections, key = keys
    member = json.dumps(key) + ": " + json.dumps(value)
    space = re.match(r"\{\s*?\n([ \t]+)", text)
    indent = space[1] if space else "  "
    if sections and sections[0] in before:
        opening = _MEMBER.format(key=re.escape(sections[0])) + r"\{"
        depth = indent * 2
    else:
        opening, depth = r"\A\s*\{", indent
        if sections:
            member = json.dumps(sections[0]) + ": {\n" + indent * 2 + member + "\n" + indent + "}"
    is_empty = not (before[sections[0]] if sections and sections[0] in before else before)
    new = f"\n{depth}{member}" + (f"\n{depth.removesuffix(indent)}" if is_empty else ",")
    edits: list[Diff | None] = [
        at(path, text, place.end(), place.end(), new, why) for place in re.finditer(opening, text)
    ]
    old = _MEMBER.format(key=re.escape(key)) + r'("(?:[^"\\]|\\.)*")'
    edits += [at(path, text, *place.span(1), json.dumps(value), why) for place in re.finditer(old, text)]
    return edits


def _json_after(text: str, diff: Diff) -> Any:
    try:
        return json.loads(applied(text, diff), object_pairs_hook=_unique)
    except ValueError:
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _with(document: Mapping[str, Any], keys: tuple[str, ...], value: str) -> dict[str, Any]:
    if len(keys) == 1:
        return {**document, keys[0]: value}
    inner = document.get(keys[0], {})
    return {**document, keys[0]: _with(inner, keys[1:], value) if isinstance(inner, dict) else value}


def _toml_has(text: str, table: str, key: str, item: str) -> bool:
    try:
        found: Any = tomllib.loads(text)
        for name in table.split("."):
            found = found[name]
        return item in found[key]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return False
