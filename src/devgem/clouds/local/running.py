"""A program in a sandbox while it runs: its output, its end, and the end that DevGem puts to it."""

import asyncio
import contextlib
import os
import signal
import subprocess
from functools import partial
from typing import IO, Self

from devgem.clouds.local.bare import Session
from devgem.clouds.local.box import Box, Exit
from devgem.clouds.local.cgroup import Group
from devgem.clouds.local.descriptors import exited, readable
from devgem.clouds.local.egress import Egress


class Running:
    """`pid` is the sandbox's outer process, `netns_pid` a process in its network namespace (as the host counts).
    `stdout` and `stderr` are read by the owner; a stream left unread holds the program up in time, as a pipe does.
    Whoever starts one closes it."""

    def __init__(
        self,
        box: Box,
        process: subprocess.Popen[bytes],
        body: "Init | Session",
        streams: "Streams",
        group: Group | None,
        egress: Egress | None,
    ) -> None:
        self.box = box
        self.pid = process.pid
        self.netns_pid = body.pid
        self.stdout = streams.out
        self.stderr = streams.err
        self.group = group
        self._process = process
        self._body = body
        self._streams = streams
        self._egress = egress
        self._killed = False
        self._closing: asyncio.Task[None] | None = None
        self._end = asyncio.create_task(self._run_to_end())

    async def wait(self) -> Exit:
        """Once nothing of the box is alive any more."""
        return await asyncio.shield(self._end)

    async def kill(self) -> Exit:
        """Ends every process of the box at once, whatever they did to escape a signal."""
        if not self._end.done():
            self._killed = True
            self._body.kill()
        return await self.wait()

    async def close(self) -> None:
        """Ends it if it still runs, and leaves nothing behind, even when the caller is cancelled. Idempotent."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self.kill()
        self._streams.close()
        self._body.close()
        if self._egress:
            await self._egress.close()
        if self.group:
            await asyncio.to_thread(self.group.remove)

    async def _run_to_end(self) -> Exit:
        timed_out = False
        try:
            async with asyncio.timeout(self.box.limits.wall_seconds):
                await self._gone()
        except TimeoutError:
            timed_out = True
            self._body.kill()
            await self._gone()
        oom = bool(self.group and self.group.oom_kills())
        code = self._process.returncode
        code = 128 - code if code < 0 else code
        number = code - 128 if 128 < code <= 128 + signal.NSIG else None
        started = self._killed or timed_out or self._body.started()
        return Exit(code, number, oom and code != 0, timed_out, self._killed, started)

    async def _gone(self) -> None:
        await exited(self._process)
        # What the program left running does not outlive it.
        self._body.kill()
        await self._body.gone()


class Init:
    """Process 1 of a pid namespace: when it is killed, the kernel kills all in it before it counts as dead."""

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self._status = status

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    async def gone(self) -> None:
        await readable(self.pidfd)

    def started(self) -> bool:
        """Whether a program was executed, of a sandbox that has ended: only then bwrap says how that ended."""
        return b"exit-code" in os.read(self._status, 4096)

    def close(self) -> None:
        os.close(self.pidfd)
        os.close(self._status)


class Streams:
    """The read ends of a program's output. `err` is at its end from the start when the program has but one pipe."""

    def __init__(self, out: asyncio.StreamReader, err: asyncio.StreamReader) -> None:
        self.out = out
        self.err = err
        self._transports: list[asyncio.ReadTransport] = []

    @classmethod
    async def of(cls, process: subprocess.Popen[bytes]) -> Self:
        streams = cls(asyncio.StreamReader(), asyncio.StreamReader())
        try:
            await streams._connect(streams.out, process.stdout)
            await streams._connect(streams.err, process.stderr)
        except BaseException:
            streams.close()
            raise
        return streams

    async def _connect(self, stream: asyncio.StreamReader, pipe: IO[bytes] | None) -> None:
        if pipe is None:
            stream.feed_eof()
            return
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(partial(asyncio.StreamReaderProtocol, stream), pipe)
        self._transports.append(transport)

    def close(self) -> None:
        for transport in self._transports:
            transport.close()
