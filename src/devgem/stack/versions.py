"""Reads the versions that repositories state, in the dialects in which they state them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from devgem.stack.files import Files

_NUMBER = re.compile(r"\d+(?:\.\d+){0,2}")
_COMPARATOR = re.compile(
    r"(\^|~>|~|>=|<=|>|<|=)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:[-+][0-9A-Za-z.+-]*)?"
)


@dataclass(frozen=True)
class Stated:
    """A version or a range as a file states it, and where."""

    spec: str
    path: str
    line: int | None = None


async def from_version_file(files: Files, *paths: str) -> Stated | None:
    """The first line that is no comment of the first of these files that exists (.python-version, .nvmrc, ...)."""
    for path in paths:
        for number, line in enumerate((await files.text(path)).splitlines(), 1):
            if spec := line.partition("#")[0].strip():
                return Stated(spec, path, number)
    return None


async def from_tool_versions(files: Files, *tools: str) -> Stated | None:
    """The version that `.tool-versions` (asdf, mise) states for any of the names of a tool."""
    for number, line in enumerate((await files.text(".tool-versions")).splitlines(), 1):
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[0] in tools:
            return Stated(words[1], ".tool-versions", number)
    return None


def number_in(spec: str) -> str | None:
    """The first version number in a text: `python-3.11.4` is 3.11.4, `go 1.22` is 1.22."""
    found = _NUMBER.search(spec)
    return found.group() if found else None


def newest_pep440(spec: str, known: Sequence[str]) -> str | None:
    """The newest of the known versions that a PEP 440 range admits; `known` is ordered from the preferred one down.
    A minor version such as "3.12" stands for its whole series, since a range may exclude 3.12.0 alone."""
    try:
        wanted = SpecifierSet(spec)
    except InvalidSpecifier:
        return None
    return next((v for v in known if any(wanted.contains(f"{v}.{patch}") for patch in (0, 20))), None)


def newest_semver(spec: str, known: Sequence[str]) -> str | None:
    """The first of the known versions ("22", "3.2", preferred first) that an npm, Composer, Poetry or Bundler range
    admits. A known version stands for its whole series. None when no known one fits or the range cannot be read.

    https://github.com/npm/node-semver#ranges"""
    alternatives = re.split(r"\|\|?", spec)
    return next((v for v in known if any(_admits(part, v) for part in alternatives)), None)


def _admits(range_: str, known: str) -> bool:
    text = re.sub(r"(\S+)\s+-\s+(\S+)", r">=\1 <=\2", range_.strip().strip("\"'"))
    if text in ("", "*", "x", "latest", "node", "stable", "current") or text.startswith("lts"):
        return True
    comparators = list(_COMPARATOR.finditer(text))
    if not comparators or _COMPARATOR.sub("", text).strip(" ,"):
        return False
    low = _tuple(known)
    high = low[: len(known.split("."))] + (10**6,) * (3 - len(known.split(".")))
    return all(_overlaps(m, low, high) for m in comparators)


def _overlaps(comparator: re.Match[str], low: tuple[int, ...], high: tuple[int, ...]) -> bool:
    """Whether some version between `low` and `high` satisfies one comparator."""
    operator = comparator.group(1) or "="
    given = [int(part) for part in comparator.groups()[1:] if part is not None and part.isdigit()]
    start = tuple(given + [0] * (3 - len(given)))
    match operator:
        case ">":
            return high > _end_of(given) if len(given) < 3 else high > start
        case ">=":
            return high >= start
        case "<":
            return low < start
        case "<=":
            return low <= _end_of(given)
        case "^":
            fixed = next((i for i, part in enumerate(given) if part), len(given) - 1) + 1
        case "~>":
            fixed = max(len(given) - 1, 1)
        case "~":
            fixed = min(len(given), 2)
        case _:
            fixed = len(given)
    return high >= start and low <= _end_of(given[:fixed])


def _end_of(given: Sequence[int]) -> tuple[int, ...]:
    """The last version of the series that these leading numbers name."""
    return (*given, *[10**6] * (3 - len(given)))


def _tuple(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))
