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

_CHUNK_BYTES = 1 << 16


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
    process = await asyncio.create_subprocess_exec(
        *command.argv,
        cwd=command.cwd,
        env=dict(command.env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _limit_files(process.pid, command.file_limit_bytes)
        return await _finish(process, command)
    finally:
        if process.returncode is None:
            _kill_group(process.pid)
            await process.wait()


async def _finish(process: asyncio.subprocess.Process, command: Command) -> Outcome:
    assert process.stdout and process.stderr
    stdout, stderr = bytearray(), bytearray()
    everything = asyncio.gather(
        _read(process.stdout, stdout, command.output_limit_bytes),
        _read(process.stderr, stderr, command.output_limit_bytes),
        process.wait(),
    )
    stopped: Literal["", "time", "output"] = ""
    try:
        await asyncio.wait_for(everything, command.timeout_seconds)
    except TimeoutError:
        stopped = "time"
    except _TooMuch:
        stopped = "output"
    if stopped:
        _kill_group(process.pid)
    return Outcome(await process.wait(), bytes(stdout), bytes(stderr), stopped)


class _TooMuch(Exception):
    """A stream went over its limit."""


async def _read(stream: asyncio.StreamReader, into: bytearray, limit_bytes: int) -> None:
    while chunk := await stream.read(_CHUNK_BYTES):
        into += chunk
        if len(into) > limit_bytes:
            raise _TooMuch


def _limit_files(pid: int, limit_bytes: int | None) -> None:
    if limit_bytes is not None and hasattr(resource, "prlimit"):  # Linux; elsewhere sizes are checked after the fact
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
        os.killpg(pid, signal.SIGKILL)
