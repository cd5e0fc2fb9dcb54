"""git, hardened: nothing of the host's configuration, no hooks, no prompts, only the protocol that was asked for."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devgem.source.command import Command, Outcome, Run
from devgem.source.errors import refusal
from devgem.source.policy import Policy

Settings = Sequence[tuple[str, str]]

NEEDED = (2, 37)
"""The first git with http.curloptResolve, without which a host's address cannot be pinned."""

_HARDENED: Settings = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.askPass", ""),
    ("core.protectNTFS", "true"),
    ("core.protectHFS", "true"),
    ("core.autocrlf", "false"),
    ("core.bigFileThreshold", "8m"),
    ("credential.helper", ""),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.unpackLimit", "1"),  # always one pack, so that a limit on file size is a limit on the fetch
    ("transfer.fsckObjects", "true"),
    ("fetch.fsck.zeroPaddedFilemode", "ignore"),  # harmless, and common in old histories
    ("fetch.fsck.badTimezone", "ignore"),
    ("fetch.fsck.missingSpaceBeforeDate", "ignore"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1"),  # bytes a second; a server that is at work sends a sign of life every 5 s
    ("http.lowSpeedTime", "30"),
    ("protocol.version", "2"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("safe.directory", "*"),  # the files belong to whoever asked; what makes other owners dangerous is off above
    ("safe.bareRepository", "explicit"),
)


@dataclass(frozen=True)
class Invocation:
    """One git command. `protocol` is the only one that it may speak. `settings` may hold a credential: they travel
    in the environment, never in the arguments or in a file."""

    args: tuple[str, ...]
    cwd: Path
    protocol: str = "none"
    settings: Settings = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict)
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    output_limit_bytes: int = 1 << 20


class Git:
    """Runs git commands through `run`, each within the time and the file size that `limits` allow."""

    def __init__(self, run: Run, limits: Policy) -> None:
        self._run = run
        self.limits = limits
        self._checked = False

    async def check(self) -> None:
        """Raises SourceError when git is missing or too old."""
        if not self._checked:
            outcome = await self(Invocation(("version",), Path("/")))
            self._check_version(outcome.stdout.decode("utf-8", "replace"))
            self._checked = True

    async def __call__(self, git: Invocation) -> Outcome:
        """Raises SourceError when git is missing."""
        command = Command(
            ("git", *git.args),
            cwd=git.cwd,
            timeout_seconds=self.limits.timeout_seconds,
            env=_environment(git),
            readable=git.readable,
            writable=git.writable,
            network=git.protocol in ("https", "http", "ssh"),
            output_limit_bytes=git.output_limit_bytes,
            file_limit_bytes=self.limits.max_bytes,
        )
        try:
            return await self._run(command)
        except FileNotFoundError as error:
            raise refusal("git_missing") from error

    def _check_version(self, text: str) -> None:
        found = re.search(r"git version (\d+)\.(\d+)", text)
        if not found:
            raise refusal("git_missing")
        if (int(found[1]), int(found[2])) < NEEDED:
            raise refusal("git_too_old", version=f"{found[1]}.{found[2]}", needed=".".join(map(str, NEEDED)))


def at(repository: Path) -> dict[str, str]:
    """The environment that makes git work on this bare repository, and look for no other."""
    return {"GIT_DIR": str(repository)}


def make_bare(repository: Path) -> None:
    """An empty bare repository, without the template and the process that `git init` takes."""
    for folder in ("objects/info", "objects/pack", "refs"):
        (repository / folder).mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/none\n")


def reading(repository: Path, view: Path) -> dict[str, str]:
    """The environment in which git reads the objects of a repository through the empty one at `view`, and so nothing
    of its settings: a git that a server has taken over may have written them."""
    return {"GIT_DIR": str(view), "GIT_OBJECT_DIRECTORY": str(repository / "objects")}


def _environment(git: Invocation) -> dict[str, str]:
    """The whole environment: https://git-scm.com/docs/git#_environment_variables."""
    settings = (*_HARDENED, *git.settings)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": git.protocol,
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{n}": key for n, (key, _) in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(settings)},
        **git.env,
    }
