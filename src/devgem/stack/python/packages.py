"""Which package manager a Python repository uses, and the commands that install what its lock file says.

Everything goes into /deps/venv by uv, or by the repository's own tool run by uv, so that the lock is read by what
wrote it and a stale one is reported in that tool's words. Rule for several: uv.lock, poetry.lock, pdm.lock,
Pipfile.lock, requirements, then manifests without a lock.
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devgem.domain.plan import Argv, Evidence
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.python.locks import locked_names
from devgem.stack.python.manifests import declared
from devgem.stack.python.requirements import Dependency, read_requirements
from devgem.stack.shapes import table, text, texts

VENV = "/deps/venv"
CREATE = ("uv", "venv", VENV)

_LOCKS = (("uv.lock", "uv"), ("poetry.lock", "poetry"), ("pdm.lock", "pdm"), ("Pipfile.lock", "pipenv"))
_REQUIREMENTS = (
    "requirements.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/requirements.txt",
    "requirements/base.txt",
    "requirements/common.txt",
    "requirements/main.txt",
    "requirements-prod.txt",
    "requirements-production.txt",
    "requirements_prod.txt",
    "requirements.in",
)


@dataclass(frozen=True)
class Packages:
    """How the dependencies are installed. `inputs` are relative to the repository's root; `locked` are all that the
    lock file installs for the running app."""

    manager: str
    install: tuple[Argv, ...]
    inputs: tuple[str, ...]
    dependencies: dict[str, Dependency] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    sure: bool = True
    installs_project: bool = False
    needs_git: bool = False
    locked: frozenset[str] = frozenset()
    build_env: Mapping[str, str] = field(default_factory=dict)

    def requirement(self, name: str) -> str:
        """The text that asks for a distribution: `gunicorn==20.1.0`; empty when none does."""
        found = self.dependencies.get(name)
        return found.text.replace(" ", "") if found else ""


async def find_packages(files: Files) -> Packages | None:
    """None when no file here names any dependency."""
    pyproject = await files.toml("pyproject.toml")
    locks = [(path, manager) for path, manager in _LOCKS if path in files]
    if locks:
        packages = await _locked(files, pyproject, *locks[0])
        return _among(packages, locks, files) if len(locks) > 1 else packages
    parent = await _workspace(files, pyproject)
    if parent:
        return parent
    requirements = files.first(*_REQUIREMENTS)
    if requirements:
        return await _pip(files, requirements)
    return await _unlocked(files, pyproject)


def _among(packages: Packages, locks: Sequence[tuple[str, str]], files: Files) -> Packages:
    others = " and ".join(files.repo_path(path) for path, _ in locks[1:])
    note = f"There is {others} too: {files.repo_path(locks[0][0])} is used. Delete the one that is out of use."
    return replace(packages, notes=(*packages.notes, note), sure=False)


async def _locked(files: Files, pyproject: dict[str, Any], lock: str, manager: str) -> Packages:
    findings = Findings(files)
    findings.add("package_manager", manager, lock, 1)
    manifest = "Pipfile" if manager == "pipenv" else "pyproject.toml"
    locked = await files.text(lock)
    present = [p for p in (manifest, lock, ".python-version", "uv.toml", "poetry.toml", "pdm.toml") if p in files]
    inputs = [*(files.repo_path(p) for p in present), *await _local_sources(files, pyproject)]
    return Packages(
        manager,
        _COMMANDS[manager],
        tuple(dict.fromkeys(inputs)),
        await declared(files),
        findings.all(),
        needs_git="git+" in locked or "git = " in locked,
        locked=locked_names(manager, locked),
        build_env=_SILENCE.get(manager, {}),
    )


def _tool(*arguments: str) -> Argv:
    """A Python tool of the repository's choice, run by uv in an environment of its own. The date keeps that
    environment the same for ever: their newest dependencies break them now and then."""
    return ("uv", "tool", "run", "--exclude-newer", "2026-06-01", *arguments)


_UV_SYNC = ("uv", "sync", "--locked", "--no-dev", "--no-install-project")
_EXPORTED = f"{VENV}/requirements.txt"
_POETRY = ("--from", "poetry==2.4.1", "--with", "poetry-plugin-export==1.9.0", "poetry")
_POETRY_EXPORT: tuple[Argv, ...] = (
    _tool(*_POETRY, "export", "--only", "main", "-o", _EXPORTED),
    ("uv", "pip", "install", "-r", _EXPORTED),
)
_PDM = "pdm==2.26.6"
_PIPENV = "pipenv==2026.5.2"
_COMMANDS: Mapping[str, tuple[Argv, ...]] = {
    "uv": (_UV_SYNC,),
    "poetry": (CREATE, *_POETRY_EXPORT),
    "pdm": (CREATE, _tool(_PDM, "install", "--check", "--prod", "--no-self", "--no-editable")),
    "pipenv": (CREATE, _tool(_PIPENV, "install", "--deploy")),
}
_SILENCE = {"pdm": {"PDM_CHECK_UPDATE": "0"}, "pipenv": {"PIPENV_VERBOSITY": "-1"}}


async def _local_sources(files: Files, pyproject: dict[str, Any]) -> list[str]:
    """The files of the packages that a uv project takes from its own repository: workspace members, path sources.
    uv checks the lock against the manifest of every member, and installs those that are depended on."""
    uv = table(pyproject, "tool", "uv")
    members = texts(table(uv, "workspace").get("members"))
    folders = [posixpath.dirname(p) for m in members for p in files.glob(f"{m.strip('/')}/pyproject.toml")]
    folders += [path for source in table(uv, "sources").values() if (path := text(table(source).get("path")))]
    return [path for folder in folders for path in project_files(files, folder)]


async def _workspace(files: Files, pyproject: dict[str, Any]) -> Packages | None:
    """A member of a uv workspace whose lock lies in the repository's root. Its own code is no input."""
    root = files.root
    name = text(table(pyproject, "project").get("name"))
    if files is root or "uv.lock" not in root or not name:
        return None
    locked = await _locked(root, await root.toml("pyproject.toml"), "uv.lock", "uv")
    manifest = files.repo_path("pyproject.toml")
    if manifest not in locked.inputs:
        return None
    own = set(project_files(files, ".")) - {manifest}
    return replace(
        locked,
        install=((*_UV_SYNC, "--package", name),),
        inputs=tuple(path for path in locked.inputs if path not in own),
        dependencies=await declared(files),
    )


async def _pip(files: Files, path: str) -> Packages:
    found = await read_requirements(files.root, files.repo_path(path))
    findings = Findings(files)
    findings.add("package_manager", "pip", path, 1)
    inputs = list(found.inputs)
    for folder in found.local:
        inputs += project_files(files, folder)
    return Packages(
        "pip",
        (CREATE, ("uv", "pip", "install", "-r", path)),
        tuple(dict.fromkeys(inputs)),
        found.dependencies,
        findings.all(),
        installs_project="." in found.local,
        needs_git=found.needs_git,
    )


async def _unlocked(files: Files, pyproject: dict[str, Any]) -> Packages | None:
    """Dependencies named without a lock."""
    project = table(pyproject, "project")
    if "Pipfile" in files:
        return await _without_lock(files, "pipenv", "Pipfile", (CREATE, _tool(_PIPENV, "install", "--skip-lock")))
    if table(pyproject, "tool", "poetry") and not project:
        return await _without_lock(
            files, "poetry", "pyproject.toml", (CREATE, _tool(*_POETRY, "lock"), *_POETRY_EXPORT)
        )
    dynamic = texts(project.get("dynamic"))
    if texts(project.get("dependencies")) or "dependencies" in dynamic:
        manager = next((name for name in ("uv", "pdm") if table(pyproject, "tool", name)), "pip")
        inputs = project_files(files, ".") if dynamic else [files.repo_path("pyproject.toml")]
        from_manifest = (CREATE, ("uv", "pip", "install", "-r", "pyproject.toml"))
        return await _unpinned(files, manager, "pyproject.toml", from_manifest, inputs)
    setup = files.first("setup.py", "setup.cfg")
    if setup and await declared(files):
        from_source = (CREATE, ("uv", "pip", "install", "."))
        found = await _unpinned(files, "pip", setup, from_source, project_files(files, "."))
        return replace(found, installs_project=True)
    return None


async def _without_lock(files: Files, manager: str, manifest: str, install: tuple[Argv, ...]) -> Packages:
    """A tool that is meant to be used with a lock, which is not there."""
    note = f"{files.repo_path(manifest)} has no lock: each build takes the newest packages. Run `{manager} lock`."
    return replace(await _unpinned(files, manager, manifest, install, [files.repo_path(manifest)]), notes=(note,))


async def _unpinned(
    files: Files, manager: str, manifest: str, install: tuple[Argv, ...], inputs: Sequence[str]
) -> Packages:
    findings = Findings(files)
    line = await files.line_of(manifest, r"^dependencies|^\[(project|packages|tool\.poetry)\b|install_requires")
    findings.add("package_manager", manager, manifest, line or 1)
    return Packages(manager, install, tuple(inputs), await declared(files), findings.all())


def project_files(files: Files, folder: str) -> list[str]:
    """Everything that building a package from source may read."""
    base = files.repo_path(folder)
    prefix = "" if base == "." else base + "/"
    skipped = (prefix + "tests/", prefix + "docs/")
    return [p for p in files.root.paths if p.startswith(prefix) and not p.startswith(skipped)]
