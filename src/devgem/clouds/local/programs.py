"""Programs of this machine that builds and apps may use, and how a sandbox gets to see those outside /usr."""

import os
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
    """Where the program is, on DevGem's own PATH or the sandbox's; the program itself, not what chooses between
    several of them (the shims of pyenv, rbenv or asdf, and rustup)."""
    folders = [folder for folder in os.get_exec_path() if Path(folder).name != "shims"]
    found = shutil.which(program, path=os.pathsep.join([*folders, *SYSTEM_PATH]))
    if found is None or Path(found).resolve().name != "rustup":
        return Path(found) if found else None
    rustup = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    return max(rustup.glob(f"toolchains/*/bin/{program}"), default=None)


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
    """The folder above the program's bin/, unless that may hold more than an installation: a home, a folder right in
    one (~/.cargo has its credentials), or what holds several installations."""
    folder = real.parent.parent
    too_wide = Path.home().is_relative_to(folder) or folder.parent == Path.home() or folder in (Path("/"), Path("/opt"))
    return folder if real.parent.name == "bin" and not too_wide else None
