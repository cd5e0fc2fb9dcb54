"""Runs what fetches a repository from the network inside the sandbox; the rest of git's work stays outside.

A server that attacks git then reaches a process that sees the half-made fetch and the internet, and nothing else.
Two things cannot go in there: ssh, which needs the operator's keys, and hosts that the operator has allowed although
they are private, which the sandbox cannot reach.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from devgem.clouds.local.box import Box, Limits, Network
from devgem.clouds.local.isolation import Level
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.slots import FETCH
from devgem.domain.ids import new_id
from devgem.source import Command, Outcome, Run, run_directly

_MEMORY_BYTES = 1 << 30
_PROCESSES = 64


def runner(sandbox: Sandbox, *, reaches_private: bool) -> Run:
    """How Sources runs git; `reaches_private`: the operator has allowed hosts that are not public."""
    if sandbox.isolation.level is Level.NONE or not sandbox.isolation.egress or reaches_private:
        return run_directly

    async def run(command: Command) -> Outcome:
        if not command.network or command.env.get("GIT_ALLOW_PROTOCOL") == "ssh":
            return await run_directly(command)
        return await _run_inside(sandbox, command)

    return run


async def _run_inside(sandbox: Sandbox, command: Command) -> Outcome:
    if os.geteuid() == 0:
        await asyncio.to_thread(_give, command.writable, sandbox.user_id(FETCH))
    box = Box(
        name=new_id("fetch"),
        argv=command.argv,
        cwd=str(command.cwd),
        env=command.env,
        ro=_same_places(command.readable),
        rw=_same_places(command.writable),
        network=Network.EGRESS,
        limits=Limits(
            memory_bytes=_MEMORY_BYTES,
            processes=_PROCESSES,
            file_bytes=command.file_limit_bytes or Limits.file_bytes,
            wall_seconds=command.timeout_seconds,
        ),
        slot=FETCH,
        hostname="fetch",
    )
    running = await sandbox.start(box)
    try:
        outputs = [asyncio.create_task(_read(s, command.output_limit_bytes)) for s in (running.stdout, running.stderr)]
        done, _ = await asyncio.wait(outputs, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            ended = await running.kill()
            stopped = "output"
        else:
            ended = await running.wait()
            stopped = "time" if ended.timed_out else ""
        stdout, stderr = (b"" if task.cancelled() or task.exception() else task.result() for task in outputs)
        return Outcome(ended.code, stdout, stderr, stopped)  # type: ignore[arg-type]  # one of the literals
    finally:
        await running.close()


def _same_places(paths: Sequence[Path]) -> tuple[tuple[Path, str], ...]:
    return tuple((path, str(path)) for path in paths)


def _give(folders: Sequence[Path], user_id: int) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user_id, user_id, follow_symlinks=False)


async def _read(stream: asyncio.StreamReader, limit_bytes: int) -> bytes:
    """All of it. Raises OverflowError at the limit."""
    found = bytearray()
    while chunk := await stream.read(1 << 16):
        found += chunk
        if len(found) > limit_bytes:
            raise OverflowError(f"over {limit_bytes} bytes")
    return bytes(found)
