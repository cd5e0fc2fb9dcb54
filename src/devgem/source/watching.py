"""Which files of a repository matter to an app: patterns, one a line.

`apps/web` is that file or folder with all below it; `*` and `?` stop at a slash, `**` does not; a pattern without a
slash means any file or folder of that name; one with `!` in front takes away what lines above it have. The last line
that fits decides.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from devgem.domain.errors import InvalidInput

LINES = 100
_CHARACTERS = 300
_SEGMENTS = 40


def check_watch_paths(lines: Sequence[str]) -> tuple[str, ...]:
    """The patterns without empty lines and comments. Raises InvalidInput."""
    kept = tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
    if len(kept) > LINES:
        raise InvalidInput(f"there are {len(kept)} watch paths", fix=f"Use at most {LINES}.")
    for line in kept:
        pattern = line.removeprefix("!").strip("/")
        segments = pattern.split("/")
        bad = not pattern or ".." in segments or "" in segments or not pattern.isprintable()
        if bad or len(line) > _CHARACTERS or len(segments) > _SEGMENTS:
            raise InvalidInput(
                f"{line[:60]!r} is no watch path", fix="Use a path in the repository, such as apps/web or **/*.py."
            )
    return kept


def is_watched(patterns: Sequence[str], paths: Iterable[str]) -> bool:
    """Whether any of the files matters; without patterns all do."""
    return not patterns or any(_counts(patterns, path) for path in paths)


def _counts(patterns: Sequence[str], path: str) -> bool:
    # Only taking away is said: then all else counts.
    counts = all(pattern.startswith("!") for pattern in patterns)
    for pattern in patterns:
        if _fits(pattern.removeprefix("!"), path):
            counts = not pattern.startswith("!")
    return counts


def _fits(pattern: str, path: str) -> bool:
    anchored = "/" in pattern.strip("/") or pattern.startswith("/")
    wanted = pattern.strip("/").split("/")
    return _match(wanted if anchored else ["**", *wanted], path.split("/"))


def _match(wanted: Sequence[str], segments: Sequence[str]) -> bool:
    """Row by row, so that no pattern takes long: how many of `wanted` fit the segments so far."""
    reached = _past_stars({0}, wanted)
    for segment in segments:
        if len(wanted) in reached:
            return True  # a folder that fits, and what is below it
        on = {at for at in reached if wanted[at] == "**"}
        on |= {at + 1 for at in reached if wanted[at] != "**" and fnmatchcase(segment, wanted[at])}
        reached = _past_stars(on, wanted)
    return len(wanted) in reached


def _past_stars(reached: set[int], wanted: Sequence[str]) -> set[int]:
    found = set(reached)
    for at in reached:
        while at < len(wanted) and wanted[at] == "**":
            at += 1
            found.add(at)
    return found
