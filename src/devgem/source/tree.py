"""The files of a checkout, read without ever leaving it."""

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from devgem.domain.errors import NotFound

_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class FolderTree:
    """The `Tree` of a folder that holds the files of one commit. `notes` says what of the commit is not in it.

    Links that stay inside are followed; names that are no printable text (they exist) are left out, so that no
    path can carry a line break or an escape sequence into a Dockerfile, a log or a terminal."""

    def __init__(self, root: Path, notes: Sequence[str] = ()) -> None:
        self.root = root
        self.notes = tuple(notes)
        self._paths: Sequence[str] | None = None

    async def paths(self) -> Sequence[str]:
        if self._paths is None:
            self._paths = await asyncio.to_thread(_regular_files, self.root)
        return self._paths

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        return await asyncio.to_thread(_read, self.root, path, limit_bytes)


def _regular_files(root: Path) -> tuple[str, ...]:
    real_root = os.path.realpath(root)
    found: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(f"{real_root}/{folder}") as entries:
            for entry in entries:
                path = folder + entry.name
                if not entry.name.isprintable() or entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path + "/")
                elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and _inside(real_root, path)):
                    found.append(path)
    return tuple(sorted(found))


def _inside(real_root: str, path: str) -> str | None:
    """Where a path really is, relative to the root, when that is a regular file inside it."""
    real = Path(os.path.realpath(f"{real_root}/{path}"))
    return str(real.relative_to(real_root)) if real.is_relative_to(real_root) and real.is_file() else None


def _read(root: Path, path: str, limit_bytes: int) -> bytes:
    real_root = os.path.realpath(root)
    real = _inside(real_root, path) if "\0" not in path and ".git" not in path.split("/") else None
    if real is None or path.startswith("/"):
        raise NotFound(f"the repository has no file {path!r}")
    try:
        descriptor = _open_beneath(real_root, real)
    except OSError as error:  # it was replaced while we looked
        raise NotFound(f"the repository has no file {path!r}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotFound(f"the repository has no file {path!r}")
        return file.read(limit_bytes)


def _open_beneath(root: str, path: str) -> int:
    """Opens a path part by part, refusing a link at every one (openat2's RESOLVE_BENEATH is not in Python)."""
    *folders, name = path.split("/")
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, _NO_LINK | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, _NO_LINK, dir_fd=at)
    finally:
        os.close(at)
