"""What is in a commit or a folder, judged before it is written (names, numbers, sizes) and after (links, LFS)."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devgem.source.errors import refusal, size
from devgem.source.policy import Policy

LINK, GITLINK = "120000", "160000"
_NAME_LIMIT_BYTES = 255
_PATH_LIMIT_BYTES = 3000  # PATH_MAX is 4096 on Linux, with the checkout's own path in front
_LINK_LIMIT_BYTES = 4095
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer begins so, and is under 1024 bytes
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
LFS_POINTER_LIMIT_BYTES = 1024
_ABOUT_THE_REPOSITORY = re.compile(
    r"\.git\w+|\.github/.*|(?:readme|licen[sc]e|changelog|contributing)[^/]*", re.IGNORECASE
)
_NOT_SERVED = re.compile(r"(?:\.github|docs?|tests?|examples?)/", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A file, link or submodule. `mode` is git's (100644, 100755, 120000, 160000); `path` decodes bytes as the file
    system does; `sha` is the blob's."""

    mode: str
    path: str
    size: int
    sha: str = ""


def parse_listing(listing: bytes) -> Iterator[Entry]:
    """The output of `git ls-tree -r -l -z`."""
    for line in listing.split(b"\0"):
        if line:
            facts, path = line.split(b"\t", 1)
            mode, _, sha, length = facts.decode("ascii").split()
            yield Entry(mode, os.fsdecode(path), int(length) if length != "-" else 0, sha)


def check_contents(entries: Sequence[Entry], policy: Policy, url: str) -> None:
    """Raises SourceError for more than the policy allows, and for names that some file system reads otherwise."""
    if len(entries) > policy.max_files:
        raise refusal("too_many_files", url=url, limit=policy.max_files)
    if sum(entry.size for entry in entries) > policy.max_bytes:
        raise refusal("too_large", url=url, limit=size(policy.max_bytes))
    for entry in entries:
        if entry.size > policy.max_file_bytes:
            raise refusal("file_too_large", path=entry.path, limit=size(policy.max_file_bytes))
        _check_name(entry)
    _check_collisions(entry.path for entry in entries)


def check_links(root: Path, entries: Iterable[Entry]) -> None:
    """Raises SourceError for a link that leads out of `root`, by whatever other links."""
    real_root = Path(os.path.realpath(root))
    for entry in entries:
        if entry.mode == LINK and not Path(os.path.realpath(real_root / entry.path)).is_relative_to(real_root):
            target = os.fsencode(os.readlink(real_root / entry.path)).decode("utf-8", "replace")  # noqa: PTH115
            raise refusal("link_leaves_tree", path=entry.path, target=target)


def lfs_pointers(root: Path, entries: Iterable[Entry]) -> tuple[str, ...]:
    """The files whose content is a Git LFS pointer."""
    return tuple(
        entry.path
        for entry in entries
        if len(LFS_POINTER) < entry.size < LFS_POINTER_LIMIT_BYTES
        and entry.mode not in (LINK, GITLINK)
        and (root / entry.path).read_bytes().startswith(LFS_POINTER)
    )


def served_pointers(pointers: Iterable[str], dir: str) -> list[str]:
    """The LFS pointers that an app in the folder `dir` would serve or read: all below it but documents and tests."""
    prefix = "" if dir == "." else dir + "/"
    return [path for path in pointers if path.startswith(prefix) and not _NOT_SERVED.match(path[len(prefix) :])]


def notes_of(submodules: Sequence[str], pointers: Sequence[str]) -> list[str]:
    """What to tell about a commit: what of it the app does without."""
    notes = []
    if submodules:
        notes.append(f"Submodules are not fetched: {', '.join(submodules)}.")
    if pointers:
        notes.append(f"{len(pointers)} documents or test files are Git LFS pointers; the app does without.")
    return notes


def has_files_of_its_own(entries: Iterable[Entry]) -> bool:
    """False for a repository that holds nothing but submodules and words about itself."""
    return any(entry.mode != GITLINK and not _ABOUT_THE_REPOSITORY.fullmatch(entry.path) for entry in entries)


def _check_name(entry: Entry) -> None:
    raw = os.fsencode(entry.path)
    parts = raw.split(b"/")
    if len(raw) > _PATH_LIMIT_BYTES or max(map(len, parts)) > _NAME_LIMIT_BYTES:
        raise refusal("unsafe_path", detail=f"{entry.path[:80]!r}... is too long")
    if any(part in (b"", b".", b"..") or part.lower() == b".git" for part in parts):
        raise refusal("unsafe_path", detail=repr(entry.path))
    if entry.mode == LINK and entry.size > _LINK_LIMIT_BYTES:
        raise refusal("unsafe_path", detail=f"{entry.path!r} is a link with a target of {entry.size} bytes")


def _check_collisions(paths: Iterable[str]) -> None:
    """No two files or folders may share a name once case and the way of writing accents are ignored."""
    known: set[str] = set()
    by_folded: dict[str, str] = {}
    for path in paths:
        while path and path not in known:
            known.add(path)
            other = by_folded.setdefault(_fold(path), path)
            if other != path:
                raise refusal("path_collision", path=path, other=other)
            path = path.rpartition("/")[0]


def _fold(path: str) -> str:
    return path.lower() if path.isascii() else unicodedata.normalize("NFD", path).casefold()
