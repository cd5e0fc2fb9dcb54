"""Programs of this machine that builds and apps may use, and how a sandbox gets to see those outside /usr."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from devgem.clouds.local.box import Bind

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
TOOLS = "/opt/devgem"
"""Where a sandbox sees the tools that DevGem brings."""


@dataclass(frozen=True)
class Tool:
    """A program or a set of them. `path` are folders for PATH, inside the sandbox; `identity` changes when the tool
    does; `at_run` tells whether what was built with it needs it to run."""

    identity: str
    path: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    at_run: bool = True


def find(program: str) -> Path | None:
    """Where the program is, on DevGem's own PATH or the sandbox's."""
    found = shutil.which(program) or shutil.which(program, path=":".join(SYSTEM_PATH))
    return Path(found) if found else None


def tool(program: Path) -> Tool:
    """The program as a tool: bound with its whole installation when that is a folder of its own, else alone."""
    real = program.resolve()
    identity = identify(real)
    if real.is_relative_to("/usr"):
        return Tool(identity)
    if installation := _installation(real):
        bind = (installation, str(installation))
        return Tool(identity, (str(installation / "bin"),), (bind,))
    inside = f"{TOOLS}/bin/{program.name}"
    return Tool(identity, (f"{TOOLS}/bin",), ((real, inside),))


def identify(path: Path) -> str:
    status = path.stat()
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def _installation(real: Path) -> Path | None:
    """The folder above the program's bin/, unless it holds more than an installation: a home, or what keeps others."""
    if real.parent.name != "bin":
        return None
    folder = real.parent.parent
    too_wide = (Path.home(), Path.home() / ".local", Path("/opt"), Path("/"))
    return None if any(wide.is_relative_to(folder) for wide in too_wide) else folder
