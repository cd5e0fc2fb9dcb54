"""One command as a value, and how it is run outside a sandbox."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_LAST_BREATH_SECONDS = 1.0


@dataclass(frozen=True)
class Command:
    """What to run, and all that it may touch. `env` is the whole environment (it may hold a credential). The process
    may write in the folders `writable`, read those in `readable` besides the system, use the network if `network`,
    write no file larger than `file_limit_bytes`, and say at most `output_limit_bytes` on each of stdout and stderr."""

    argv: tuple[str, ...]
    cwd: Path
    timeout_seconds: float
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False
    output_limit_bytes: int = 1 << 20
    file_limit_bytes: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `stopped` says why its runner ended it, if it did."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    stopped: Literal["", "time", "output"] = ""


Run = Callable[[Command], Awaitable[Outcome]]
"""Runs one command to its end. Cancelled, it ends the command with every process that it started. Raises
FileNotFoundError when argv[0] is not installed."""


async def run_directly(command: Command) -> Outcome:
    """Runs it as this user, in a session of its own that is killed whole when time or output runs out."""
    start = asyncio.get_running_loop().subprocess_exec(
        lambda: _Process(command.output_limit_bytes),
        *command.argv,
        cwd=command.cwd,
        env=dict(command.env),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    starting = asyncio.ensure_future(start)
    try:
        transport, process = await asyncio.shield(starting)  # cancelled half-way, asyncio would kill only the first one
        _limit_files(transport.get_pid(), command.file_limit_bytes)
        waits = (process.lost, process.said_too_much)
        await asyncio.wait(waits, timeout=command.timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped: Literal["", "time", "output"] = "" if process.lost.done() else "time"
        if process.said_too_much.done():
            stopped = "output"
    finally:
        await _end(starting)
    return Outcome(transport.get_returncode() or 0, bytes(process.said[1]), bytes(process.said[2]), stopped)


async def _end(starting: "asyncio.Future[tuple[asyncio.SubprocessTransport, _Process]]") -> None:
    """Kills the whole group of a command, unless that has ended."""
    await asyncio.wait([starting])
    if starting.exception():
        return
    transport, process = starting.result()
    if not process.lost.done():
        _kill_group(transport.get_pid())
        await asyncio.wait([process.lost], timeout=_LAST_BREATH_SECONDS)
    transport.close()  # even if someone who fled from the group still holds the other ends of the pipes
    await asyncio.wait([process.lost])


class _Process(asyncio.SubprocessProtocol):
    """Collects what a process says. `lost` is done when it has ended and its pipes are closed."""

    def __init__(self, limit_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        self.said = {1: bytearray(), 2: bytearray()}
        self.said_too_much: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._limit_bytes = limit_bytes

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if len(self.said[fd]) <= self._limit_bytes:
            self.said[fd] += data
        if len(self.said[fd]) > self._limit_bytes and not self.said_too_much.done():
            self.said_too_much.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)


def _limit_files(pid: int, limit_bytes: int | None) -> None:
    if limit_bytes is not None and hasattr(resource, "prlimit"):  # Linux; elsewhere sizes are checked after the fact
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
        os.killpg(group, signal.SIGKILL)
