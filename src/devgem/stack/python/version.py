"""Which Python a repository wants, from the files that say so."""

import re
from dataclasses import dataclass

from packaging.version import Version

from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.shapes import table, text
from devgem.stack.versions import Stated, from_tool_versions, from_version_file, newest_pep440, newest_semver, number_in

DEFAULT = "3.12"
KNOWN = ("3.12", "3.13", "3.11", "3.14", "3.10", "3.9", "3.8")
"""Versions that there are images of, the preferred one first: most wheels exist for it."""


@dataclass(frozen=True)
class PythonVersion:
    """`version` is full ("3.11.4") or a series ("3.12")."""

    version: str
    notes: tuple[str, ...] = ()


async def find_version(files: Files, findings: Findings) -> PythonVersion:
    """An exact statement (.python-version, runtime.txt, .tool-versions, Pipfile) goes before a range (requires-python,
    Poetry's constraint, python_requires)."""
    exact = (
        await from_version_file(files, ".python-version")
        or await from_version_file(files, "runtime.txt")
        or await from_tool_versions(files, "python")
        or await _pipfile(files)
    )
    number = number_in(exact.spec) if exact else None
    if exact and number and Version(number) >= Version(KNOWN[-1]):
        findings.add("version", number, exact.path, exact.line)
        return PythonVersion(number)
    if exact and number:
        instead = KNOWN[-1] if number.startswith("3.") else DEFAULT
        findings.add("version", instead, exact.path, exact.line)
        note = f"{files.repo_path(exact.path)} asks for Python {number}, too old to install for: {instead} is used."
        return PythonVersion(instead, (note,))
    ranged = await _range(files)
    if ranged is None:
        return PythonVersion(DEFAULT)
    stated, chosen = ranged
    findings.add("version", chosen or DEFAULT, stated.path, stated.line)
    if chosen is None:
        where = files.repo_path(stated.path)
        note = f"{where} asks for Python {stated.spec!r}, which DevGem does not know: {DEFAULT} is used."
        return PythonVersion(DEFAULT, (note,))
    return PythonVersion(chosen)


async def _pipfile(files: Files) -> Stated | None:
    requires = table(await files.toml("Pipfile"), "requires")
    for key in ("python_full_version", "python_version"):
        if spec := text(requires.get(key)):
            return Stated(spec, "Pipfile", await files.line_of("Pipfile", key))
    return None


async def _range(files: Files) -> tuple[Stated, str | None] | None:
    pyproject = await files.toml("pyproject.toml")
    spec = text(table(pyproject, "project").get("requires-python"))
    if spec:
        line = await files.line_of("pyproject.toml", "requires-python")
        return Stated(spec, "pyproject.toml", line), newest_pep440(spec, KNOWN)
    spec = text(table(pyproject, "tool", "poetry", "dependencies").get("python"))
    if spec:
        line = await files.line_of("pyproject.toml", r"^python\s*=")
        return Stated(spec, "pyproject.toml", line), newest_semver(spec, KNOWN)
    for path in ("setup.cfg", "setup.py"):
        line = await files.line_of(path, "python_requires")
        if line:
            said = re.search(r"python_requires[\"']?\s*[=:]\s*[\"']?([^\"'#\n]+)", await files.text(path))
            spec = said[1].strip() if said else ""
            return Stated(spec, path, line), newest_pep440(spec, KNOWN)
    return None
