"""Keeps one instance of a revision running: its first process until it is proven, and then one after another.

Before the proof an exit is the answer, and nothing is started again. After it, every exit is followed by a new start
with a growing delay; after a few exits in a row the instance counts as crashed, and goes on being started at the
longest delay, since what it lacks may come back (a database, a network).
"""

import asyncio
import errno
import random
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from devgem.clouds.local.box import Exit
from devgem.clouds.local.process import Address, Process
from devgem.domain.errors import Unavailable

_POLL_SECONDS = 0.05
_LAST_MOMENT_SECONDS = 0.2


@dataclass(frozen=True)
class Restarts:
    """When to start again: after 1 s, then twice as long each time up to `longest_seconds`, a fifth more or less. Who
    has run for `stable_seconds` begins anew. `crashed_after` exits in a row are called a crash loop."""

    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    stable_seconds: float = 60.0
    crashed_after: int = 5

    def delay_seconds(self, failures: int, chance: float) -> float:
        """`failures` counts from 1, `chance` is from 0 to 1."""
        delay: float = min(self.longest_seconds, self.first_seconds * 2 ** min(failures - 1, 16))
        return delay * (0.8 + 0.4 * chance)


class Watcher(Protocol):
    """Is told what becomes of an instance."""

    def started(self) -> None: ...

    def exited(self, end: Exit, *, crashed: bool, retry_seconds: float | None) -> None:
        """`retry_seconds` None: it is not started again."""

    def failed(self, error: Unavailable, *, retry_seconds: float) -> None:
        """It could not even be started."""


class Instance:
    """`state` is one of those of domain.app.Instance."""

    def __init__(self, launch: Callable[[], Awaitable[Process]], watcher: Watcher, restarts: Restarts) -> None:
        self.state = "starting"
        self.started_at = datetime.now(UTC)
        self.restarts = 0
        self.exit_code: int | None = None
        self._launch = launch
        self._watcher = watcher
        self._policy = restarts
        self._process: Process | None = None
        self._address: Address | None = None
        self._kept = False
        self._stopping = False
        self._failures = 0
        self._decided = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def process(self) -> Process | None:
        """The one that runs now."""
        return self._process

    @property
    def is_alive(self) -> bool:
        """It runs, or is about to be started again."""
        return self._keeping is not None and not self._keeping.done() and not self._stopping

    async def start(self) -> Process:
        """The first process, still to be proven. Raises Unavailable."""
        process = self._process = await self._begin()
        self._keeping = asyncio.create_task(self._keep(process))
        return process

    def settle(self, address: Address | None) -> None:
        """It is proven, and from now on kept running. `address` None: it is not reached at all."""
        self._address, self._kept = address, True
        if self.is_alive and self.state == "starting":
            self.state = "ready"
            self._decided.set()

    def resume(self, address: Address | None) -> None:
        """As `start` and `settle` for what was proven before this edge was started."""
        self._address, self._kept = address, True
        self._keeping = asyncio.create_task(self._keep(None))

    async def dial(self) -> socket.socket:
        """A connection to it; waits while it is being started. Raises OSError when it has crashed or stopped, or is
        there and takes no connections."""
        while True:
            await self._decided.wait()
            process, address = self._process, self._address
            if process is None or address is None or self.state in ("crashed", "stopped"):
                raise ConnectionRefusedError(errno.ECONNREFUSED, f"the instance is {self.state}")
            try:
                return await process.dial(address)
            except OSError:
                # Its sockets go a moment before it does.
                done, _ = await asyncio.wait([process.ended], timeout=_LAST_MOMENT_SECONDS)
                if not done:
                    raise
            await asyncio.sleep(_POLL_SECONDS)

    def drain(self) -> None:
        """Shows that it is on its way out, and changes nothing else."""
        if self.state == "ready":
            self.state = "draining"

    def undrain(self) -> None:
        if self.state == "draining":
            self.state = "ready"

    async def stop(self, grace_seconds: float) -> None:
        """Idempotent."""
        self._stopping = True
        if self._process is not None and not self._process.ended.done():
            await self._process.stop(grace_seconds)
        elif self._keeping is not None:
            self._keeping.cancel()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
        self._conclude("stopped")

    async def _keep(self, process: Process | None) -> None:
        while True:
            if process is None:
                process = self._process = await self._begin_again()
            if self._kept:
                await self._become_ready(process)
            end = await asyncio.shield(process.ended)
            self.exit_code = end.code
            if self._stopping or not self._kept:
                self._conclude("stopped" if self._stopping else "crashed")
                self._watcher.exited(end, crashed=not self._stopping, retry_seconds=None)
                return
            stable = (datetime.now(UTC) - process.started_at).total_seconds() >= self._policy.stable_seconds
            self._failures = 1 if stable else self._failures + 1
            delay = self._pause()
            self._watcher.exited(end, crashed=self.state == "crashed", retry_seconds=delay)
            process = None
            await asyncio.sleep(delay)
            self.restarts += 1

    async def _begin(self) -> Process:
        process = await self._launch()
        self.started_at = process.started_at
        self._watcher.started()
        return process

    async def _begin_again(self) -> Process:
        while True:
            try:
                return await self._begin()
            except Unavailable as error:
                self._failures += 1
                delay = self._pause()
                self._watcher.failed(error, retry_seconds=delay)
                await asyncio.sleep(delay)

    def _pause(self) -> float:
        """The state and the delay until the next start."""
        crashed = self._failures >= self._policy.crashed_after
        self.state = "crashed" if crashed else "starting"
        if crashed:
            self._decided.set()
        else:
            self._decided.clear()
        return self._policy.delay_seconds(self._failures, random.random())  # noqa: S311  # jitter is no secret

    async def _become_ready(self, process: Process) -> None:
        """Once it listens again where it was proven to listen, or has ended."""
        while self._address is not None and not process.ended.done():
            try:
                (await process.dial(self._address)).close()
                break
            except OSError:
                await asyncio.sleep(_POLL_SECONDS)
        if not process.ended.done() and self.state != "draining":
            self.state = "ready"
            self._decided.set()

    def _conclude(self, state: str) -> None:
        self.state = state
        self._decided.set()
