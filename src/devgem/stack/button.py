"""What app.json asks of somebody who deploys the repository for the first time; its hooks are shown, never run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgem.stack.app_json import PATH
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.shapes import table, texts

_TEXT_LIMIT = 500
_VALUE_LIMIT = 4096
_NAMES = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SECRET = re.compile(
    r"PASS|SECRET|TOKEN|KEY|DSN|CREDENTIAL|PRIVATE|SALT|(^|_)PWD|DATABASE_URL|REDIS_URL", re.IGNORECASE
)


@dataclass(frozen=True)
class Asked:
    """A config var to fill in. `value` is what it begins with; `generated`: a secret is to be made up for it."""

    name: str
    description: str = ""
    required: bool = False
    value: str = ""
    generated: bool = False

    @property
    def secret(self) -> bool:
        return self.generated or is_secret(self.name)


@dataclass(frozen=True)
class Button:
    """`said` is whether there is such a file. `success_url` is where its author wants people to go afterwards."""

    said: bool = False
    name: str = ""
    description: str = ""
    success_url: str = ""
    env: tuple[Asked, ...] = ()
    hooks: tuple[str, ...] = ()


def is_secret(name: str) -> bool:
    """Whether a config var of this name should be typed unseen."""
    return _SECRET.search(name) is not None


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


async def read_button(files: Files) -> Button:
    """Of the app's folder, or of the root. What is not as documented is left out."""
    for place in (files, files.root):
        if PATH in place:
            try:
                said = table(await place.json(PATH))
            except BrokenManifest:
                return Button()
            return Button() if "expo" in said else _read(said)
    return Button()


def _read(said: Mapping[str, Any]) -> Button:
    entries = list(table(said, "env").items())[:_NAMES]
    env = tuple(_asked(str(name), entry) for name, entry in entries if is_name(str(name)))
    return Button(
        said=True,
        name=_line(said.get("name")),
        description=_line(said.get("description")),
        success_url=_success(said.get("success_url")),
        env=env,
        hooks=tuple(_hooks(said)),
    )


def _asked(name: str, entry: object) -> Asked:
    if not isinstance(entry, dict):
        return Asked(name, required=entry in (None, ""), value=_value(entry))
    generated = "generator" in entry
    value = "" if generated else _value(entry.get("value"))
    required = bool(entry.get("required", True)) and not generated and not value
    return Asked(name, _line(entry.get("description")), required, value, generated)


def _hooks(said: Mapping[str, Any]) -> list[str]:
    hooks = [
        f"{name}: {text}" for name, hook in table(said, "hooks").items() for text in texts(table(hook).get("commands"))
    ]
    scripts = [f"{name}: {text}" for name, text in table(said, "scripts").items() if isinstance(text, str)]
    return [_line(hook) for hook in (*hooks, *scripts)][:_NAMES]


def _success(value: object) -> str:
    """A path of the app or a page on the web; nothing that a browser would run."""
    found = _line(value)
    is_path = found.startswith("/") and not found.startswith(("//", "/\\"))
    return found if is_path or found.startswith("https://") else ""


def _line(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value).strip()[:_TEXT_LIMIT]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:_VALUE_LIMIT] if isinstance(value, str | int | float) and "\0" not in str(value) else ""
