"""Identities: names that users choose, and sortable ids that DevGem makes."""

import hashlib
import re
import secrets
import time
from datetime import datetime

from devgem.domain.errors import InvalidInput

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_APP_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_PREVIEW = re.compile(r"--(?:preview|pr-(?P<pull_request>[1-9][0-9]{0,9}))$")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def new_id(prefix: str) -> str:
    """`<prefix>_<26 characters>`: 48 bits of milliseconds, then 80 random bits, so ids sort by time (as ULIDs do)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_{_spelled(number)}"


def id_of(prefix: str, at: datetime, *facts: str) -> str:
    """The id of what comes of these facts, noted at this time: whoever makes it again makes the same one."""
    digest = hashlib.sha256("\0".join(facts).encode()).digest()
    return f"{prefix}_{_spelled(int(at.timestamp() * 1000) << 80 | int.from_bytes(digest[:10]))}"


def _spelled(number: int) -> str:
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def check_app_name(name: str) -> str:
    """An app's name is one DNS label of at most 40 characters (a preview's has up to fifteen more), since its URL is
    `<name>.<base domain>`."""
    if not _APP_NAME.fullmatch(_PREVIEW.sub("", name)):
        raise InvalidInput(
            f"{name!r} is not a valid app name",
            fix="Use 1 to 40 lower-case letters, digits and hyphens, starting with a letter.",
        )
    return name


def preview_of(app: str, pull_request: int | None = None) -> str:
    """The name under which edits of an app, or a pull request for it, are shown before they are live: an app beside it,
    with its own address."""
    return f"{app}--preview" if pull_request is None else f"{app}--pr-{pull_request}"


def parent_of(name: str) -> str | None:
    """The app that this is a preview of; None for an app of its own."""
    found = _PREVIEW.search(name)
    return name[: found.start()] if found else None


def pull_request_of(name: str) -> int | None:
    """The pull request that this is the preview of."""
    found = _PREVIEW.search(name)
    return int(found["pull_request"]) if found and found["pull_request"] else None


def app_name_from(text: str) -> str:
    """The app name that a repository's or folder's name suggests."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = re.sub(r"^[0-9-]+", "", name)[:40].strip("-")
    return name or "app"


def check_env_name(name: str) -> str:
    if not _ENV_NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is not a valid config var name",
            fix="Use letters, digits and underscores, not starting with a digit.",
        )
    return name
