"""Folders that strangers' programs have written: copied, linked, compared, sealed and removed without following a
link, opening a device or trusting a mode. Nothing else may be writing to them meanwhile."""

import asyncio
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20
Owner = int | None
"""The user and group id that is to own what is written; None: whoever writes it."""


class Unusable(Exception):
    """A folder holds what cannot be part of an image; the text says what."""


@dataclass(frozen=True)
class Entry:
    """`path` is relative to the walk's root."""

    path: str
    full: Path
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def mode(self) -> int:
        """What matters of a mode: whether it can be executed (or, for a folder, entered)."""
        return 0o755 if self.is_folder or self.status.st_mode & 0o111 else 0o644


def walk(root: Path, skip: Callable[[str], bool] = lambda path: False) -> Iterator[Entry]:
    """Everything below `root`, a folder before what is in it, in a stable order; `skip` prunes by relative path."""
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(root / folder) as found:
            items = sorted(found, key=lambda entry: entry.name)
        folders = []
        for item in items:
            path = os.path.join(folder, item.name)  # noqa: PTH118  # Path is slow at this rate
            if skip(path):
                continue
            entry = Entry(path, Path(item.path), item.stat(follow_symlinks=False))
            yield entry
            if entry.is_folder:
                folders.append(path)
        pending += reversed(folders)


def make_folder(path: Path, owner: Owner = None) -> Path:
    """An empty folder, and those above it that are missing."""
    path.mkdir(parents=True, exist_ok=True)
    _give(path, owner)
    return path


def copy(source: Path, target: Path, *, owner: Owner = None, skip: Callable[[str], bool] = lambda path: False) -> None:
    """Copies files, folders and links (as links) into the folder `target`."""
    make_folder(target, owner)
    for entry in walk(source, skip):
        new = target / entry.path
        if entry.is_folder:
            new.mkdir(exist_ok=True)
        elif entry.is_link:
            new.symlink_to(entry.full.readlink())
        elif entry.is_file:
            copy_file(entry.full, new, entry.mode, owner)
            continue
        else:
            continue
        _give(new, owner)


def copy_file(source: Path, target: Path, mode: int, owner: Owner = None) -> None:
    """A new regular file with the bytes of another."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with _open(source) as old, os.fdopen(os.open(target, flags, mode), "wb") as new:
        os.fchmod(new.fileno(), mode)
        _copy_bytes(old, new)
    _give(target, owner)


def _copy_bytes(old: BinaryIO, new: BinaryIO) -> None:
    """Where the file system can, the bytes are shared until one side is written to."""
    try:
        while os.copy_file_range(old.fileno(), new.fileno(), 1 << 30):
            pass
    except (AttributeError, OSError):  # macOS has no such call, some file systems refuse it
        old.seek(0)
        shutil.copyfileobj(old, new, _CHUNK_BYTES)


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def link_copy(source: Path, target: Path, *, owner: Owner) -> None:
    """Like `copy`, but files are hard links when `owner` cannot write to them: links of files of another owner."""
    make_folder(target, owner)
    for entry in walk(source):
        new = target / entry.path
        if entry.is_file and owner is not None and owner != entry.status.st_uid:
            os.link(entry.full, new)
            continue
        if entry.is_folder:
            new.mkdir(exist_ok=True)
        elif entry.is_link:
            new.symlink_to(entry.full.readlink())
        elif entry.is_file:
            copy_file(entry.full, new, entry.mode)
            os.utime(new, ns=(entry.status.st_atime_ns, entry.status.st_mtime_ns))  # what `same` goes by
        _give(new, owner)


def same(one: Path, other: Path, ignore: Collection[str]) -> bool:
    """Whether two folders hold the same files, judged by size and time of change; paths with a part in `ignore` do
    not count."""

    def facts(root: Path) -> Iterator[tuple[str, int, int]]:
        for entry in walk(root, lambda path: os.path.basename(path) in ignore):  # noqa: PTH119
            if not entry.is_folder:
                yield entry.path, entry.status.st_size, 0 if entry.is_link else entry.status.st_mtime_ns

    return all(mine == theirs for mine, theirs in zip_longest(facts(one), facts(other)))


@dataclass(frozen=True)
class Seal:
    """SHA-256 over the paths, modes and contents of a folder, and how large it is."""

    digest: str
    size_bytes: int


def seal(root: Path) -> Seal:
    """Makes all modes 0644 or 0755, removes what is no file, folder or link, and sums up the rest."""
    total, size_bytes = hashlib.sha256(), 0
    for entry in walk(root):
        if entry.is_link:
            kind, content = "link", os.fsencode(entry.full.readlink())
        elif entry.is_folder:
            kind, content = "folder", b""
            _set_mode(entry)
        elif entry.is_file:
            _set_mode(entry)
            kind, content = "file", _digest(entry.full)
            size_bytes += entry.status.st_size
        else:
            entry.full.unlink()
            continue
        total.update(os.fsencode(f"{kind}\0{entry.path}\0{entry.mode:o}\0{len(content)}\0") + content)
    return Seal(total.hexdigest(), size_bytes)


def measure(root: Path, *, open_up: bool = False) -> int:
    """Bytes in the files below `root`; `open_up` lets everyone read them."""
    size_bytes = 0
    for entry in walk(root):
        if open_up and not entry.is_link:
            _set_mode(entry, entry.status.st_mode | entry.mode)
        size_bytes += entry.status.st_size if entry.is_file else 0
    return size_bytes


def make_inside(root: Path, path: str, owner: Owner = None) -> None:
    """Makes the folder `path` below `root`. Raises Unusable where a link or a file is in the way."""
    at = root
    for part in Path(path).parts:
        at = at / part
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            raise Unusable(f"{at.relative_to(root)} is to be a folder, and is none")
        if not at.exists():
            make_folder(at, owner)


def is_plain_folder(root: Path, path: str) -> bool:
    """Whether `path` below `root` is a folder and not reached through a link."""
    at = root
    for part in Path(path).parts:
        at = at / part
        if part == ".." or at.is_symlink() or not at.is_dir():
            return False
    return True


def inside(root: Path, path: str) -> Path | None:
    """The regular file that `path` leads to, if that lies below `root`."""
    real, top = os.path.realpath(root / path), os.path.realpath(root)
    found = Path(real)
    return found if real.startswith(top + os.sep) and found.is_file() else None


async def remove(path: Path) -> None:
    """Removes a file or folder, however deep, whatever its modes. Raises OSError when something stays."""
    if not path.is_symlink() and not path.exists():
        return
    if await _run("rm", "-rf", "--", str(path)):
        await _run("chmod", "-R", "u+rwX", "--", str(path))
        await _run("rm", "-rf", "--", str(path))
    if path.is_symlink() or path.exists():
        raise OSError(f"{path} cannot be removed")


async def _run(*argv: str) -> int:
    silent = asyncio.subprocess.DEVNULL
    return await (await asyncio.create_subprocess_exec(*argv, stdin=silent, stdout=silent, stderr=silent)).wait()


def _digest(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").digest()


def _set_mode(entry: Entry, mode: int | None = None) -> None:
    wanted = (entry.mode if mode is None else mode) & 0o777
    if stat.S_IMODE(entry.status.st_mode) != wanted:
        entry.full.chmod(wanted)


def _give(path: Path, owner: Owner) -> None:
    if owner is not None and owner != os.geteuid():
        os.chown(path, owner, owner, follow_symlinks=False)
