"""Which package manager a Python repository uses, and the commands that install what its lock file says.

Everything goes into /deps/venv by uv, or by the repository's own tool run by uv, so that the lock is read by what
wrote it and a stale one is reported in that tool's words. Rule for several: uv.lock, poetry.lock, pdm.lock,
Pipfile.lock, requirements, then manifests without a lock.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devgem.domain.plan import Argv, Evidence
from devgem.stack.env_names import words
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.python.requirements import Dependency, dependency, normalize, read_requirements

VENV = "/deps/venv"
POETRY = "poetry==2.5.1"
PDM = "pdm==2.29.4"
PIPENV = "pipenv==2026.10.3"

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
CREATE = ("uv", "venv", VENV)


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
    dependencies = await declared(files, pyproject)
    commands = {
        "uv": (_uv_sync(),),
        "poetry": (_tool(POETRY, "install", "--only", "main", "--no-root", "--no-interaction"),),
        "pdm": (_tool(PDM, "install", "--check", "--prod", "--no-self", "--no-editable"),),
        "pipenv": (_tool(PIPENV, "install", "--deploy"),),
    }[manager]
    create = () if manager == "uv" else (CREATE,)
    inputs = [p for p in (manifest, lock, ".python-version", "uv.toml", "poetry.toml", "pdm.toml") if p in files]
    inputs += await _members(files, pyproject)
    return Packages(
        manager,
        (*create, *commands),
        tuple(files.repo_path(p) for p in inputs),
        dependencies,
        findings.all(),
        needs_git=await files.line_of(lock, r"git\+|git = |\"git\"") is not None,
        locked=frozenset(re.findall(r"^name = \"([a-z0-9._-]+)\"", await files.text(lock), re.MULTILINE)),
    )


def _uv_sync(*more: str) -> Argv:
    return ("uv", "sync", "--locked", "--no-dev", "--no-install-project", "--no-install-workspace", *more)


def _tool(package: str, *arguments: str) -> Argv:
    """A Python tool of the repository's choice, run by uv in an environment of its own on the app's environment."""
    return ("uv", "tool", "run", package, *arguments)


async def _members(files: Files, pyproject: dict[str, Any]) -> list[str]:
    """The manifests of a uv workspace's members: uv checks the lock against each of them."""
    patterns = pyproject.get("tool", {}).get("uv", {}).get("workspace", {}).get("members", [])
    return [p for pattern in patterns for p in files.glob(f"{str(pattern).strip('/')}/pyproject.toml")]


async def _workspace(files: Files, pyproject: dict[str, Any]) -> Packages | None:
    """A member of a uv workspace whose lock lies in the repository's root."""
    if files is files.root or "uv.lock" not in files.root or not pyproject.get("project"):
        return None
    root = files.root
    top = await root.toml("pyproject.toml")
    members = await _members(root, top)
    if files.repo_path("pyproject.toml") not in members:
        return None
    locked = await _locked(root, top, "uv.lock", "uv")
    name = str(pyproject["project"].get("name", ""))
    return replace(locked, install=(_uv_sync("--package", name),), dependencies=await declared(files, pyproject))


async def _pip(files: Files, path: str) -> Packages:
    found = await read_requirements(files.root, files.repo_path(path))
    findings = Findings(files)
    findings.add("package_manager", "pip", path, 1)
    inputs = list(found.inputs)
    for folder in found.local:
        inputs += _project_files(files, folder)
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
        install: tuple[Argv, ...] = (CREATE, _tool(PIPENV, "install", "--skip-lock"))
        return Packages("pipenv", install, (files.repo_path("Pipfile"),), dependencies, findings.all(), (note,))
    if "poetry" in tool and "project" not in pyproject:
        findings.add(
            "package_manager", "poetry", "pyproject.toml", await files.line_of("pyproject.toml", r"\[tool\.poetry")
        )
        note = "There is no poetry.lock: each build takes the newest packages allowed. Run `poetry lock`."
        install = (CREATE, _tool(POETRY, "install", "--only", "main", "--no-root", "--no-interaction"))
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
        inputs = _project_files(files, ".") if dynamic else [files.repo_path("pyproject.toml")]
        install = (CREATE, ("uv", "pip", "install", "-r", "pyproject.toml"))
        return Packages(manager, install, tuple(inputs), dependencies, findings.all())
    setup = files.first("setup.py", "setup.cfg")
    if setup and dependencies:
        findings.add("package_manager", "pip", setup, 1)
        install = (CREATE, ("uv", "pip", "install", "."))
        return Packages(
            "pip", install, tuple(_project_files(files, ".")), dependencies, findings.all(), installs_project=True
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


def _project_files(files: Files, folder: str) -> list[str]:
    """Everything that building a package from source may read."""
    base = files.repo_path(folder)
    prefix = "" if base == "." else base + "/"
    skipped = (prefix + "tests/", prefix + "docs/")
    return [p for p in files.root.paths if p.startswith(prefix) and not p.startswith(skipped)]
