"""What people type for a repository, read into a `Repository`: strict about every part that reaches git.

An address is taken apart and put together again from its checked parts, so that git and curl can read it in no other
way than it was checked (https://claroty.com/team82/research/exploiting-url-parsing-confusion).
"""

import ipaddress
import os
import posixpath
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from devgem.domain.app import Repository
from devgem.domain.ids import app_name_from
from devgem.source.errors import refusal

GITHUB = "https://github.com"

_SHORTHAND = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})/(?P<name>[A-Za-z0-9._-]{1,100})")
_SCP_LIKE = re.compile(r"(?P<user>[^@/:]+)@(?P<host>[^@/:\[]+):/?(?P<path>[^/:].*)")
_HOST_AND_PATH = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?/[^/]+/.+", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")
_GITHUB_PAGE = re.compile(r"https?://(?:www\.)?github\.com(?P<path>/[^?#]+).*", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80, "ssh": 22}
# https://git-scm.com/docs/git-check-ref-format, and no `+` or `-` in front: git reads those as options and force
_REF_REFUSED = re.compile(r"^[-+/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|[/.]$|^@$")
_REF_LIMIT = 250


@dataclass(frozen=True)
class Address:
    """A git URL in its checked parts. `host` is a lower-case DNS name or an IP address without brackets; `path`
    begins with `/`."""

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.user + '@' if self.user else ''}{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.path


def parse_source(
    text: str, *, ref: str | None = None, dir: str = ".", cwd: Path | None = None, folders: bool = True
) -> Repository:
    """The repository that `text` means: a folder (relative ones only with `cwd`), a git URL or GitHub's owner/repo,
    also as an address copied from a browser. Without `folders` (callers who are not the operator) folders and
    file:// are refused. Raises SourceError."""
    text = text.strip()
    found = _local(text, cwd, folders) or _remote(text)
    if found is None:
        raise refusal("bad_source", text=_shown(text))
    ref = ref or found.ref
    return replace(found, ref=check_ref(ref) if ref else None, dir=check_dir(dir if dir != "." else found.dir))


def suggested_name(repository: Repository) -> str:
    """The app name that the repository suggests, with the app's folder when it is not the root."""
    name = unquote(posixpath.basename(repository.location.rstrip("/"))).removesuffix(".git")
    folder = "" if repository.dir == "." else "-" + posixpath.basename(repository.dir)
    return app_name_from(name + folder)


def check_ref(ref: str) -> str:
    if not 0 < len(ref) <= _REF_LIMIT or _REF_REFUSED.search(ref) or not ref.isprintable():
        raise refusal("bad_ref", ref=ref[:_REF_LIMIT])
    return ref


def check_dir(dir: str) -> str:
    path = posixpath.normpath(dir or ".")
    if path == ".." or path.startswith(("/", "../")) or not path.isprintable() or len(path) > 1000:
        raise refusal("bad_dir", dir=dir[:1000])
    return path


def parse_address(url: str) -> Address:
    """A URL in its checked parts. Raises SourceError for every scheme that is not https, http or ssh, for
    credentials, and for whatever two parsers might read differently."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower().removeprefix("git+")
    if not rest or scheme not in _PORTS:
        raise refusal("unsupported_scheme", scheme=_shown(url.partition(":")[0]))
    if not url.isascii() or not url.isprintable() or re.search(r"[\s\\]", url):
        raise refusal("bad_source", text=_shown(url))
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = _checked_host(parts.hostname or ""), parts.port or _PORTS[scheme]
        user, path = parts.username or "", _checked_path(parts.path)
    except ValueError:
        raise refusal("bad_source", text=_shown(url)) from None
    if parts.password is not None or (user and scheme != "ssh"):
        raise refusal("credentials_in_url", host=host)
    if "?" in rest or "#" in rest or (user and not _USER.fullmatch(user)):
        raise refusal("bad_source", text=_shown(url))
    return Address(scheme, host, port, path, user)


def _local(text: str, cwd: Path | None, folders: bool) -> Repository | None:
    if text.lower().startswith("file:"):
        if not folders:
            raise refusal("local_source_refused")
        path = text[5:].removeprefix("//").removeprefix("localhost")
        if not path.startswith("/") or not path.isprintable():
            raise refusal("bad_source", text=_shown(text))
        return Repository("file://" + posixpath.normpath(path))
    explicit = text in (".", "..", "~") or text.startswith(("./", "../", "/", "~/"))
    if not folders:
        if explicit:
            raise refusal("local_source_refused")
        return None
    path = str(Path(text).expanduser()) if explicit else text
    if "\0" in path or (cwd is None and not path.startswith("/")):
        return None
    folder = os.path.realpath((cwd or Path("/")) / path)
    if not text or not (explicit or os.access(folder, os.F_OK)):
        return None
    if all(os.access(f"{folder}/{name}", os.F_OK) for name in ("HEAD", "objects", "refs")):  # a bare repository
        return Repository(f"file://{quote(folder)}")
    return Repository(folder)


def _remote(text: str) -> Repository | None:
    if found := _SHORTHAND.fullmatch(text):
        return _github(f"/{found['owner']}/{found['name']}")
    if found := _SCP_LIKE.fullmatch(text):
        return Repository(str(parse_address(f"ssh://{found['user']}@{found['host']}/{found['path']}")))
    if _HOST_AND_PATH.fullmatch(text):
        text = "https://" + text
    if found := _GITHUB_PAGE.fullmatch(text):
        return _github(found["path"])
    return Repository(str(parse_address(text))) if _SCHEME.match(text) else None


def _github(path: str) -> Repository:
    """A repository on GitHub; a page below it (/tree/main/app, /commit/<sha>) also gives the ref and the folder."""
    _, owner, name, *page = f"{parse_address(GITHUB + path).path}".split("/")
    repository = Repository(f"{GITHUB}/{owner}/{name.removesuffix('.git')}")
    match page:
        case ["tree", ref, *dirs]:
            return replace(repository, ref=unquote(ref), dir=unquote("/".join(dirs)) or ".")
        case ["commit", ref, *_]:
            return replace(repository, ref=ref)
        case _:
            return repository


def _checked_host(host: str) -> str:
    """Raises ValueError for all that is not plainly a DNS name or an IP address."""
    if ":" in host:
        if "%" in host:
            raise ValueError(host)
        return str(ipaddress.IPv6Address(host))
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(host)
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        # A last label that is a number makes it an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number-checker);
        # only the plain four decimal parts are taken, never octal, hexadecimal or short forms.
        return str(ipaddress.IPv4Address(host))
    return host


def _checked_path(path: str) -> str:
    """Raises ValueError for a path that git, a server or a shell on it could read in two ways."""
    path = path.rstrip("/")
    plain = unquote(path, errors="strict")
    if not _PATH.fullmatch(path) or not plain.isprintable() or re.search(r"\\|//|/\.\.?(?:/|$)", plain):
        raise ValueError(path)
    return path


def _shown(text: str) -> str:
    """Part of a message: short, and without what stands before an @, which may be a password."""
    return re.sub(r"^(\w+://)?.*@", r"\1...@", text, flags=re.DOTALL)[:200]
