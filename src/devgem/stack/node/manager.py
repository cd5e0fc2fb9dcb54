"""Chooses the package manager of a workspace, and says how it is called.

npm comes with Node; the others are run by npx at one exact version, so that nothing need be installed beforehand and
scripts that call them find them on PATH. A yarn that the repository carries is run as it is.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from devgem.domain.plan import Argv, Evidence
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.node.manifest import MANIFEST, Package, key_line
from devgem.stack.node.workspace import PNPM_WORKSPACE, Workspace
from devgem.stack.versions import newest_semver, number_in

Name = Literal["npm", "pnpm", "yarn", "bun"]

LOCKS: dict[str, Name] = {
    "pnpm-lock.yaml": "pnpm",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "yarn.lock": "yarn",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
"""In order of preference: npm's comes last, since it also appears when someone types `npm install` by habit."""

_PNPM: dict[str, dict[str, str]] = {
    "5": {"7": "7.33.7"},
    "6": {"8": "8.15.9"},
    "9": {"10": "10.34.8", "9": "9.15.9", "12": "12.20.0", "11": "11.28.10"},
}
"""Releases by major version, the preferred one first, that read a lock file of this format."""
_YARN = {"1": "1.22.22", "4": "2.4.2", "5": "3.8.7", "6": "3.8.7", "8": "4.12.0", "9": "4.14.1", "10": "4.18.1"}
"""The newest release that leaves a lock file of this format as it is: a newer one would rewrite it, and refuses to
when frozen. Seen to hold for each."""
BUN = "1.4.5"


@dataclass(frozen=True)
class Manager:
    """`command` runs it; `lock` is the lock file it goes by, relative to the workspace's root; `stated` is false when
    the version is a choice of ours."""

    name: Name
    version: str
    command: Argv
    lock: str | None
    stated: bool = False

    @property
    def is_berry(self) -> bool:
        return self.name == "yarn" and not self.version.startswith("1.")

    def install(self, up: str) -> Argv:
        """Installs everything as the lock file says. `up` leads from the app's folder to the workspace's root."""
        match self.name:
            case "npm":
                return (*self.command, "ci" if self.lock else "install", *_flag("--prefix", up))
            case "pnpm":
                frozen = "--frozen-lockfile" if self.lock else "--no-frozen-lockfile"
                return (*self.command, *_flag("--dir", up), "install", frozen)
            case "yarn" if self.is_berry:
                return (*self.command, "install", "--immutable" if self.lock else "--no-immutable")
            case _:
                return (*self.command, "install", *(("--frozen-lockfile",) if self.lock else ()))

    def run(self, script: str) -> Argv:
        """Runs a script of the package in the working folder."""
        return (*self.command, "run", script)

    def run_in(self, package: str, script: str, up: str) -> Argv:
        """Runs a script of another member of the workspace."""
        match self.name:
            case "npm":
                return (*self.command, "run", script, f"--workspace={package}", *_flag("--prefix", up))
            case "pnpm":
                return (*self.command, f"--filter={package}", "run", script)
            case "yarn":
                return (*self.command, "workspace", package, "run", script)
            case "bun":
                return (*self.command, "run", f"--filter={package}", script)

    def execute(self, *words: str) -> Argv:
        """Runs a program that a dependency brings."""
        match self.name:
            case "npm":
                return ("npx", *words)
            case "pnpm":
                return (*self.command, "exec", *words)
            case _:
                return (*self.command, "run", *words)


@dataclass(frozen=True)
class Choice:
    manager: Manager
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Stated:
    """A manager that a manifest names, with its version where it gives one."""

    name: Name
    version: str | None
    key: str


async def choose_manager(workspace: Workspace, app: Files, found: Findings) -> Choice:
    """By lock file; of several, that of the manager which package.json names, else the one that knows every
    dependency, else the first in the order of `LOCKS`. Without a lock file, by package.json or settings files."""
    root = workspace.files
    stated = _stated(workspace.package)
    locks = [lock for lock in LOCKS if lock in root]
    fitting = [lock for lock in locks if stated and LOCKS[lock] == stated.name] or locks
    fitting = await _knowing_all(root, workspace.package, fitting) if len(fitting) > 1 else fitting
    lock = fitting[0] if fitting else None
    name = LOCKS[lock] if lock else stated.name if stated else _by_settings(root, workspace.package)
    stated = stated if stated and stated.name == name else None
    path = lock or (PNPM_WORKSPACE if name == "pnpm" and PNPM_WORKSPACE in root else MANIFEST)
    line = await key_line(root, stated.key) if stated else 1
    found.add_evidence(Evidence("package_manager", name, root.repo_path(MANIFEST if stated else path), line))
    version = (stated and stated.version) or await _version_for(name, lock, workspace)
    manager = Manager(name, version, await _command(name, version, workspace, app), lock, bool(stated))
    return Choice(manager, tuple(_notes(manager, locks, stated)) if workspace.package.all else ())


def _notes(manager: Manager, locks: list[str], stated: _Stated | None) -> Iterator[str]:
    if manager.lock is None:
        yield f"No lock file of {manager.name} is committed, so versions may differ from build to build."
    elif others := [lock for lock in locks if lock != manager.lock]:
        why = f'package.json\'s "{stated.key}" names {manager.name}' if stated else "it fits package.json best"
        yield f"Of several lock files {manager.lock} is used: {why}. Remove {' and '.join(others)} if not needed."


def _stated(package: Package) -> _Stated | None:
    """What "packageManager" says (https://nodejs.org/api/packages.html#packagemanager), or devEngines, or Volta."""
    texts = {"packageManager": package.text("packageManager") or ""}
    if name := package.text("devEngines", "packageManager", "name"):
        texts["devEngines"] = f"{name}@{package.text('devEngines', 'packageManager', 'version') or ''}"
    texts["volta"] = next((f"{n}@{v}" for n in ("pnpm", "yarn") if (v := package.text("volta", n))), "")
    for key, text in texts.items():
        name, _, version = text.partition("@")
        if name in ("npm", "pnpm", "yarn", "bun"):
            return _Stated(cast(Name, name), number_in(version.partition("+")[0]), key)
    return None


async def _knowing_all(root: Files, package: Package, locks: list[str]) -> list[str]:
    """The lock files in which every dependency is found, else all of them."""
    texts = {lock: await root.text(lock) for lock in locks}
    knowing = [lock for lock in locks if all(name in texts[lock] for name in package.all)]
    return knowing or locks


def _by_settings(root: Files, package: Package) -> Name:
    if PNPM_WORKSPACE in root:
        return "pnpm"
    if ".yarnrc.yml" in root:
        return "yarn"
    return "bun" if "bunfig.toml" in root or package.first("@types/bun", "bun-types", "elysia") else "npm"


async def _version_for(name: Name, lock: str | None, workspace: Workspace) -> str:
    """A version that can read the lock file and that "engines" admits."""
    root = workspace.files
    text = await root.text(lock) if lock else ""
    match name:
        case "npm":
            return ""
        case "bun":
            return BUN
        case "pnpm":
            found = re.search(r"^lockfileVersion:\s*['\"]?(\d+)", text, re.MULTILINE)
            readers = _PNPM.get(found.group(1) if found else "", _PNPM["9"])
            wanted = workspace.package.text("engines", "pnpm")
            return readers[(wanted and newest_semver(wanted, tuple(readers))) or next(iter(readers))]
        case "yarn":
            found = re.search(r"^__metadata:\s*\n\s*version:\s*(\d+)", text, re.MULTILINE)
            newest = next(reversed(_YARN)) if ".yarnrc.yml" in root and not text.startswith("#") else "1"
            return _YARN.get(found.group(1) if found else newest, _YARN["10"])


async def _command(name: Name, version: str, workspace: Workspace, app: Files) -> Argv:
    if name == "npm":
        return ("npm",)
    settings = await workspace.files.yaml(".yarnrc.yml") if name == "yarn" else {}
    carried = settings.get("yarnPath") if isinstance(settings, dict) else None
    if isinstance(carried, str) and carried in workspace.files:
        return ("node", posixpath.normpath(posixpath.join(posixpath.relpath(workspace.files.dir, app.dir), carried)))
    package = "@yarnpkg/cli-dist" if name == "yarn" and not version.startswith("1.") else name
    # npm refuses to run anything in a folder whose devEngines names another manager, unless it looks elsewhere.
    away = ("--prefix=/tmp",) if workspace.package.text("devEngines", "packageManager", "name") else ()
    return ("npx", "--yes", *away, f"{package}@{version}")


def _flag(name: str, up: str) -> Argv:
    return () if up == "." else (f"{name}={up}",)
