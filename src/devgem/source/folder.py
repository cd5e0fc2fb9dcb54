"""A folder of this machine in its working state: listed by git's rules of what to ignore, then copied."""

import asyncio
import errno
import hashlib
import os
import stat
from collections.abc import Awaitable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from devgem.domain.log import clean
from devgem.source.checkouts import Record
from devgem.source.command import Outcome
from devgem.source.complaints import explain
from devgem.source.contents import LINK, Entry, check_contents
from devgem.source.errors import refusal
from devgem.source.git import Git, Invocation, at
from devgem.source.policy import Policy

# Never part of an app's source, whatever .gitignore says; what git tracks is taken all the same.
_IGNORED = (
    ".git", "node_modules/", ".venv/", "__pycache__/", "*.py[co]", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/",
    ".tox/", ".env", ".env.local", ".env.*.local", ".DS_Store", ".idea/",
)  # fmt: skip
_LIST_FILES = ("ls-files", "-z", "-c", "-o", "--exclude-standard", *(f"--exclude={name}" for name in _IGNORED))
_VIRTUAL_ENV = "/pyvenv.cfg"  # https://docs.python.org/3/library/venv.html: marks a virtual environment of any name
_LIMIT = 64 << 20
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Listing:
    """What is in a folder. `head` maps the paths of the commit that is checked out to (mode, blob SHA); `nested` are
    repositories inside this one, submodules among them."""

    paths: Sequence[str]
    sha: str = ""
    subject: str = ""
    head: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    nested: tuple[str, ...] = ()


def check_folder(folder: Path) -> None:
    """Raises SourceError unless it is a folder that can be listed."""
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise refusal("not_a_folder", path=folder)
        with os.scandir(folder):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise refusal("folder_not_found", path=folder) from None
    except PermissionError as error:
        raise refusal("unreadable", path=folder, detail="permission denied") from error


def work_tree(folder: Path) -> tuple[Path, str] | None:
    """The top of the git work tree that the folder is in, and the folder's path in it ending in `/` (or empty)."""
    for top in (folder, *folder.parents):
        if (top / ".git").exists():
            return top, "" if top == folder else f"{folder.relative_to(top)}/"
    return None


async def list_folder(git: Git, folder: Path, empty: Path) -> Listing:
    """The files of a folder that are not ignored, and the commit that they belong to, if any. `empty` is an empty
    bare repository: it lends git's rules to a folder that is in none."""
    found = work_tree(folder)
    listing = await _list_work_tree(git, folder, found[0]) if found else None
    if listing and listing.paths:
        return listing
    # No work tree, a broken one, or one that ignores this whole folder (as a repository of one's dotfiles may).
    alone = {**at(empty), "GIT_WORK_TREE": str(folder)}
    outcome = await git(Invocation(_LIST_FILES, folder, env=alone, readable=(folder, empty), output_limit_bytes=_LIMIT))
    if outcome.exit_code or outcome.stopped:
        raise explain(outcome, git.limits, url=str(folder), host="this machine", ref="HEAD")
    return _listing(folder, outcome.stdout, {})


async def _list_work_tree(git: Git, folder: Path, top: Path) -> Listing | None:
    def ask(*args: str) -> Awaitable[Outcome]:
        return git(Invocation(args, folder, readable=(top,), output_limit_bytes=_LIMIT))

    listed, tree, head = await asyncio.gather(
        ask(*_LIST_FILES), ask("ls-tree", "-r", "-z", "HEAD"), ask("log", "-1", "--format=%H%n%s", "HEAD", "--")
    )
    if listed.exit_code or listed.stopped:
        return None
    if tree.exit_code or head.exit_code:  # no commit yet
        return _listing(folder, listed.stdout, {})
    sha, _, subject = head.stdout.decode("utf-8", "replace").strip().partition("\n")
    entries = (line.split(b"\t", 1) for line in tree.stdout.split(b"\0") if line)
    blobs = {os.fsdecode(path): facts.decode("ascii").split() for facts, path in entries}
    committed = {path: (mode, blob) for path, (mode, kind, blob) in blobs.items() if kind == "blob"}
    return replace(_listing(folder, listed.stdout, committed), sha=sha, subject=clean(subject))


def _listing(folder: Path, listed: bytes, head: Mapping[str, tuple[str, str]]) -> Listing:
    paths = {os.fsdecode(path) for path in listed.split(b"\0") if path}
    marks = {path for path in paths if path.endswith(_VIRTUAL_ENV) and path not in head}
    environments = tuple(path.removesuffix(_VIRTUAL_ENV) + "/" for path in marks)
    paths = {path for path in paths if not path.startswith(environments)} if environments else paths
    nested = {path for path in paths if path.endswith("/") or (path not in head and _is_folder(folder / path))}
    return Listing(tuple(sorted(paths - nested)), head=head, nested=tuple(sorted(p.rstrip("/") for p in nested)))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def copy_folder(folder: Path, listing: Listing, files: Path, policy: Policy, stop: Event) -> tuple[Record, list[Entry]]:
    """Copies the listed files as they are now, until `stop` is set. Devices, pipes and sockets are left out; so are
    files that are listed but gone. Raises SourceError."""
    real = Path(os.path.realpath(folder))
    parents = {path.rpartition("/")[0] for path in listing.paths}
    linked = {parent for parent in parents if os.path.realpath(real / parent) != str(real / parent)}
    entries = [entry for path in listing.paths if (entry := _look_at(real, path, linked))]
    if not entries:
        raise refusal("empty_folder", path=folder)
    check_contents(entries, policy, str(folder))
    copied = []
    for entry in entries:
        if stop.is_set():
            raise InterruptedError
        copied.append(_copy(folder, entry, files))
    clean_copy = {entry.path: (entry.mode, entry.sha) for entry in copied} == listing.head
    if clean_copy:
        return Record(listing.sha, subject=listing.subject, submodules=listing.nested), copied
    digest = hashlib.sha256()
    for entry in copied:
        digest.update(f"{entry.mode} {entry.sha} ".encode() + os.fsencode(entry.path) + b"\0")
    return Record(digest.hexdigest()[:40], dirty=True, submodules=listing.nested), copied


def _look_at(folder: Path, path: str, linked: Container[str]) -> Entry | None:
    """What is at a path now; None for what cannot be in a commit, or is not there but behind a link."""
    if path.rpartition("/")[0] in linked:
        return None
    try:
        status = (folder / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(status.st_mode):
        return Entry(LINK, path, status.st_size)
    executable = status.st_mode & stat.S_IXUSR
    return Entry("100755" if executable else "100644", path, status.st_size) if stat.S_ISREG(status.st_mode) else None


def _copy(folder: Path, entry: Entry, files: Path) -> Entry:
    """Copies one file, never through a link, and gives it git's name for its content."""
    source, target = folder / entry.path, files / entry.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)
    try:
        if entry.mode == LINK:
            text = os.fsencode(os.readlink(source))  # noqa: PTH115 - a Path would tidy it, and change its hash
            target.symlink_to(os.fsdecode(text))
            digest.update(text)
            return replace(entry, sha=digest.hexdigest())
        copied = 0
        with (
            os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as read,
            target.open("xb") as write,
        ):
            while chunk := read.read(_CHUNK_BYTES):
                copied += len(chunk)
                if copied > entry.size:
                    break
                digest.update(chunk)
                write.write(chunk)
    except PermissionError as error:
        raise refusal("unreadable", path=source, detail="permission denied") from error
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):  # replaced while we looked
            raise refusal("folder_changed", path=folder) from error
        raise
    if copied != entry.size:
        raise refusal("folder_changed", path=folder)
    target.chmod(0o755 if entry.mode == "100755" else 0o644)
    return replace(entry, sha=digest.hexdigest())
