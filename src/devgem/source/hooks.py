"""GitHub's webhooks: whether one is GitHub's, and what it says. Everything in one is untrusted text but its signature.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from devgem.domain.errors import InvalidInput
from devgem.domain.log import clean

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_SHA = re.compile(r"[0-9a-f]{40}")
_NOTHING = "0" * 40
_BRANCH = "refs/heads/"
_TEXT_LIMIT = 200
_COMMITS_LIMIT = 2048
"""A push with so many commits may have more: GitHub cuts the list there."""
_PATHS_LIMIT = 3000
_SHOWN = frozenset({"opened", "reopened", "synchronize"})


@dataclass(frozen=True)
class Pushed:
    """A branch of a repository has a new tip. `paths` are the files that changed; None: the payload does not say."""

    slug: str
    branch: str
    default_branch: str
    before: str
    sha: str
    subject: str
    paths: Sequence[str] | None


@dataclass(frozen=True)
class PullRequestShown:
    """A pull request was opened or has new commits. `is_outside`: it is of somebody who may not write to the
    repository, or of a program that takes in what others wrote."""

    slug: str
    number: int
    branch: str
    base_sha: str
    sha: str
    title: str
    author: str
    origin: str
    is_outside: bool
    changed_at: str


@dataclass(frozen=True)
class PullRequestClosed:
    slug: str
    number: int
    changed_at: str


@dataclass(frozen=True)
class Ignored:
    """Nothing is to be done, and why."""

    why: str


Event = Pushed | PullRequestShown | PullRequestClosed
_KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in (Pushed, PullRequestShown, PullRequestClosed)}


def is_signed(body: bytes, signature: str | None, secret: str) -> bool:
    """Whether GitHub, which knows the secret, sent exactly these bytes. SHA-1 signatures are not looked at."""
    scheme, _, given = (signature or "").partition("=")
    expected = hmac.digest(secret.encode(), body, "sha256").hex()
    return scheme == "sha256" and hmac.compare_digest(expected.encode(), given.encode())


def digest_of(body: bytes) -> bytes:
    """What knows a body again."""
    return hashlib.sha256(body).digest()


def read_event(name: str, payload: Any) -> Event | Ignored:
    """Raises InvalidInput for a payload that is not as GitHub documents it."""
    try:
        match name:
            case "push":
                return _push(payload)
            case "pull_request":
                return _pull_request(payload)
            case _:
                return Ignored(f"the event {name[:50]!r} starts nothing")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(f"the payload of {name!r} is not as GitHub sends it: {error!r}"[:300]) from error


def to_document(event: Event) -> dict[str, Any]:
    return {"kind": type(event).__name__, **asdict(event)}


def from_document(document: Mapping[str, Any]) -> Event:
    facts = dict(document)
    return _KINDS[facts.pop("kind")](**facts)


def _push(payload: Any) -> Pushed | Ignored:
    ref, slug = str(payload["ref"]), _slug(payload["repository"])
    if not ref.startswith(_BRANCH):
        return Ignored(f"{_text(ref)} is no branch")
    if payload.get("deleted") or payload["after"] == _NOTHING:
        return Ignored(f"the branch {_text(ref.removeprefix(_BRANCH))} was deleted")
    head = payload.get("head_commit") or {}
    return Pushed(
        slug=slug,
        branch=ref.removeprefix(_BRANCH)[:250],
        default_branch=str(payload["repository"].get("default_branch") or "main")[:250],
        before=_sha(payload["before"]),
        sha=_sha(payload["after"]),
        subject=_text(str(head.get("message", "")).partition("\n")[0]),
        paths=_paths(payload),
    )


def _paths(payload: Any) -> list[str] | None:
    """None after a force push too: its commits say nothing of what is gone."""
    commits = payload.get("commits") or []
    if payload.get("forced") or payload.get("created") or not commits or len(commits) >= _COMMITS_LIMIT:
        return None
    found = {str(path) for one in commits for kind in ("added", "modified", "removed") for path in one.get(kind) or ()}
    return sorted(found) if len(found) <= _PATHS_LIMIT else None


def _pull_request(payload: Any) -> PullRequestShown | PullRequestClosed | Ignored:
    action, pull = str(payload["action"]), payload["pull_request"]
    slug, number = _slug(payload["repository"]), int(pull.get("number") or payload["number"])
    if not 0 < number < 10**10:
        raise ValueError(number)
    changed_at = _time(pull.get("updated_at"))
    if action == "closed":
        return PullRequestClosed(slug, number, changed_at)
    if action not in _SHOWN:
        return Ignored(f"a pull request that is {_text(action)} starts nothing")
    head = pull["head"]
    origin = _slug(head["repo"]) if head.get("repo") else ""  # none: the fork is gone
    author = pull.get("user") or {}
    return PullRequestShown(
        slug=slug,
        number=number,
        branch=str(pull["base"]["ref"])[:250],
        base_sha=_sha(pull["base"]["sha"]),
        sha=_sha(head["sha"]),
        title=_text(str(pull.get("title") or "")),
        author=_text(str(author.get("login") or "")),
        origin=origin,
        is_outside=origin.lower() != slug.lower() or author.get("type") == "Bot",
        changed_at=changed_at,
    )


def _slug(repository: Any) -> str:
    slug = str(repository["full_name"])
    if not _SLUG.fullmatch(slug):
        raise ValueError("full_name")
    return slug


def _sha(text: Any) -> str:
    if not isinstance(text, str) or not _SHA.fullmatch(text):
        raise ValueError("sha")
    return text


def _time(text: Any) -> str:
    return datetime.fromisoformat(str(text)).isoformat() if text else ""


def _text(text: str) -> str:
    """One plain line of what somebody wrote."""
    return " ".join(clean(text).split())[:_TEXT_LIMIT].replace("\0", "")
