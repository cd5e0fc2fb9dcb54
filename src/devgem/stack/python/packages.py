"""Which package manager a Python repository uses, and the commands that install what its lock file says.

Everything goes into /deps/venv by uv, or by the repository's own tool run by uv, so that the lock is read by what
wrote it and a stale one is reported in that tool's words. Rule for several: uv.lock, poetry.lock, pdm.lock,
Pipfile.lock, requirements, then manifests without a lock.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devgem.domain.plan import Argv, Evidence
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.python.requirements import Dependency, dependency, normalize, read_requirements
from devgem.stack.words import words

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
    """How the dependencies are installed. `inputs` are relative to the repository's root; `locked` are all names in the
    lock, as far as it is TOML."""

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
    text = await files.text(lock)
    present = [p for p in (manifest, lock, ".python-version", "uv.toml", "poetry.toml", "pdm.toml") if p in files]
    inputs = [*(files.repo_path(p) for p in present), *await _local_sources(files, pyproject)]
    return Packages(
        manager,
        _COMMANDS[manager],
        tuple(dict.fromkeys(inputs)),
        await declared(files, pyproject),
        findings.all(),
        needs_git="git+" in text or "git = " in text,
        locked=frozenset(re.findall(r"^name = \"([a-z0-9._-]+)\"", text, re.MULTILINE)),
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
    uv = pyproject.get("tool", {}).get("uv", {})
    members = uv.get("workspace", {}).get("members", [])
    folders = [posixpath.dirname(p) for m in members for p in files.glob(f"{str(m).strip('/')}/pyproject.toml")]
    folders += [str(s["path"]) for s in uv.get("sources", {}).values() if isinstance(s, dict) and "path" in s]
    return [path for folder in folders for path in project_files(files, folder)]


async def _workspace(files: Files, pyproject: dict[str, Any]) -> Packages | None:
    """A member of a uv workspace whose lock lies in the repository's root. Its own code is no input."""
    root = files.root
    if files is root or "uv.lock" not in root or not pyproject.get("project"):
        return None
    locked = await _locked(root, await root.toml("pyproject.toml"), "uv.lock", "uv")
    manifest = files.repo_path("pyproject.toml")
    if manifest not in locked.inputs:
        return None
    own = set(project_files(files, ".")) - {manifest}
    name = str(pyproject["project"].get("name", ""))
    return replace(
        locked,
        install=((*_UV_SYNC, "--package", name),),
        inputs=tuple(path for path in locked.inputs if path not in own),
        dependencies=await declared(files, pyproject),
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
    dependencies = await declared(files, pyproject)
    findings = Findings(files)
    tool = pyproject.get("tool", {})
    if "Pipfile" in files:
        findings.add("package_manager", "pipenv", "Pipfile", 1)
        note = "Pipfile has no lock: each build takes the newest packages it allows. Run `pipenv lock`."
        install: tuple[Argv, ...] = (CREATE, _tool(_PIPENV, "install", "--skip-lock"))
        return Packages("pipenv", install, (files.repo_path("Pipfile"),), dependencies, findings.all(), (note,))
    if "poetry" in tool and "project" not in pyproject:
        findings.add(
            "package_manager", "poetry", "pyproject.toml", await files.line_of("pyproject.toml", r"\[tool\.poetry")
        )
        note = "There is no poetry.lock: each build takes the newest packages allowed. Run `poetry lock`."
        install = (CREATE, _tool(*_POETRY, "lock"), *_POETRY_EXPORT)
        return Packages("poetry", install, (files.repo_path("pyproject.toml"),), dependencies, findings.all(), (note,))
    if pyproject.get("project", {}).get("dependencies") or "dependencies" in pyproject.get("project", {}).get(
        "dynamic", []
    ):
        manager = next((name for name in ("uv", "pdm") if name in tool), "pip")
        findings.add(
            "package_manager",
            manager,
            "pyproject.toml",
            await files.line_of("pyproject.toml", r"^dependencies|^\[project\]"),
        )
        dynamic = pyproject["project"].get("dynamic")
        inputs = project_files(files, ".") if dynamic else [files.repo_path("pyproject.toml")]
        install = (CREATE, ("uv", "pip", "install", "-r", "pyproject.toml"))
        return Packages(manager, install, tuple(inputs), dependencies, findings.all())
    setup = files.first("setup.py", "setup.cfg")
    if setup and dependencies:
        findings.add("package_manager", "pip", setup, 1)
        install = (CREATE, ("uv", "pip", "install", "."))
        return Packages(
            "pip", install, tuple(project_files(files, ".")), dependencies, findings.all(), installs_project=True
        )
    return None


async def declared(files: Files, pyproject: dict[str, Any]) -> dict[str, Dependency]:
    """What the manifests name as run-time dependencies, with the line of each."""
    texts: list[tuple[str, str]] = []
    project = pyproject.get("project", {})
    poetry = pyproject.get("tool", {}).get("poetry", {})
    texts += [("pyproject.toml", str(text)) for text in project.get("dependencies", []) or []]
    texts += [("pyproject.toml", str(name)) for name in poetry.get("dependencies", {}) or {} if name != "python"]
    if "Pipfile" in files:
        pipfile = await files.toml("Pipfile")
        texts += [("Pipfile", str(name)) for name in pipfile.get("packages", {})]
    found: dict[str, Dependency] = {}
    for path, text in texts:
        named = dependency(text, files.repo_path(path), None)
        if named:
            line = await files.line_of(path, _mention(named.name))
            found.setdefault(named.name, replace(named, line=line))
    for path in ("setup.py", "setup.cfg"):
        for number, line_text in enumerate((await files.text(path)).splitlines(), 1):
            named = dependency(line_text.strip().strip("\"',[]"), files.repo_path(path), number)
            if named and normalize(named.name) in _WORTH_KNOWING:
                found.setdefault(named.name, named)
    return found


def _mention(name: str) -> str:
    """A pattern for a distribution's name as manifests spell it: `flask-login`, `Flask_Login`."""
    return r"(?<![\w-])" + name.replace("-", "[-_.]") + r"(?![\w-])"


_WORTH_KNOWING: frozenset[str] = words("""
flask fastapi django starlette quart litestar sanic dash gradio streamlit falcon bottle aiohttp tornado python-
fasthtml gunicorn uvicorn hypercorn waitress
""")
"""Read out of setup.py, which is code and not data."""


def project_files(files: Files, folder: str) -> list[str]:
    """Everything that building a package from source may read."""
    base = files.repo_path(folder)
    prefix = "" if base == "." else base + "/"
    skipped = (prefix + "tests/", prefix + "docs/")
    return [p for p in files.root.paths if p.startswith(prefix) and not p.startswith(skipped)]
