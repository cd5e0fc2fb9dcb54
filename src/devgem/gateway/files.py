"""Static files, the reading part: blocking calls, made on a thread. Nothing outside the site's root is opened."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from devgem.gateway.media import media_type
from devgem.gateway.site import ENCODINGS, File, cache_control, describe, is_hidden
from devgem.gateway.targets import Site

HELD_BYTES = 256 << 10
"""A file up to this size is read at once and may be kept in memory; a larger one is read in pieces of it."""

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG})


@dataclass(frozen=True)
class Found:
    file: File
    status: int
    exact: bool
    """The path means this very file; it does not stand in for one that is missing."""


@dataclass(frozen=True)
class Folder:
    """The path lacks the slash at its end."""


def look_up(site: Site, parts: Sequence[str], encodings: tuple[bytes, ...], *, page: bool) -> Found | Folder | None:
    """What a site answers to a path: the file, a folder's index.html, the page `<path>.html`, or else the fallback
    for what may be a page of a single-page app, or the site's own 404 page."""
    root = Path(os.path.realpath(site.root))
    path = "/".join(parts)
    file = _load(site, root, path if parts[-1] else path + "index.html", encodings)
    if file is None and parts[-1]:
        if _within(root, f"{path}/index.html") is not None:
            return Folder()
        file = _load(site, root, f"{path}.html", encodings)
    if file is not None:
        return Found(file, 200, True)
    for stand_in, status in ((site.fallback if page else None, 200), (site.not_found, 404)):
        file = _load(site, root, stand_in, encodings) if stand_in is not None else None
        if file is not None:
            return Found(file, status, False)
    return None


def read_piece(path: Path, at: int, size: int) -> bytes:
    """Raises OSError when the file is shorter than it was."""
    with path.open("rb", buffering=0) as handle:
        data = os.pread(handle.fileno(), size, at)
    if len(data) < size:
        raise OSError(errno.EIO, "the file has become shorter", str(path))
    return data


def _within(root: Path, relative: str) -> Path | None:
    """The real path of a regular file, unless it or a link on the way to it leaves the root or is hidden."""
    real = Path(os.path.realpath(root / relative))
    if not real.is_relative_to(root) or any(map(is_hidden, real.relative_to(root).parts)):
        return None
    with _absence():
        return real if stat.S_ISREG(real.stat().st_mode) else None
    return None


def _load(site: Site, root: Path, relative: str, encodings: tuple[bytes, ...]) -> File | None:
    plain = _within(root, relative)
    if plain is None:
        return None
    packed = {coding: real for coding, suffix in ENCODINGS if (real := _within(root, relative + suffix)) is not None}
    coding = next((coding for coding in encodings if coding in packed), None)
    with _absence():
        return _read(site, relative, packed[coding] if coding else plain, coding, varies=bool(packed))
    return None


@contextmanager
def _absence() -> Iterator[None]:
    """What cannot be reached or read is not there; other errors are the machine's."""
    try:
        yield
    except OSError as error:
        if error.errno not in _ABSENT:
            raise


def _read(site: Site, relative: str, path: Path, coding: bytes | None, *, varies: bool) -> File:
    with path.open("rb", buffering=0) as handle:
        status = os.fstat(handle.fileno())
        body = handle.read(HELD_BYTES) if status.st_size <= HELD_BYTES else None
    if body is not None:
        tag = blake2b(body, digest_size=12).hexdigest()
    else:
        # The revision is part of it, since a build may give two contents of one size the same modification time.
        tag = f"{site.revision:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    etag, modified = f'"{tag}"'.encode(), int(status.st_ctime)
    return File(
        path=path,
        kind=media_type(relative),
        encoding=coding,
        etag=etag,
        modified=modified,
        lines=describe(etag, modified, cache_control(relative), varies=varies),
        size=status.st_size if body is None else len(body),
        body=body,
    )
