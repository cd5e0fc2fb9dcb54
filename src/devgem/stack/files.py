"""A tree as the compiler reads it: text, manifests and searches, relative to the app's folder, with line numbers."""

import fnmatch
import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import yaml

from devgem.domain.errors import DevGemError, InvalidInput, NotFound
from devgem.domain.tree import Tree

_TEXT_LIMIT_BYTES = 1 << 20
# https://json.schemastore.org/tsconfig.json and friends allow comments and trailing commas
_JSONC = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def _said(error: Exception) -> tuple[str, int | None]:
    """What a parser says is wrong, and the line that it names (None: the end)."""
    match error:
        case json.JSONDecodeError():
            return f"this is not JSON: {error.msg}", error.lineno
        case yaml.MarkedYAMLError() if error.problem_mark:
            return f"this is not YAML: {error.problem}", error.problem_mark.line + 1
    text, _, place = str(error).partition(" (at ")
    line = re.search(r"line (\d+)", place)
    return f"{'this is not TOML: ' if place else ''}{text}", int(line[1]) if line else None


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


class BrokenManifest(DevGemError):
    """A manifest that its own format's parser refuses; `code` broken_manifest."""

    code = "broken_manifest"


class Files:
    """The files below one folder of a tree. `root` is the same view of the whole repository."""

    def __init__(self, tree: Tree, all_paths: Sequence[str], dir: str = ".", root: Self | None = None) -> None:
        self._tree = tree
        self._all = all_paths
        self.dir = posixpath.normpath(dir)
        if self.dir.startswith(("/", "..")):
            raise InvalidInput(f"{dir!r} is not a folder inside the repository", fix="Give a relative path.")
        prefix = "" if self.dir == "." else self.dir + "/"
        self._prefix = prefix
        self.paths: tuple[str, ...] = tuple(p[len(prefix) :] for p in all_paths if p.startswith(prefix))
        self._set = frozenset(self.paths)
        self._dirs = frozenset(parent for path in self.paths for parent in _parents(path))
        self.root: Files = root or (self if self.dir == "." else Files(tree, all_paths))
        self._cache: dict[str, str] = {} if self.root is self else self.root._cache

    @classmethod
    async def open(cls, tree: Tree, dir: str = ".") -> Self:
        return cls(tree, await tree.paths(), dir)

    def below(self, dir: str) -> "Files":
        """The view of a folder inside this one."""
        return Files(self._tree, self._all, posixpath.join(self.dir, dir), self.root)

    def repo_path(self, path: str) -> str:
        """The path relative to the repository's root: what evidence and `install_inputs` name."""
        return posixpath.normpath(self._prefix + path)

    def __contains__(self, path: object) -> bool:
        return path in self._set

    def has_dir(self, path: str) -> bool:
        """Whether any file lies below this folder."""
        return path in self._dirs

    def first(self, *paths: str) -> str | None:
        """The first of these paths that exists."""
        return next((p for p in paths if p in self._set), None)

    def glob(self, pattern: str) -> list[str]:
        """Paths that match, sorted by depth and name; `*` also crosses `/`."""
        return sorted(fnmatch.filter(self.paths, pattern), key=lambda p: (p.count("/"), p))

    async def text(self, path: str) -> str:
        """A file as text, at most 1 MiB of it; invalid UTF-8 becomes U+FFFD. Missing: empty."""
        full = self.repo_path(path)
        if full not in self._cache:
            try:
                raw = await self._tree.read(full, _TEXT_LIMIT_BYTES) if path in self._set else b""
            except NotFound:
                raw = b""
            self._cache[full] = raw.decode("utf-8-sig", "replace")
        return self._cache[full]

    async def line_of(self, path: str, pattern: str) -> int | None:
        """The 1-based number of the first line in which the regular expression is found (case-insensitive)."""
        found = re.compile(pattern, re.IGNORECASE)
        lines = (await self.text(path)).splitlines()
        return next((n for n, line in enumerate(lines, 1) if found.search(line)), None)

    async def json(self, path: str) -> Any:
        """A JSON document, comments and trailing commas allowed. Missing: {}. Raises BrokenManifest."""
        text = await self.text(path)
        if not text.strip():
            return {}
        try:
            return json.loads(text)
        except ValueError:
            bare = _JSONC.sub(lambda m: m.group(1) or " ", text)
            bare = re.sub(r",(\s*[}\]])", r"\1", bare)
        try:
            return json.loads(bare)
        except ValueError as error:
            raise self._broken(path, error) from error

    async def toml(self, path: str) -> dict[str, Any]:
        """A TOML document. Missing: {}. Raises BrokenManifest."""
        try:
            return tomllib.loads(await self.text(path))
        except tomllib.TOMLDecodeError as error:
            raise self._broken(path, error) from error

    async def yaml(self, path: str) -> Any:
        """A YAML document. Missing or empty: {}. Raises BrokenManifest."""
        try:
            return yaml.safe_load(await self.text(path)) or {}
        except yaml.YAMLError as error:
            raise self._broken(path, error) from error

    def _broken(self, path: str, error: Exception) -> BrokenManifest:
        where = self.repo_path(path)
        said, line = _said(error)
        lines = self._cache[where].rstrip().count("\n") + 1
        return BrokenManifest(f"{where}:{line or lines}: {said}.", fix="Mend it and deploy again.")
