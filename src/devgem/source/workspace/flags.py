"""What a person should look at twice in a diff: new dependencies, programs that run by themselves, instructions for
other agents, text that reads otherwise than it works, and secrets. By the rules of flag_rules.toml and oddities.py;
nothing is refused here."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devgem.source.workspace.diff import FileChange
from devgem.source.workspace.oddities import oddities
from devgem.source.workspace.texts import Files, split

SHOWN = 200
"""Flags of one diff at most."""
_LINE_LIMIT = 4000


@dataclass(frozen=True)
class Flag:
    """`line` is that of the new file, from 1; None where the whole file is meant. `kind`: dependency, script, workflow,
    dockerfile, agent_config, git_config, unicode, secret."""

    path: str
    line: int | None
    kind: str
    detail: str


@dataclass(frozen=True)
class _Rules:
    paths: Sequence[tuple[re.Pattern[str], str, str]]
    lines: Sequence[tuple[re.Pattern[str], re.Pattern[str], str]]
    locks: re.Pattern[str]
    members: Mapping[str, Sequence[str]]
    secrets: Mapping[str, re.Pattern[str]]


@cache
def _rules() -> _Rules:
    found = tomllib.loads(Path(__file__).with_name("flag_rules.toml").read_text())
    return _Rules(
        [(re.compile("|".join(r["match"]), re.IGNORECASE), r["kind"], r["detail"]) for r in found["path"]],
        [(re.compile(r["path"]), re.compile(r["match"]), r["kind"]) for r in found["line"]],
        re.compile(found["locks"]["match"]),
        found["json"],
        {name: re.compile(pattern) for name, pattern in found["secrets"].items()},
    )


def flags(changed: Sequence[FileChange], before: Files, after: Files) -> list[Flag]:
    """In the order of the files; SHOWN at most."""
    found: list[Flag] = []
    for file in changed:
        found += _of_path(file)
        found += _of_manifest(file, before.get(file.path), after.get(file.path))
        for hunk in file.hunks:
            for number, line in hunk.added:
                found += _of_line(file.path, number, line[:_LINE_LIMIT])
    return found[:SHOWN]


def _of_path(file: FileChange) -> Iterator[Flag]:
    for pattern, kind, detail in _rules().paths:
        if pattern.fullmatch(file.path):
            yield Flag(file.path, _first_line(file), kind, f"{file.change}: {detail}")
            break
    for odd in oddities(file.path):
        yield Flag(file.path, None, "unicode", f"its name has {odd}")


def _of_manifest(file: FileChange, old: str | None, new: str | None) -> Iterator[Flag]:
    if _rules().locks.fullmatch(file.path):
        yield Flag(file.path, _first_line(file), "dependency", f"{file.change}: decides which packages are installed")
    elif file.path.rpartition("/")[2] in ("package.json", "composer.json"):
        yield from _of_members(file.path, _object(old), _object(new), new or "")
    for path, begins, kind in _rules().lines:
        if path.fullmatch(file.path):
            for number, line in (added for hunk in file.hunks for added in hunk.added):
                if begins.match(line) and not line.lstrip().startswith(("#", "//", "<!--")):
                    yield Flag(file.path, number, kind, line.strip()[:120])


def _of_members(path: str, old: Mapping[str, object], new: Mapping[str, object], text: str) -> Iterator[Flag]:
    for kind, keys in _rules().members.items():
        for key in keys:
            was = _entries(old.get(key))
            for name, value in _entries(new.get(key)).items():
                if was.get(name) != value:
                    detail = f"{key}: {name} {json.dumps(value)}"[:120]
                    yield Flag(path, _line_of(text, f'"{name or key}"'), kind, detail)


def _object(text: str | None) -> dict[str, object]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):  # that it does not parse, the checks say
        return {}
    return found if isinstance(found, dict) else {}


def _entries(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return {} if value is None else {"": value}


def _line_of(text: str, quoted: str) -> int | None:
    return next((number for number, line in enumerate(split(text), 1) if quoted in line), None)


def _of_line(path: str, number: int, line: str) -> Iterator[Flag]:
    for odd in oddities(line):
        yield Flag(path, number, "unicode", f"has {odd}")
    for name, pattern in _rules().secrets.items():
        if pattern.search(line):
            yield Flag(path, number, "secret", f"holds {name}: config vars are the place for it")
            return


def _first_line(file: FileChange) -> int | None:
    return next((number for hunk in file.hunks for number, _ in hunk.added), None)
