"""Reads GitHub's answers: whatever is not as documented is said to be so, and no text grows without a bound."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from devgem.domain.log import clean
from devgem.source.errors import refusal
from devgem.source.github.model import (
    Account,
    Branch,
    Comment,
    CommitInfo,
    Comparison,
    OpenPull,
    RepositoryInfo,
    Status,
    TreeEntry,
    TreeListing,
)

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-_]{0,99}/[A-Za-z0-9._-]{1,100}")
SHA = re.compile(r"[0-9a-f]{40}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-_\[\]]{0,99}")
_MODES = frozenset({"100644", "100755", "100664", "120000", "160000", "040000"})
_TEXT_LIMIT = 350
_SUBJECT_LIMIT = 200
_LISTED_FILES = 300

Read = TypeVar("Read")


def document(body: bytes, read: Callable[[Any], Read]) -> Read:
    """The answer as `read` takes it. Raises SourceError for one that is not as documented."""
    try:
        return read(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refusal("github_garbled", detail=type(error).__name__) from error


def text(value: object, limit: int = _TEXT_LIMIT) -> str:
    """One line of plain text."""
    return " ".join(clean(value).split())[:limit] if isinstance(value, str) else ""


def account(said: Any) -> Account:
    return Account(int(said["id"]), _matching(_LOGIN, said["login"]), text(said.get("name"), 100))


def repository(said: Any) -> RepositoryInfo:
    return RepositoryInfo(
        slug=_matching(SLUG, said["full_name"]),
        private=bool(said["private"]),
        default_branch=text(said.get("default_branch"), 250) or "main",
        pushed_at=moment(said.get("pushed_at")),
        description=text(said.get("description")),
        language=text(said.get("language"), 50),
        fork=bool(said.get("fork")),
        writable=bool((said.get("permissions") or {}).get("push")),
    )


def repositories(said: Any) -> Sequence[RepositoryInfo]:
    """Those with a name that no git address can hold are left out."""
    return tuple(repository(each) for each in _list(said) if SLUG.fullmatch(str(each["full_name"])))


def branches(said: Any) -> Sequence[Branch]:
    return tuple(
        Branch(each["name"], _matching(SHA, each["commit"]["sha"]))
        for each in _list(said)
        if str(each["name"]).isprintable()
    )


def commit(said: Any) -> CommitInfo:
    inner = said["commit"]
    subject = str(inner["message"]).strip().partition("\n")[0]
    return CommitInfo(
        _matching(SHA, said["sha"]),
        _matching(SHA, inner["tree"]["sha"]),
        text(subject, _SUBJECT_LIMIT),
        moment((inner.get("committer") or {}).get("date")),
        text((inner.get("author") or {}).get("name"), 100),
    )


def tree(said: Any) -> TreeListing:
    entries = tuple(
        TreeEntry(
            str(each["path"]),
            each["mode"] if each["mode"] in _MODES else "100644",
            _matching(SHA, each["sha"]),
            max(int(each.get("size") or 0), 0),
        )
        for each in _list(said["tree"])
    )
    return TreeListing(entries, bool(said["truncated"]))


def blobs(said: Any) -> dict[str, bytes]:
    """Texts of files, by the name that git gives such a content."""
    found = (said.get("data") or {}).get("repository") or {}
    texts = [each["text"] for each in found.values() if isinstance(each, dict) and isinstance(each.get("text"), str)]
    return {blob_name(content): content for content in (text.encode("utf-8", "replace") for text in texts)}


def blob_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def comparison(said: Any) -> Comparison:
    files = _list(said.get("files") or [])
    paths = {str(name) for each in files for name in (each["filename"], each.get("previous_filename")) if name}
    return Comparison(
        sorted(paths), len(files) < _LISTED_FILES, int(said.get("ahead_by", 0)), int(said.get("behind_by", 0))
    )


def pull(said: Any) -> OpenPull:
    head = said["head"]
    repo = head.get("repo") or {}
    return OpenPull(
        int(said["number"]),
        _matching(SHA, head["sha"]),
        text(repo.get("full_name"), 202),
        web_address(said["html_url"]),
        said["state"] == "open",
    )


def pull_address(said: Any) -> str:
    return web_address(said["html_url"])


def pull_addresses(said: Any) -> Sequence[str]:
    return [web_address(each["html_url"]) for each in _list(said)]


def statuses(said: Any) -> Sequence[Status]:
    return [
        Status(
            str(one["state"]), str(one["context"]), str(one.get("description") or ""), str(one.get("target_url") or "")
        )
        for one in _list(said)
    ]


def comments(said: Any) -> Sequence[Comment]:
    return [
        Comment(int(one["id"]), text((one.get("user") or {}).get("login"), 100), str(one.get("body") or ""))
        for one in _list(said)
    ]


def files(said: Any) -> Sequence[str]:
    """A file that was renamed counts under both of its names."""
    names = ("filename", "previous_filename")
    return [str(one[name]) for one in _list(said) for name in names if one.get(name)]


def number(said: Any) -> int:
    return int(said["id"])


def role(said: Any) -> str:
    return text(said["permission"], 20)


def logins(said: Any) -> Sequence[str]:
    return tuple(text(each["login"], 100) for each in _list(said))


def web_address(value: object) -> str:
    """A link to show. Raises ValueError for one that is no web page."""
    found = str(value)
    if not found.startswith(("https://", "http://")) or not found.isascii() or not found.isprintable():
        raise ValueError(found[:100])
    return found[:500]


def moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    return datetime.fromisoformat(value)


def _matching(pattern: re.Pattern[str], value: object) -> str:
    found = str(value)
    if not pattern.fullmatch(found):
        raise ValueError(found[:100])
    return found


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(type(value).__name__)
    return value
