"""The files of one commit, read through GitHub's API: nothing of them is written to this machine's disk."""

import asyncio
import fnmatch
import posixpath
import re
from collections.abc import Mapping, Sequence

from devgem.domain.errors import NotFound
from devgem.source.contents import (
    GITLINK,
    LFS_POINTER,
    LFS_POINTER_LIMIT_BYTES,
    LINK,
    Entry,
    check_contents,
    has_files_of_its_own,
    notes_of,
    served_pointers,
)
from devgem.source.errors import refusal
from devgem.source.github.blobs import At, Blobs
from devgem.source.github.links import Links
from devgem.source.github.walk import walk
from devgem.source.policy import Policy

_LINKS = 300
_POINTERS = 50
_ATTRIBUTES = 20
_LFS = re.compile(r"^\s*(\S+)\s.*\bfilter=lfs\b", re.MULTILINE)


class ApiTree:
    """The `Tree` of a commit. Files are fetched when they are read. `notes` says what of the commit is not in it."""

    def __init__(self, at: At, files: Mapping[str, Entry], notes: Sequence[str]) -> None:
        self._at = at
        self._files = files
        self._blobs = Blobs(at, files)
        self.notes: Sequence[str] = tuple(notes)

    @classmethod
    async def open(cls, at: At, policy: Policy, dir: str = ".") -> "ApiTree":
        """Lists the files, and judges them as a checkout does. Raises SourceError, also when there is no folder
        `dir`; Unavailable while GitHub cannot be asked."""
        entries = await walk(at.github, at.slug, at.commit.tree, at.token, policy.max_files)
        submodules = tuple(entry.path for entry in entries if entry.mode == GITLINK)
        if not entries:
            raise refusal("empty_repository", url=at.url)
        if submodules and not has_files_of_its_own(entries):
            raise refusal("only_submodules", url=at.url, names=", ".join(submodules[:5]))
        check_contents(entries, policy, at.url)
        plain = {entry.path: entry for entry in entries if entry.mode not in (LINK, GITLINK)}
        files = plain | await _linked(at, entries, plain)
        if dir != "." and not any(path.startswith(dir + "/") for path in files):
            raise refusal("no_such_dir", url=at.url, dir=dir)
        pointers = await _pointers(at, plain)
        if served := served_pointers(pointers, dir):
            raise refusal("lfs_pointers", path=served[0], others=len(served) - 1)
        shown = {path: files[path] for path in sorted(files) if path.isprintable()}
        return cls(at, shown, notes_of(submodules, pointers))

    async def paths(self) -> Sequence[str]:
        return tuple(self._files)

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        entry = self._files.get(path)
        if entry is None:
            raise NotFound(
                f"the repository has no file {path!r}", fix="Check the path; it is relative to the repository's root."
            )
        return (await self._blobs.read(path, entry))[:limit_bytes]


async def _linked(at: At, entries: Sequence[Entry], plain: Mapping[str, Entry]) -> dict[str, Entry]:
    """The links that name a regular file. Raises SourceError for one that leads out of the repository."""
    links = [entry for entry in entries if entry.mode == LINK]
    if len(links) > _LINKS:
        raise refusal("too_many_links", url=at.url, limit=_LINKS)
    blobs = await asyncio.gather(*(at.blob(entry.sha) for entry in links))
    targets = {entry.path: blob.decode("utf-8", "replace") for entry, blob in zip(links, blobs, strict=True)}
    where = Links(targets, plain)
    for path, target in targets.items():
        if where.follow(path) is None:
            raise refusal("link_leaves_tree", path=path, target=target[:200])
    return {path: plain[found] for path in targets if (found := where.resolve(path))}


async def _pointers(at: At, plain: Mapping[str, Entry]) -> list[str]:
    """The files that are Git LFS pointers. Only those that .gitattributes gives to LFS are looked at, and of many
    a part."""
    attributes = [path for path in plain if posixpath.basename(path) == ".gitattributes"][:_ATTRIBUTES]
    texts = await asyncio.gather(*(at.blob(plain[path].sha) for path in attributes))
    patterns = [
        (posixpath.dirname(path), pattern)
        for path, text in zip(attributes, texts, strict=True)
        for pattern in _LFS.findall(text.decode("utf-8", "replace"))
    ]
    small = [path for path, entry in plain.items() if len(LFS_POINTER) < entry.size < LFS_POINTER_LIMIT_BYTES]
    suspects = [path for path in small if any(_matches(path, folder, pattern) for folder, pattern in patterns)]
    blobs = await asyncio.gather(*(at.blob(plain[path].sha) for path in suspects[:_POINTERS]))
    known = [path for path, blob in zip(suspects, blobs, strict=False) if blob.startswith(LFS_POINTER)]
    return known + (suspects[_POINTERS:] if len(known) == _POINTERS else [])


def _matches(path: str, folder: str, pattern: str) -> bool:
    if folder and not path.startswith(folder + "/"):
        return False
    inner = path[len(folder) + 1 :] if folder else path
    if "/" in pattern.rstrip("/"):
        return fnmatch.fnmatchcase(inner, pattern.lstrip("/").replace("**/", "*"))
    return fnmatch.fnmatchcase(posixpath.basename(inner), pattern)
