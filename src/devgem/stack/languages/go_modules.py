"""Reads go.mod and go.work: the modules of a repository, the version they state, what they download."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devgem.stack.files import Files
from devgem.stack.languages.code import nearest_above
from devgem.stack.versions import Stated, from_tool_versions, from_version_file

_USE = re.compile(r"^\s*(?:use\s+)?(\.[\w./-]*)\s*(?://.*)?$")
_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[\w.-]+(?:/[\w.~-]+)+)\s+v[\w.+-]+", re.MULTILINE)
_REPLACE = re.compile(r"=>\s*(\.{1,2}/[\w./-]+)")


@dataclass(frozen=True)
class Modules:
    """`folders` by module path, and `manifests`: everything that `go mod download` reads; both relative to the
    repository's root. `requires` are the modules of others with the go.mod that names them. `work` is the folder of
    a go.work."""

    folders: Mapping[str, str]
    manifests: tuple[str, ...]
    requires: Mapping[str, str] = field(default_factory=dict)
    work: str | None = None
    summed: bool = True


async def find_modules(files: Files) -> Modules | None:
    """The module that a folder belongs to, with the others of its workspace. None without go.mod and go.work."""
    workspace = nearest_above(files, "go.work")
    module = nearest_above(files, "go.mod")
    if workspace:
        used = await _used(workspace)
        if module is None or module.dir in used:
            return await _read(files.root, used, work=workspace.dir)
    return await _read(files.root, [module.dir]) if module else None


async def _used(workspace: Files) -> list[str]:
    lines = (await workspace.text("go.work")).splitlines()
    used = [workspace.repo_path(found.group(1)) for line in lines if (found := _USE.match(line))]
    return [folder for folder in used if _in(folder, "go.mod") in workspace.root]


async def _read(root: Files, folders: Sequence[str], work: str | None = None) -> Modules:
    known: dict[str, str] = {}
    requires: dict[str, str] = {}
    manifests = [_in(work, name) for name in ("go.work", "go.work.sum")] if work is not None else []
    queue, summed = list(folders), True
    for folder in queue:
        path = _in(folder, "go.mod")
        text = await root.text(path)
        name = re.search(r"^module\s+\"?([^\s\"]+)", text, re.MULTILINE)
        known.setdefault(name.group(1) if name else folder, folder)
        manifests += [path, _in(folder, "go.sum")]
        needed = [needed for needed in _REQUIRE.findall(text) if needed not in known]
        requires.update({one: path for one in needed if one not in requires})
        local = [posixpath.normpath(f"{folder}/{target}") for target in _REPLACE.findall(text)]
        queue += [one for one in local if _in(one, "go.mod") in root and one not in queue]
        summed = summed and (not needed or _in(folder, "go.sum") in root or work is not None)
    others = {name: path for name, path in requires.items() if name not in known}
    present = tuple(path for path in dict.fromkeys(manifests) if path in root)
    return Modules(known, present, others, work, summed)


async def stated_version(module: Files, work: str | None) -> Stated | None:
    """`toolchain` before `go`, of go.work before go.mod; then .go-version and .tool-versions. Paths relative to the
    repository's root. https://go.dev/doc/toolchain"""
    candidates = ([_in(work, "go.work")] if work is not None else []) + [module.repo_path("go.mod")]
    for pattern in (r"^toolchain\s+go(\d[\w.]*)", r"^go\s+(\d[\w.]*)"):
        for path in candidates:
            for number, line in enumerate((await module.root.text(path)).splitlines(), 1):
                if found := re.match(pattern, line):
                    return Stated(found.group(1), path, number)
    stated = await from_version_file(module, ".go-version") or await from_tool_versions(module, "golang", "go")
    return Stated(stated.spec, module.repo_path(stated.path), stated.line) if stated else None


def _in(folder: str, name: str) -> str:
    return posixpath.normpath(f"{folder}/{name}")
