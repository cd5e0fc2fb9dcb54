"""Python sources as syntax trees: which module a file is, what its names mean, and which other modules it imports."""

import ast
import asyncio
import posixpath
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devgem.stack.env_names import source_paths
from devgem.stack.files import Files

_MANIFESTS = ("requirements.txt", "pyproject.toml", "setup.py", "Pipfile")
_MENDS = 20
"""Statements that may be left out of a file that this Python's parser refuses (a newer or older Python's syntax)."""


@dataclass(frozen=True)
class Module:
    """One file. `root` is the folder that must be on sys.path for `name` to be importable; `names` maps a name of the
    module to the dotted thing it was imported from."""

    path: str
    root: str
    name: str
    tree: ast.Module
    text: str
    names: Mapping[str, str]
    imported: tuple[str, ...]
    stars: tuple[str, ...] = ()

    def dotted(self, node: ast.AST) -> str | None:
        """The dotted origin of `x`, `x.y`, ...: `flask.Flask` for `F` after `from flask import Flask as F`."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, f"{self.name}.{name}")
            case ast.Attribute(value=value, attr=attr):
                base = self.dotted(value)
                return base and f"{base}.{attr}"
        return None


class Sources:
    """The modules of an app, nearest to its root first."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = tuple(modules)
        self._by_name: dict[str, Module] = {}
        for module in modules:
            self._by_name.setdefault(module.name, module)
        for module in modules:
            for name in _names(module.path):
                self._by_name.setdefault(name, module)

    def module(self, name: str) -> Module | None:
        return self._by_name.get(name)

    def find(self, dotted: str) -> tuple[Module, str] | None:
        """The module that a dotted name leads into, and the rest of the name (empty: the module itself)."""
        head, rest = dotted, ""
        while head:
            if head in self._by_name:
                return self._by_name[head], rest
            head, _, last = head.rpartition(".")
            rest = f"{last}.{rest}".rstrip(".")
        return None

    def importers(self, module: Module) -> list[Module]:
        """The other modules that import this one."""
        return [
            other
            for other in self.modules
            if other is not module and any((found := self.find(name)) and found[0] is module for name in other.imported)
        ]


async def read_sources(files: Files) -> Sources:
    """Parses the app's own Python files: no tests, examples, vendored code or folders with a manifest."""
    parts = {posixpath.dirname(p) for p in files.paths if posixpath.basename(p) in _MANIFESTS and "/" in p}
    paths = [path for path in source_paths(files, (".py",)) if not any(path.startswith(part + "/") for part in parts)]
    texts = {path: await files.text(path) for path in paths}
    # seconds of pure computing for a large repository: not on the event loop
    return await asyncio.to_thread(_parse_all, files, texts)


def _parse_all(files: Files, texts: Mapping[str, str]) -> Sources:
    parsed = {path: _Parsed.of(text) for path, text in texts.items()}
    mentioned = {name for one in parsed.values() for name in one.mentions}
    return Sources([_module(files, path, one, mentioned) for path, one in parsed.items()])


@dataclass(frozen=True)
class _Parsed:
    """A file by itself. `mentions` are the dotted names under which it speaks of modules: absolute imports, and import
    strings such as "pkg.web:app"."""

    text: str
    tree: ast.Module
    imports: tuple[ast.Import | ast.ImportFrom, ...]
    mentions: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Parsed":
        tree = parse(text)
        imports = tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
        absolute = [node.module or "" for node in imports if isinstance(node, ast.ImportFrom) and not node.level]
        plain = [alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names]
        strings = re.findall(r"""["']([\w.]+):\w+["']""", text)
        return cls(text, tree, imports, frozenset((*absolute, *plain, *strings)))


def _names(path: str) -> list[str]:
    """The names that a file could be imported by, from the root's down."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return [".".join(parts[start:]) for start in range(len(parts))]


def parse(text: str) -> ast.Module:
    """The syntax tree; top-level statements that cannot be parsed are left out, lines stay as they are."""
    lines = text.replace("\0", " ").splitlines()
    for _ in range(_MENDS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse("\n".join(lines) + "\n")
        except SyntaxError as error:
            if not _blank_statement(lines, (error.lineno or 1) - 1):
                break
        except (RecursionError, MemoryError, ValueError):
            break
    return ast.Module(body=[], type_ignores=[])


def _blank_statement(lines: list[str], at: int) -> bool:
    """Empties the top-level statement that the line belongs to; false when there is nothing left to empty."""
    at = min(at, len(lines) - 1)
    first = at
    while first > 0 and (not lines[first].strip() or lines[first][0] in " \t)]}"):
        first -= 1
    last = at + 1
    while last < len(lines) and (not lines[last].strip() or lines[last][0] in " \t)]}"):
        last += 1
    had_text = any(line.strip() for line in lines[first:last])
    lines[first:last] = [""] * (last - first)
    return had_text


def _module(files: Files, path: str, parsed: _Parsed, mentioned: set[str]) -> Module:
    root = _import_root(files, path, parsed.imports, mentioned)
    inside = path if root == "." else path[len(root) + 1 :]
    name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    names: dict[str, str] = {}
    imported: list[str] = []
    stars: list[str] = []
    for node in parsed.imports:
        for alias in node.names:
            origin = _origin(node, alias.name, package)
            imported.append(origin)
            if alias.name == "*":
                stars.append(origin)
            elif isinstance(node, ast.Import) and not alias.asname:
                top = alias.name.partition(".")[0]
                names[top] = top
            else:
                names[alias.asname or alias.name] = origin
    return Module(path, root, name, parsed.tree, parsed.text, names, tuple(imported), tuple(stars))


def _origin(node: ast.Import | ast.ImportFrom, name: str, package: str) -> str:
    if isinstance(node, ast.Import):
        return name
    base = package.split(".") if package else []
    base = base[: len(base) - (node.level - 1)] if node.level else []
    parts = [*base, *([node.module] if node.module else []), *([] if name == "*" else [name])]
    return ".".join(parts)


def _import_root(files: Files, path: str, imports: Sequence[ast.Import | ast.ImportFrom], mentioned: set[str]) -> str:
    """The folder from which the file's own absolute imports can be found; among equals the one by whose name other
    files speak of it, then the one that its packages (`__init__.py`) say."""
    packaged = posixpath.dirname(path)
    while packaged and f"{packaged}/__init__.py" in files:
        packaged = posixpath.dirname(packaged)
    candidates = [packaged]
    while candidates[-1]:
        candidates.append(posixpath.dirname(candidates[-1]))
    tops = {
        name.partition(".")[0]
        for node in imports
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if not (isinstance(node, ast.ImportFrom) and node.level)
    }

    def found(root: str) -> tuple[int, bool]:
        base = root + "/" if root else ""
        own = path[len(base) :].removesuffix(".py")
        here = [top for top in tops if top != own and (f"{base}{top}.py" in files or files.has_dir(base + top))]
        return len(here), _names(path[len(base) :])[0] in mentioned

    best = max(candidates, key=found)
    return best or "."
