"""Level L0: a box without a sandbox, for machines that have none. It keeps nothing apart; it only makes the same box
run there: paths of binds are rewritten to the host's, and everything started is found again to be ended.
"""

import asyncio
import contextlib
import os
import posixpath
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devgem.clouds.local.box import Bind, Box

MARK = "DEVGEM_BOX"
"""The environment variable by which processes that left the process group are known."""
_SETTLE_SECONDS = 2.0


def translate(text: str, binds: Sequence[Bind]) -> str:
    """The text with every path below a bind's target turned into the host's path."""
    sources = {target: str(source) for source, target in binds}
    if not sources:
        return text
    targets = "|".join(re.escape(target) for target in sorted(sources, key=len, reverse=True))
    return re.sub(rf"(?<![\w./-])({targets})(?![\w.-])", lambda m: sources[m.group()], text)


def search_path(text: str, binds: Sequence[Bind]) -> str:
    """PATH, where a folder that only has programs bound into it one by one stands for the folders they come from."""
    folders: dict[str, list[str]] = {}
    for source, target in binds:
        folders.setdefault(posixpath.dirname(target), []).append(str(source.parent))
    parts = [part for folder in text.split(":") for part in ([translate(folder, binds)], folders.get(folder, []))]
    return ":".join(dict.fromkeys(folder for part in parts for folder in part))


def place(binds: Sequence[Bind]) -> None:
    """Links binds that lie inside other binds into place, where a sandbox would mount them."""
    for source, target in binds:
        outer = [bind for bind in binds if bind[1] != target and target.startswith(bind[1] + "/")]
        if not outer:
            continue
        path = Path(translate(target, outer))
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            path.rmdir()
        path.symlink_to(source)


def launch(box: Box, rlimits: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts the box's program as this user. A program that is not there is told as a shell would."""
    binds = (*box.ro, *box.rw)
    place(binds)
    env = {name: translate(value, binds) for name, value in box.env.items()}
    env["PATH"] = search_path(box.env.get("PATH", ""), binds)
    argv = [translate(argument, binds) for argument in box.argv]
    return subprocess.Popen(
        ["/usr/bin/env", *rlimits, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if box.merge_stderr else subprocess.PIPE,
        bufsize=0,
        cwd=translate(box.cwd, binds),
        env={**env, MARK: box.name},
        pass_fds=box.pass_fds,
        start_new_session=True,
        umask=0o022,
    )


class Session:
    """The processes of a bare box: its process group, and on Linux those that carry its mark."""

    def __init__(self, pid: int, name: str) -> None:
        self.pid = pid
        self._mark = f"{MARK}={name}".encode()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)
        for pid in self._marked():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    async def gone(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_SECONDS):
                while self._marked():
                    self.kill()
                    await asyncio.sleep(0.01)

    def started(self) -> bool:
        return True

    def close(self) -> None:
        """Holds nothing."""

    def _marked(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if self._mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found
