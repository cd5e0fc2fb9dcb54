"""Runs one command of a build in a box: its output as log lines, its end as a value."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from devgem.clouds.local.box import Bind, Box, Limits, Network
from devgem.clouds.local.build_env import for_command
from devgem.clouds.local.build_output import CappedLines, Caps
from devgem.clouds.local.failures import Ended
from devgem.clouds.local.quota import DiskQuota, Full
from devgem.clouds.local.running import Running
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.app import Progress
from devgem.domain.errors import Unavailable
from devgem.domain.log import LogLine, Redactor
from devgem.domain.plan import Argv, display

Say = Callable[[Sequence[LogLine | Progress]], Awaitable[None]]
"""Passes lines on; waits while the reader is behind."""
_CHUNK_BYTES = 1 << 16
_FLOODED_SECONDS = 0.002
_SHORTEST_SECONDS = 0.05


@dataclass(frozen=True)
class Setting:
    """What the commands of one phase see. `written` are the host's folders that count against the disk quota."""

    cwd: str
    env: Mapping[str, str] = field(repr=False)
    ro: tuple[Bind, ...]
    rw: tuple[Bind, ...]
    slot: int
    network: Network = Network.EGRESS

    @property
    def written(self) -> tuple[Path, ...]:
        return tuple(source for source, _ in self.rw)


class Commands:
    """The commands of one build. `deadline` is in seconds of time.monotonic()."""

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        say: Say,
        redact: Redactor,
        limits: Limits,
        quota: DiskQuota,
        caps: Caps,
        deadline: float,
    ) -> None:
        self._sandbox = sandbox
        self._name = name
        self._say = say
        self._redact = redact
        self._limits = limits
        self._quota = quota
        self._caps = caps
        self._deadline = deadline
        self._count = 0

    async def note(self, text: str) -> None:
        """A line of DevGem's own in the build's log."""
        await self._say([LogLine(self._redact(text), "devgem", datetime.now(UTC))])

    async def progress(self, message: str) -> None:
        await self._say([Progress(message)])

    async def run(self, command: Argv, setting: Setting, *, shown: Argv | None = None) -> Ended:
        """Runs it to its end; the log shows it as `shown`. Cancelled, it ends every process that the command started.
        Raises Unavailable when there is no sandbox to be had."""
        await self.note(f"$ {display(shown or command)}")
        self._count += 1
        limits = replace(self._limits, wall_seconds=max(self._deadline - time.monotonic(), _SHORTEST_SECONDS))
        box = Box(
            name=f"{self._name}-{self._count}",
            argv=command,
            cwd=setting.cwd,
            env=for_command(setting.env, command),
            ro=setting.ro,
            rw=setting.rw,
            network=setting.network if self._sandbox.isolation.egress else Network.NONE,
            limits=limits,
            slot=setting.slot,
            hostname="build",
            merge_stderr=True,
        )
        running = await self._sandbox.start(box)
        guard = asyncio.create_task(self._guard(running, setting.written))
        try:
            tail = await self._read(running)
            end = await running.wait()
            if not end.started:
                raise Unavailable(f"the sandbox could not be set up: {' '.join(tail[-3:])}", fix="Run `devgem doctor`.")
        finally:
            guard.cancel()
            await asyncio.wait([guard])
            await running.close()
        full = None if guard.cancelled() else guard.result()
        return Ended(shown or command, end, tail, limits, full)

    async def _guard(self, running: Running, folders: Sequence[Path]) -> Full:
        full = await self._quota.exceeded(folders)
        await running.kill()
        return full

    async def _read(self, running: Running) -> list[str]:
        """Passes the output on until its end; the last lines of it."""
        capped = CappedLines(self._caps)
        while chunk := await running.stdout.read(_CHUNK_BYTES):
            await self._pass_on(capped.feed(chunk, time.monotonic()))
            if capped.is_flooded:
                await asyncio.sleep(_FLOODED_SECONDS)
        await self._pass_on(capped.close())
        return [self._redact(line) for line in capped.tail]

    async def _pass_on(self, texts: Iterable[str]) -> None:
        at = datetime.now(UTC)
        if lines := [LogLine(self._redact(text), "out", at) for text in texts]:
            await self._say(lines)
