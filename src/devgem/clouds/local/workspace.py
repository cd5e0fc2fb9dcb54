"""An app's own folder as one release has it: a copy of the image's that it may write to, gone when it stops.

Many programs write beside their code (a SQLite file, uploads, a cache), and on most other platforms they may.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from devgem.clouds.local import trees
from devgem.clouds.local.box import Bind
from devgem.clouds.local.quota import DiskQuota, Full
from devgem.domain.errors import Unavailable

APP = "/app"
DISK = DiskQuota(bytes=1 << 30, files=200_000, reserve_bytes=0)
"""What one may write. A machine whose disk is full for other reasons does not end its apps."""


class Workspace:
    """`owner` is the user id that the app runs as, None when it is ours."""

    def __init__(self, folder: Path, binds: Sequence[Bind], owner: int | None, disk: DiskQuota) -> None:
        self._folder = folder
        self._binds = tuple(binds)
        self._owner = owner
        self._disk = disk
        self._making = asyncio.Lock()
        self._spoiled = False

    @property
    def ro(self) -> tuple[Bind, ...]:
        return tuple(bind for bind in self._binds if bind[1] != APP)

    @property
    def rw(self) -> tuple[Bind, ...]:
        return tuple((self._folder, APP) for _, target in self._binds if target == APP)

    async def make(self) -> None:
        """Copies the image's files, once, and again when it has overflowed. Raises Unavailable when they cannot be."""
        async with self._making:
            if self._spoiled:
                await self.remove()
            self._spoiled = False
            if self._folder.exists():
                return
            fresh = self._folder.with_suffix(".new")
            fresh.mkdir(parents=True)
            for source, target in self._binds:
                if target == APP:
                    await _run("cp", "-a", f"{source}/.", str(fresh))
            if self._owner is not None:
                await _run("chown", "-R", "-h", f"{self._owner}:{self._owner}", str(fresh))
            fresh.rename(self._folder)

    async def overflows(self) -> Full:
        """Returns once more has been written to it than an app may."""
        full = await self._disk.exceeded([self._folder])
        self._spoiled = True
        return full

    async def remove(self) -> None:
        for path in (self._folder, self._folder.with_suffix(".new")):
            await trees.remove(path)


async def _run(*argv: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        said = (await process.communicate())[1]
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        reason = os.fsdecode(said).strip()
        raise Unavailable(f"an app's files could not be copied: {reason}", fix="Free some space: see `devgem doctor`.")
