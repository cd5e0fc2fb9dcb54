"""Identities: names that users choose, and sortable ids that DevGem makes."""

import re
import secrets
import time

from devgem.domain.errors import InvalidInput

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_APP_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_PREVIEW = "--preview"
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def new_id(prefix: str) -> str:
    """`<prefix>_<26 characters>`: 48 bits of milliseconds, then 80 random bits, so ids sort by time (as ULIDs do)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return prefix + "_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def check_app_name(name: str) -> str:
    """An app's name is one DNS label of at most 40 characters (a preview's has nine more), since its URL is
    `<name>.<base domain>`."""
    if not _APP_NAME.fullmatch(name.removesuffix(_PREVIEW)):
        raise InvalidInput(
            f"{name!r} is not a valid app name",
            fix="Use 1 to 40 lower-case letters, digits and hyphens, starting with a letter.",
        )
    return name


def preview_of(app: str) -> str:
    """The name under which edits of an app are shown before they are live: an app beside it, with its own address."""
    return app + _PREVIEW


def parent_of(name: str) -> str | None:
    """The app that this is the preview of; None for an app of its own."""
    return name.removesuffix(_PREVIEW) if name.endswith(_PREVIEW) else None


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
