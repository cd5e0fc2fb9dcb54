"""Node, Bun and Deno: this machine's when it fits, else the one that the app asks for, fetched from the npm registry.

Their makers' own builds are there, one package per platform; npm checks their integrity. Node comes with the npm that
belongs to its series.
"""

import platform
import re
import subprocess
import sys
from pathlib import Path

from devgem.clouds.local import programs
from devgem.clouds.local.programs import TOOLS, Tool
from devgem.domain.plan import Stack

RUNTIMES = frozenset({"node", "bun", "deno"})
GOOD_NODE = "22"
"""What an app gets that states no version, where the installed Node is too old."""
_OLDEST_MAJOR = 18
_NPM_OF = {10: "6", 12: "6", 14: "6", 16: "8", 18: "10", 20: "10", 22: "10"}
_NEWEST_NPM = "11"


def major(version: str) -> int:
    number = re.match(r"v?(\d+)", version)
    return int(number[1]) if number else 0


def stated(stack: Stack, runtime: str) -> str | None:
    """The version that the repository states for its runtime; None when that is another or none is stated."""
    if stack.runtime != runtime or not any(e.claim == "version" for e in stack.evidence):
        return None
    return stack.version


def fits(installed: str, stack: Stack) -> bool:
    """Whether the installed Node will do: the same series as stated, or any current one where none is stated."""
    wanted = stated(stack, "node")
    return major(installed) == major(wanted) if wanted else major(installed) >= _OLDEST_MAJOR


def packages(runtime: str, version: str) -> tuple[str, ...]:
    """What npm is to install for a version such as "18" or "20.11.1"; empty: the newest."""
    arm, at = platform.machine().lower() in ("aarch64", "arm64"), f"@{version or 'latest'}"
    match runtime:
        case "bun":
            return (f"@oven/bun-{sys.platform}-{'aarch64' if arm else 'x64'}{at}",)
        case "deno":
            libc = "-glibc" if sys.platform == "linux" else ""
            return (f"@deno/{sys.platform}-{'arm64' if arm else 'x64'}{libc}{at}",)
        case _:
            series = major(version)
            npm = _NPM_OF.get(series - series % 2, _NEWEST_NPM)
            return (f"node-{sys.platform}-{'arm64' if arm else 'x64'}{at}", f"npm@{npm}")


def installed(node: Path) -> str:
    """The version of this Node; empty when it does not run."""
    done = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


def fetched(runtime: str, folder: Path) -> Tool | None:
    """The tool that npm has installed into `folder`; None when the package, as those of very old Nodes, holds none."""
    modules = folder / "node_modules"
    patterns = (f"*/bin/{runtime}", f"@*/*/bin/{runtime}", f"@*/*/{runtime}")
    program = next((path for pattern in patterns for path in modules.glob(pattern) if path.is_file()), None)
    if program is None:
        return None
    inside = f"{TOOLS}/{runtime}"
    path = f"{inside}/{program.parent.relative_to(folder)}"
    return Tool(programs.identify(program), (path, f"{inside}/node_modules/.bin"), ((folder, inside),))
