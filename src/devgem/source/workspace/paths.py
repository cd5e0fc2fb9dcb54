"""Which paths an edit may name: relative, inside, readable the same way by every file system, and never git's own."""

import re
import unicodedata

from devgem.domain.errors import InvalidInput

_PATH_LIMIT_BYTES = 1000
_NAME_LIMIT_BYTES = 255
_DRIVE = re.compile(r"^[A-Za-z]:")
_GITS_OWN = re.compile(r"\.git(?:[ .:].*)?|git~\d+(?:[ .:].*)?")
"""Also as Windows (trailing dots and spaces, streams, short names) reads it: https://git-scm.com/docs/git-config under
core.protectNTFS and core.protectHFS."""


def check_path(path: str) -> str:
    """The path itself. Raises InvalidInput with what is wrong with it."""
    if reason := _fault(path):
        raise InvalidInput(
            f"{path[:200]!r} cannot be edited: {reason}",
            fix="Give the path of a file relative to the repository's root, such as src/app.py.",
            code="bad_path",
        )
    return path


def _fault(path: str) -> str:
    if not path or path.startswith("/") or _DRIVE.match(path):
        return "it is not relative to the repository's root"
    if not path.isprintable() or "\\" in path:
        return "it has a character that is not read the same everywhere"
    if len(path.encode("utf-8", "surrogatepass")) > _PATH_LIMIT_BYTES:
        return "it is too long"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "it is not written plainly"
    if any(len(part.encode("utf-8", "surrogatepass")) > _NAME_LIMIT_BYTES for part in parts):
        return "one of its names is too long"
    if any(part != part.strip() for part in parts):
        return "one of its names begins or ends with a space"
    if any(_GITS_OWN.fullmatch(_plain(part)) for part in parts):
        return "that is git's own"
    return ""


def fold(path: str) -> str:
    """What a path is on file systems that ignore case and the way of writing accents."""
    return unicodedata.normalize("NFD", path).casefold()


def _plain(name: str) -> str:
    """Lower case, without what HFS+ ignores in a name."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if unicodedata.category(character) != "Cf")
