"""The files of a checkout, read without ever leaving it."""

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from devgem.domain.errors import NotFound
from devgem.domain.tree import Tree

_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class NotedTree(Tree, Protocol):
    """A tree that says what of its commit is not in it."""

    notes: Sequence[str]


class FolderTree:
    """The `Tree` of a folder that holds the files of one commit. `notes` says what of the commit is not in it.

    Links that stay inside are followed; names that are no printable text (they exist) are left out, so that no
    path can carry a line break or an escape sequence into a Dockerfile, a log or a terminal."""

    def __init__(self, root: Path, notes: Sequence[str] = ()) -> None:
        self.root = root
        self.notes: Sequence[str] = tuple(notes)
        self._paths: dict[str, None] | None = None

    async def paths(self) -> Sequence[str]:
        return tuple(await self._known())

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        if path not in await self._known():
            raise _not_found(path)
        return await asyncio.to_thread(_read, self.root, path, limit_bytes)

    async def _known(self) -> dict[str, None]:
        if self._paths is None:
            self._paths = dict.fromkeys(await asyncio.to_thread(_regular_files, self.root))
        return self._paths


def _not_found(path: str) -> NotFound:
    return NotFound(
        f"the repository has no file {path!r}", fix="Check the path; it is relative to the repository's root."
    )


def _regular_files(root: Path) -> list[str]:
    real_root = Path(os.path.realpath(root))
    found: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(real_root / folder) as entries:
            for entry in entries:
                path = folder + entry.name
                if not entry.name.isprintable() or entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path + "/")
                elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and _inside(real_root, path)):
                    found.append(path)
    return sorted(found)


def _inside(real_root: Path, path: str) -> Path | None:
    """Where a path really is, relative to the root, when that is a regular file inside it."""
    real = Path(os.path.realpath(real_root / path))
    try:
        return real.relative_to(real_root) if stat.S_ISREG(real.lstat().st_mode) else None
    except (OSError, ValueError):  # nothing there, or it is outside
        return None


def _read(root: Path, path: str, limit_bytes: int) -> bytes:
    real_root = Path(os.path.realpath(root))
    real = _inside(real_root, path)
    if real is None:
        raise _not_found(path)
    try:
        descriptor = _open_beneath(real_root, real)
    except OSError as error:  # it was replaced while we looked
        raise _not_found(path) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_found(path)
        return file.read(limit_bytes)


def _open_beneath(root: Path, path: Path) -> int:
    """Opens a path part by part, refusing a link at every one (openat2's RESOLVE_BENEATH is not in Python)."""
    *folders, name = path.parts
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, _NO_LINK | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, _NO_LINK, dir_fd=at)
    finally:
        os.close(at)
