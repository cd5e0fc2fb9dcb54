"""The tokens of DevGem servers that the command line is signed in to: a file of the user's own, mode 0600."""

import json
import os
from pathlib import Path

import platformdirs

from devgem.domain.errors import Unavailable


def path() -> Path:
    return Path(platformdirs.user_config_dir("devgem", appauthor=False)) / "servers.json"


def find(server: str) -> str | None:
    """The token for this server."""
    found = _read().get(server.rstrip("/"))
    return found if isinstance(found, str) else None


def keep(server: str, token: str) -> None:
    _write({**_read(), server.rstrip("/"): token})


def forget(server: str) -> None:
    _write({known: token for known, token in _read().items() if known != server.rstrip("/")})


def _read() -> dict[str, object]:
    try:
        document = json.loads(path().read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path()} cannot be read: {error}", fix="Mend or remove it, then sign in again.") from error
    return document if isinstance(document, dict) else {}


def _write(tokens: dict[str, object]) -> None:
    """Whole or not at all; nobody else may read it, at no moment."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(tokens, stream)
    partial.replace(file)
