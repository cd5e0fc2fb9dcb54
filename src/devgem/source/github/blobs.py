"""Files of one commit as they are read: one by one, or many in one request where one would lead to the next."""

import asyncio
import contextlib
import gzip
import io
import posixpath
import tarfile
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from devgem.domain.errors import SourceError, Unavailable
from devgem.source.contents import Entry
from devgem.source.github.client import GitHub
from devgem.source.github.model import CommitInfo
from devgem.source.github.reading import blob_name
from devgem.source.location import GITHUB

_HELD_BYTES = 32 << 20
_SMALL_BYTES = 128 << 10
_AT_ONCE = 80
_AT_ONCE_BYTES = 2 << 20
_SINGLE = 4
_UNFOLDED_BYTES = 512 << 20


@dataclass(frozen=True)
class At:
    """Which commit, and with whose token it is read."""

    github: GitHub
    slug: str
    commit: CommitInfo
    token: str | None

    @property
    def url(self) -> str:
        return f"{GITHUB}/{self.slug}"

    async def blob(self, sha: str) -> bytes:
        return await self.github.blob(self.slug, sha, self.token)


class Blobs:
    """Whoever reads one file of a kind soon reads those beside it: they are fetched with it. Without a token there are
    few requests, and after some all files are fetched in one, into memory."""

    def __init__(self, at: At, files: Mapping[str, Entry]) -> None:
        self._at = at
        self._files = files
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._bringing = asyncio.Lock()
        self._single = 0

    async def read(self, path: str, entry: Entry) -> bytes:
        async with self._bringing:
            if entry.sha not in self._held:
                await self._bring(path, entry)
            return self._held[entry.sha]

    async def _bring(self, path: str, entry: Entry) -> None:
        if self._at.token and entry.size <= _SMALL_BYTES:
            wanted = self._with_neighbours(path, entry)
            with contextlib.suppress(SourceError, Unavailable):  # each can still be asked for by itself
                for sha, content in (await self._at.github.blobs(self._at.slug, wanted, self._at.token)).items():
                    self._hold(sha, content)
        if not self._at.token:
            self._single += 1
            if self._single == _SINGLE:
                with contextlib.suppress(SourceError, Unavailable):
                    await self._bring_all()
        if entry.sha not in self._held:
            self._hold(entry.sha, await self._at.blob(entry.sha))

    async def _bring_all(self) -> None:
        archive = await self._at.github.archive(self._at.slug, self._at.commit.sha)
        for content in await asyncio.to_thread(_small_files, archive):
            self._hold(blob_name(content), content)

    def _with_neighbours(self, path: str, entry: Entry) -> list[str]:
        kind = posixpath.splitext(path)[1]
        found, total = {entry.sha: None}, entry.size
        for other, its in self._files.items():
            if len(found) == _AT_ONCE or total > _AT_ONCE_BYTES:
                break
            alike = other > path and posixpath.splitext(other)[1] == kind and its.size <= _SMALL_BYTES
            if alike and its.sha not in self._held and its.sha not in found:
                found[its.sha] = None
                total += its.size
        return list(found)

    def _hold(self, sha: str, content: bytes) -> None:
        self._held[sha] = content
        self._held_bytes += len(content)
        while self._held_bytes > _HELD_BYTES and len(self._held) > 1:
            self._held_bytes -= len(self._held.popitem(last=False)[1])


class _Bounded(io.BufferedIOBase):
    """Ends early what unfolds to far more than it should."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._left = _UNFOLDED_BYTES

    def read(self, size: int | None = -1) -> bytes:
        chunk = self._file.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise EOFError
        return chunk


def _small_files(archive: bytes) -> list[bytes]:
    """What the regular files of an archive hold, as far as they are small; their names are not looked at."""
    found: list[bytes] = []
    total = 0
    try:
        plain = _Bounded(gzip.GzipFile(fileobj=io.BytesIO(archive)))
        with tarfile.open(fileobj=plain, mode="r|") as members:
            for member in members:
                if total > _HELD_BYTES:
                    break
                if member.isreg() and member.size <= _SMALL_BYTES and (file := members.extractfile(member)):
                    found.append(file.read())
                    total += member.size
    except (tarfile.TarError, OSError, EOFError, zlib.error):  # what came of it until then is as good as any
        pass
    return found
