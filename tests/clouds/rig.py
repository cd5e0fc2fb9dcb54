"""What the tests of the running half share: fixture apps in sandboxes."""

import sys
from pathlib import Path

from devgem.clouds.local.box import Box, Limits
from devgem.clouds.local.log_writer import LogWriter, Output
from devgem.clouds.local.process import Process
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.ids import new_id
from devgem.domain.log import Redactor

APPS = Path(__file__).with_name("apps")
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


def box_of(app: str, *, memory_bytes: int = 256 << 20, **env: str) -> Box:
    """The fixture app `apps/<app>.py`, on port 8080 of its own."""
    return Box(
        new_id("test"),
        (PYTHON, "-B", f"/app/{app}.py"),
        cwd="/app",
        env={"PATH": "/usr/bin:/bin", "PORT": "8080", **env},
        ro=((APPS, "/app"),),
        limits=Limits(memory_bytes=memory_bytes),
        slot=1001,
    )


async def start(sandbox: Sandbox, box: Box, folder: Path) -> Process:
    """Its log is below `folder`."""
    return await Process.start(sandbox, box, Output(LogWriter(folder / "shop"), Redactor(()), 1, "1.1"))
