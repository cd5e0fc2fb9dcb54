"""Requirement files: what they name, line by line, and which other files they include."""

import posixpath
import re
from dataclasses import dataclass, field

from devgem.stack.files import Files

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?=$|[<>=!~;@#(\s])")
_OPTION = re.compile(r"^(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")
_LOCAL = re.compile(r"^(?:-e|--editable)?[\s=]*(?:file:)?(\.{0,2}/?[^\s#;\[:]*)(?:\[[^\]]*\])?\s*(?:[#;].*)?$")


@dataclass(frozen=True)
class Dependency:
    """A distribution that a file names; `name` is normalized (PEP 503), `path` relative to the repository's root."""

    name: str
    path: str
    line: int | None
    text: str = ""


@dataclass
class Requirements:
    """`inputs` are the files read; `local` the folders installed from source, as the file writes them."""

    dependencies: dict[str, Dependency] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    needs_git: bool = False


def normalize(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


async def read_requirements(files: Files, path: str, into: Requirements | None = None) -> Requirements:
    """One requirements file and those that it includes, which may lie in folders above: give the root's `files`."""
    found = into if into is not None else Requirements()
    if path in found.inputs or path not in files:
        return found
    found.inputs.append(path)
    for number, line in logical_lines(await files.text(path)):
        option = _OPTION.match(line)
        if option:
            await read_requirements(
                files, posixpath.normpath(posixpath.join(posixpath.dirname(path), option[1])), found
            )
            continue
        found.needs_git = found.needs_git or "git+" in line
        local = _LOCAL.match(line)
        if local and (line.startswith(("-e", "--editable", ".", "file:"))) and local[1]:
            found.local.append(posixpath.normpath(local[1]))
            continue
        named = dependency(line, path, number)
        if named:
            found.dependencies.setdefault(named.name, named)
    return found


def dependency(text: str, path: str, line: int | None) -> Dependency | None:
    """The distribution that one requirement (PEP 508, or `git+...#egg=name`) names."""
    egg = re.search(r"#egg=([A-Za-z0-9._-]+)", text)
    name = egg or _NAME.match(text.strip())
    return Dependency(normalize(name[1]), path, line, text.strip()) if name else None


def logical_lines(text: str) -> list[tuple[int, str]]:
    """The lines of a requirements file with their numbers: comments and blanks dropped, continuations joined."""
    lines: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        if whole := (pending + line).strip():
            lines.append((start, whole))
        pending, start = "", 0
    return lines
