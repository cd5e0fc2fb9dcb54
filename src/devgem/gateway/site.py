"""Static files, the deciding part: which file a path means and how it is answered. No I/O.

Rules: RFC 9110 sections 13 (conditional requests) and 14 (ranges).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from devgem.gateway import headers
from devgem.gateway.dates import http_date, parse_http_date

# Folders in which frameworks put nothing that does not have a hash of its content in its name, and file names with
# such a hash: hexadecimal (main.8f3a2c1d.js), or Vite's and Rollup's eight characters (assets/index-DiwrgTda.js).
_HASHED_FOLDER = re.compile(r"(?:^|/)(?:_next/static|_astro|_app/immutable|_nuxt)/.*(?<!\.json)$")
_HASHED_NAME = re.compile(r"[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,32}\.(?:[a-z0-9]+\.)*[a-z0-9]+$")
_VITE_NAME = re.compile(
    r"(?:^|/)assets/[^/]*-(?=[A-Za-z_-]*[0-9]|[A-Z_-]*[a-z]\w*[A-Z])[A-Za-z0-9_-]{8}\.(?:m?js|css)$"
)
_RANGE = re.compile(rb"bytes=(\d*)-(\d*)")

Asked = Mapping[bytes, bytes]
"""The fields of a request by their lower-case names."""

ENCODINGS = ((b"br", ".br"), (b"gzip", ".gz"))
"""Content codings with the suffix of the file that a build may have put beside the plain one, best first."""


@dataclass(frozen=True)
class File:
    """One file of a site as it is sent. `path` is absolute and free of links; `body` is None when it is too large to
    be held; `lines` are the header lines that 200, 206 and 304 have in common. `modified` is when the file came into
    its revision: a build may set every modification time to one constant, and then two contents would have one date.
    """

    path: Path
    kind: bytes
    encoding: bytes | None
    etag: bytes
    modified: int
    lines: bytes
    size: int
    body: bytes | None = None


def segments(path: bytes) -> list[str] | None:
    """The decoded parts of an origin-form path, the last one empty for a folder; None for what no file can have:
    encoded slashes, backslashes, NUL, empty and hidden parts, bytes that are not UTF-8."""
    parts = []
    for raw in path.partition(b"?")[0].split(b"/")[1:]:
        try:
            part = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            return None
        if any(c in part for c in "/\\\0") or is_hidden(part):
            return None
        parts.append(part)
    return parts if all(parts[:-1]) else None


def is_hidden(part: str) -> bool:
    """Also `.` and `..`; but not .well-known (RFC 8615)."""
    return part.startswith(".") and part != ".well-known"


def cache_control(path: str) -> bytes:
    """A year for what has a hash of its content in its name; everything else is asked for again each time."""
    if _HASHED_FOLDER.search(path) or _HASHED_NAME.search(path) or _VITE_NAME.search(path):
        return b"public, max-age=31536000, immutable"
    return b"public, max-age=0, must-revalidate"


def accepted(accept_encoding: bytes | None) -> tuple[bytes, ...]:
    """Of ENCODINGS, those that a client takes."""
    if accept_encoding is None:
        return ()
    taken = set()
    for token in headers.tokens(accept_encoding):
        name, _, weight = token.partition(b";")
        if weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"):
            taken.add(name.strip())
    return tuple(name for name, _ in ENCODINGS if name in taken)


def wants_page(path: str, accept: bytes | None) -> bool:
    """Whether an unknown path is a page of a single-page app rather than a file that is missing: a script that gets
    HTML in place of code fails with a riddle."""
    return b"text/html" in (accept or b"") or "." not in path.rpartition("/")[2]


def not_modified(file: File, asked: Asked) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match first, If-Modified-Since only without it."""
    tags = asked.get(b"if-none-match")
    if tags is not None:
        return tags.strip() == b"*" or file.etag in {tag.strip().removeprefix(b"W/") for tag in tags.split(b",")}
    since = asked.get(b"if-modified-since")
    moment = parse_http_date(since) if since is not None else None
    return moment is not None and file.modified <= moment


def byte_range(file: File, asked: Asked) -> tuple[int, int] | None:
    """First and last byte of the one range asked for, or None for the whole file (also in place of several ranges).
    A range that no byte is in gives (size, size)."""
    wish = asked.get(b"range", b"").strip().lower()
    match = _RANGE.fullmatch(wish) if len(wish) < 64 else None
    if not match or match[1] == match[2] == b"":
        return None
    condition = asked.get(b"if-range")
    if condition is not None and condition not in (file.etag, http_date(file.modified)):
        return None
    size = file.size
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(size - 1, int(match[2] or size - 1))
        if match[2] and int(match[2]) < first:
            return None
    return (first, last) if first <= last else (size, size)


def describe(etag: bytes, modified: int, cache: bytes, *, varies: bool) -> bytes:
    """The header lines that 200, 206 and 304 have in common; the date comes before them."""
    lines = b"ETag: %b\r\nLast-Modified: %b\r\nCache-Control: %b\r\n" % (etag, http_date(modified), cache)
    return lines + b"Vary: Accept-Encoding\r\n" if varies else lines
