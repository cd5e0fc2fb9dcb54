"""Keeps a build from filling the disk: what it writes is bounded, and some of the disk is left for everyone else."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Full:
    """Why a build had to end: over its own limit, or the disk is full for all."""

    own: bool
    used_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class DiskQuota:
    """`files` bounds how many files a build may make; `reserve_bytes` is never given away."""

    bytes: int
    files: int = 1_000_000
    reserve_bytes: int = 512 << 20

    async def exceeded(self, folders: Sequence[Path]) -> Full:
        """Returns once the folders hold too much, or the disk has too little left. Looks at the free space only (one
        system call) until that has shrunk enough for the folders to be counted."""
        start = os.statvfs(folders[0])
        counted_bytes = counted_files = 0
        while True:
            now = os.statvfs(folders[0])
            free = now.f_bavail * now.f_frsize
            grown = (start.f_bfree - now.f_bfree) * now.f_frsize
            grown_files = start.f_ffree - now.f_ffree
            if free < self.reserve_bytes:
                return Full(own=False, used_bytes=grown, free_bytes=free)
            if counted_bytes + grown > self.bytes or counted_files + grown_files > self.files:
                used, files = await usage(folders)
                if used > self.bytes or files > self.files:
                    return Full(own=True, used_bytes=used, free_bytes=free)
                start, counted_bytes, counted_files = now, used, files
            await asyncio.sleep(_LOOK_SECONDS)


async def usage(folders: Sequence[Path]) -> tuple[int, int]:
    """Bytes and files below the folders; du copes with all that a build may be doing there meanwhile."""
    used, files = await asyncio.gather(_du("-sk", folders), _du("--inodes", folders))
    return used * 1024, files


async def _du(option: str, folders: Sequence[Path]) -> int:
    quiet = asyncio.subprocess.DEVNULL
    argv = ["du", "-s", option, "--", *map(str, folders)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, stderr=quiet)
    said = (await process.communicate())[0]
    return sum(int(line.split(b"\t")[0]) for line in said.splitlines())
