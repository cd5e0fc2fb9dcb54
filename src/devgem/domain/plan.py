"""What a tree is written in, and the cloud-neutral recipe that it compiles to."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Argv = tuple[str, ...]
"""A command as a list of arguments. Where a repository's own text needs a shell: ("sh", "-c", text)."""


class Kind(StrEnum):
    SERVER = "server"
    STATIC = "static"
    WORKER = "worker"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """Why something is claimed: `claim` (framework, version, start, port, ...) is `value` because of `file`:`line`."""

    claim: str
    value: str
    file: str
    line: int | None = None


@dataclass(frozen=True)
class Stack:
    """What a tree is written in. `runtime` is the toolchain's name and `version` the one the repository states
    (a full or partial version such as "3.12"; the newest that DevGem knows to be good when it states none)."""

    language: str
    framework: str | None = None
    package_manager: str | None = None
    kind: Kind = Kind.UNKNOWN
    runtime: str = ""
    version: str = ""
    confidence: Literal["high", "low"] = "high"
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class StaticSite:
    """How built files are served. `root` is relative to the app's folder; None when only the finished build can tell
    (then `candidates` are looked at in order). `fallback` is the page for unknown paths with status 200 (an SPA),
    `not_found` the one with status 404."""

    root: str | None
    candidates: tuple[str, ...] = ()
    fallback: str | None = None
    not_found: str | None = None


@dataclass(frozen=True)
class BuildPlan:
    """The recipe. Commands run in the app's folder, `/app/<dir>`, with /app holding the whole repository.

    `install` may depend on `install_inputs` only (lock files, manifests, anything they include), paths relative to
    the repository's root: the result is kept and reused as long as those bytes, the runtime and the commands stay
    the same. `deps` are the paths, absolute or relative to the repository's root, that `install` creates
    (`/deps/venv`, `node_modules`, `vendor/bundle`). A Python environment is always at /deps/venv, which is
    VIRTUAL_ENV and UV_PROJECT_ENVIRONMENT and first on PATH.
    `artifacts` are the paths, relative to the repository's root, that the running app needs of /app; empty: all of it.
    `release` runs once per revision before its start (migrations a Procfile states), shown and never guessed.
    `requires_build` and `requires_run` are names of Debian packages.
    PORT is always given to a server; `port` is the value it gets in a container.
    `env_names` are the config vars that the code reads; `env_required` those it cannot live without.
    `health_path` answers when the app is well; None: any answer below 500 on `/` will do.
    `dockerfile` is the path of the repository's own, relative to its root, when that is the plan.
    """

    stack: Stack
    dir: str = "."
    install: tuple[Argv, ...] = ()
    install_inputs: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    build: tuple[Argv, ...] = ()
    artifacts: tuple[str, ...] = ()
    release: tuple[Argv, ...] = ()
    start: Argv | None = None
    static: StaticSite | None = None
    port: int = 8080
    health_path: str | None = None
    build_env: Mapping[str, str] = field(default_factory=dict)
    run_env: Mapping[str, str] = field(default_factory=dict)
    requires_build: tuple[str, ...] = ()
    requires_run: tuple[str, ...] = ()
    env_names: tuple[str, ...] = ()
    env_required: tuple[str, ...] = ()
    dockerfile: str | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The document that `devgem detect --json` prints."""
        stack = self.stack
        return {
            "language": stack.language,
            "framework": stack.framework,
            "package_manager": stack.package_manager,
            "kind": stack.kind.value,
            "version": stack.version or None,
            "install": [display(command) for command in self.install],
            "build": [display(command) for command in self.build],
            "start": display(self.start) if self.start else None,
            "static_root": self.static.root if self.static else None,
            "port": self.port if stack.kind is Kind.SERVER else None,
            "env": list(self.env_names),
            "env_required": list(self.env_required),
            "confidence": stack.confidence,
            "evidence": [{"claim": e.claim, "value": e.value, "file": e.file, "line": e.line} for e in stack.evidence],
            "notes": list(self.notes),
            "reason": None,
        }


@dataclass(frozen=True)
class Candidate:
    """One of several apps in a repository: its folder, and in a few words what is there."""

    dir: str
    summary: str


@dataclass(frozen=True)
class Unplannable:
    """No plan: `reason` says why, `fix` what to add, `candidates` which folders to choose from with --dir."""

    reason: str
    fix: str
    candidates: tuple[Candidate, ...] = ()
    language: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "framework": None,
            "package_manager": None,
            "kind": "unknown",
            "install": [],
            "build": [],
            "start": None,
            "static_root": None,
            "port": None,
            "env": [],
            "confidence": "low",
            "evidence": [{"claim": e.claim, "value": e.value, "file": e.file, "line": e.line} for e in self.evidence],
            "candidates": [{"dir": c.dir, "summary": c.summary} for c in self.candidates],
            "reason": f"{self.reason} {self.fix}".strip(),
        }


def display(command: Argv) -> str:
    """A command as a person would type it; a shell's own text without the shell around it."""
    if command[:2] == ("sh", "-c") and len(command) == 3:
        return command[2].removeprefix("exec ")
    return shlex.join(command)
