"""Folders on disk that are either whole or not there at all, whenever DevGem is killed.

root/tmp/<random>/       work in progress; locked (flock) as long as its maker lives
root/checkouts/<key>/    files/ and record.json, put there by one rename
root/repositories/<key>  the last bare repository of an address, so that the next fetch transfers only what is new;
                         whoever uses it takes it away by a rename, and puts it back when it is sound
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Container
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devgem.domain.app import Commit

_CHECKOUT_GRACE_SECONDS = 3600.0
_EDITED = "edited"
_REPOSITORY_GRACE_SECONDS = 7 * 86400.0


@dataclass(frozen=True)
class Record:
    """What is known of a checkout beside its files. `submodules` and `lfs_pointers` are paths."""

    sha: str
    dirty: bool = False
    subject: str = ""
    submodules: tuple[str, ...] = ()
    lfs_pointers: tuple[str, ...] = ()

    @property
    def commit(self) -> Commit:
        return Commit(self.sha, self.dirty, self.subject)


@dataclass(frozen=True)
class Checkout:
    files: Path
    record: Record


class Checkouts:
    """The checkouts below `root`. What a killed process left in progress is removed at once."""

    def __init__(self, root: Path) -> None:
        self._checkouts, self._repositories, self._tmp = root / "checkouts", root / "repositories", root / "tmp"
        for folder in (self._checkouts, self._repositories, self._tmp):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._tmp.iterdir():
            _remove_if_dead(leftover)

    def find(self, location: str, sha: str, edits: str = "") -> Checkout | None:
        """The checkout of a commit of this very location: a SHA alone does not open another one's files. `edits` is the
        digest of a patch on top of it."""
        folder = self._checkouts / _name(location, sha, edits)
        try:
            os.utime(folder)
            facts: dict[str, Any] = json.loads((folder / "record.json").read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:  # the machine lost its power before this was on the disk
            self._remove(folder)
            return None
        lists = {name: tuple(facts[name]) for name in ("submodules", "lfs_pointers")}
        return Checkout(folder / "files", Record(**{**facts, **lists}))

    def keep(self, location: str, files: Path, record: Record, edits: str = "") -> Checkout:
        """Moves finished files in. When someone else was faster, theirs are as good: they are the same commit's."""
        whole = files.parent / "whole"
        whole.mkdir()
        files.rename(whole / "files")
        (whole / "record.json").write_text(json.dumps(asdict(record)))
        folder = self._checkouts / _name(location, record.sha, edits)
        try:
            whole.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        return Checkout(folder / "files", record)

    def begin(self) -> "Job":
        """A folder for work in progress."""
        while True:
            folder = self._tmp / secrets.token_hex(8)
            folder.mkdir()
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return Job(folder, lock)
            os.close(lock)  # another process took it for a leftover before it was locked

    def take_repository(self, location: str, into: Path) -> bool:
        """Moves the kept bare repository of a location to `into`; False when there is none."""
        try:
            (self._repositories / _key(location)).rename(into)
        except FileNotFoundError:
            return False
        return True

    def put_repository(self, location: str, repository: Path) -> None:
        os.utime(repository)
        with contextlib.suppress(OSError):  # someone else put theirs there first
            repository.rename(self._repositories / _key(location))

    def prune(self, keep: Container[str], now: float) -> None:
        """Removes checkouts whose SHA is not in `keep`, and those with edits, which are quickly made again, unless they
        were used within the hour; and repositories that were not fetched for a week. `now` is in seconds since 1970."""
        for folder in self._checkouts.iterdir():
            if folder.name.partition("-")[0] not in keep:
                self._remove_if_unused_since(folder, now - _CHECKOUT_GRACE_SECONDS)
        for folder in self._repositories.iterdir():
            self._remove_if_unused_since(folder, now - _REPOSITORY_GRACE_SECONDS)

    def _remove_if_unused_since(self, folder: Path, time: float) -> None:
        with contextlib.suppress(FileNotFoundError):
            if folder.stat().st_mtime < time:
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """All at once, as anyone else sees it."""
        job = self.begin()
        with contextlib.suppress(FileNotFoundError):
            folder.rename(job.folder / "old")
        job.end()


@dataclass(frozen=True)
class Job:
    """Work in progress in `folder`, which is locked until its end."""

    folder: Path
    lock: int

    def end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


def _name(location: str, sha: str, edits: str) -> str:
    return f"{_EDITED}-{_key(location, sha, edits)}" if edits else _key(location, sha)


def _key(location: str, *sha: str) -> str:
    return "-".join((*sha, hashlib.sha256(location.encode("utf-8", "surrogateescape")).hexdigest()[:32]))


def _remove_if_dead(folder: Path) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # its maker lives
    finally:
        os.close(lock)
