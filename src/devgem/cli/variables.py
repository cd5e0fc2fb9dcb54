"""Config vars as they are typed: K=V arguments and .env files."""

import re
from collections.abc import Iterable
from pathlib import Path

from devgem.domain.errors import InvalidInput
from devgem.domain.ids import check_env_name

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def pairs(arguments: Iterable[str]) -> dict[str, str]:
    """Raises InvalidInput for an argument that is not K=V. The value is never part of a message."""
    found = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise InvalidInput("a config var was given without a value", fix="Write it as NAME=value.")
        found[check_env_name(name)] = value
    return found


def read_env_file(path: Path) -> dict[str, str]:
    """A .env file: `K=V` lines, `export ` allowed, # comments, single quotes verbatim, double quotes with escapes."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{str(path)!r} cannot be read: {error}", fix="Give a text file of K=V lines.") from error
    found = {}
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            raise InvalidInput(f"{path}:{number} is no K=V line", fix="Write NAME=value, or # before a comment.")
        found[check_env_name(name.strip())] = _value(value.strip())
    return found


def _value(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), text[1:-1])
    return re.split(r"\s+#", text, maxsplit=1)[0]
