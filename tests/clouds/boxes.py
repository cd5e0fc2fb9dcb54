"""What the tests of the sandbox and the builder share: one box from its start to its end."""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devgem.clouds.local import cgroup
from devgem.clouds.local.box import Box, Exit, Limits
from devgem.clouds.local.running import Running
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.ids import new_id

PROBES = Path(__file__).with_name("probes")
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
_NUMBERS = itertools.count(1)
SHORT = Limits(wall_seconds=20.0)


@dataclass(frozen=True)
class Result:
    exit: Exit
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def box(*argv: str, **more: Any) -> Box:
    """A box with a fresh name and a time limit."""
    env = {"PATH": "/usr/bin:/bin", **more.pop("env", {})}
    limits = more.pop("limits", SHORT)
    if limits.wall_seconds is None:
        limits = replace(limits, wall_seconds=SHORT.wall_seconds)
    return Box(new_id("test"), argv, env=env, limits=limits, **more)


@contextlib.asynccontextmanager
async def started(sandbox: Sandbox, box: Box) -> AsyncIterator[Running]:
    running = await sandbox.start(box)
    try:
        yield running
    finally:
        await running.close()


async def run(sandbox: Sandbox, box: Box) -> Result:
    async with started(sandbox, box) as running:
        out, err = await asyncio.gather(running.stdout.read(), running.stderr.read())
        return Result(await running.wait(), out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def mark() -> str:
    """Seconds to sleep that no other process of this machine sleeps, to find the sleeper by."""
    return f"{100_000 + os.getpid()}.{next(_NUMBERS)}"


def processes_with(mark: str) -> list[int]:
    """Processes of this machine that have `mark` in their command line, but for the one that asks."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
    return found


def helpers() -> list[int]:
    """The slirp4netns processes that this one has started."""
    found = []
    for pid in processes_with("slirp4netns"):
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(pid)
    return found


def groups_named(name: str) -> list[str]:
    """Control groups whose names begin so."""
    return [group for group in cgroup.find().names() if group.startswith(name)]


def orphans() -> list[int]:
    """Sandboxes that have outlived whoever started them."""
    found = []
    for pid in processes_with("bwrap\0--args"):
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == 1:
                found.append(pid)
    return found
