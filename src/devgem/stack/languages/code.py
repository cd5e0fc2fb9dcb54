"""Searches in source code, comments left out."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from devgem.stack.files import Files

_SLASHES = re.compile(r"^[ \t]*//[^\n]*|(?<=[\s;{}),])//[^\n\"'`]*$|^[ \t]*/\*.*?\*/", re.MULTILINE | re.DOTALL)
_HASHES = re.compile(r"^[ \t]*#(?!\[|!\[)[^\n]*", re.MULTILINE)
_MARKUP = re.compile(r"<!--.*?-->", re.DOTALL)
_RUST_TESTS = re.compile(r"^#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s", re.MULTILINE)
_COMMENTS = {"//": _SLASHES, "#": _HASHES, "<!--": _MARKUP}
_HASH_FILES = (".rb", ".ru", ".ex", ".exs", ".toml", ".yml", ".yaml", ".properties", ".conf", "Gemfile", "Rakefile")
_MARKUP_FILES = (".xml", ".csproj", ".fsproj", ".vbproj", ".props", ".html")


@dataclass(frozen=True)
class Hit:
    """Where a pattern was found; `path` as in `Files`."""

    path: str
    line: int
    match: re.Match[str]

    @property
    def value(self) -> str:
        """The first group that took part, else the whole match."""
        return next((group for group in self.match.groups() if group), self.match.group())


def without_comments(text: str, path: str) -> str:
    """The text with comments blanked out, line for line."""
    mark = "<!--" if path.endswith(_MARKUP_FILES) else "#" if path.endswith(_HASH_FILES) else "//"
    return _COMMENTS[mark].sub(lambda found: "\n" * found.group().count("\n"), text)


async def read_code(files: Files, path: str) -> str:
    """A file without its comments, and a Rust file without the tests at its end."""
    text = without_comments(await files.text(path), path)
    return _RUST_TESTS.split(text, maxsplit=1)[0] if path.endswith(".rs") else text


async def search(files: Files, paths: Iterable[str], *patterns: str) -> Hit | None:
    """The first place, patterns in order of preference, then paths in theirs, at which one is found in code."""
    paths = tuple(paths)
    for pattern in patterns:
        compiled = re.compile(pattern, re.MULTILINE)
        for path in paths:
            text = await read_code(files, path)
            if found := compiled.search(text):
                return Hit(path, text.count("\n", 0, found.start()) + 1, found)
    return None


async def search_all(files: Files, paths: Iterable[str], pattern: str) -> list[Hit]:
    """Every place, in the order of the paths."""
    hits = []
    for path in paths:
        text = await read_code(files, path)
        for found in re.finditer(pattern, text, re.MULTILINE):
            hits.append(Hit(path, text.count("\n", 0, found.start()) + 1, found))
    return hits


def nearest_above(files: Files, *names: str) -> Files | None:
    """The view of the nearest folder, from this one up to the repository's root, that holds one of these files."""
    folder = files.dir
    while True:
        view = files if folder == files.dir else files.root.below(folder)
        if view.first(*names):
            return view
        if folder == ".":
            return None
        folder = posixpath.dirname(folder) or "."
