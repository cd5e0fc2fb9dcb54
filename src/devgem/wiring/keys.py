"""The key that encrypts at rest, and files that are for this user alone."""

import os
import secrets
from pathlib import Path

from devgem.config import Paths, Settings


def secret_key(settings: Settings, paths: Paths) -> bytes:
    """32 bytes: the operator's, or those made on the first start."""
    if settings.secret_key is not None:
        return bytes.fromhex(settings.secret_key.get_secret_value())
    try:
        return bytes.fromhex(paths.secret_key.read_text())
    except FileNotFoundError:
        key = secrets.token_bytes(32)
        write_private(paths.secret_key, key.hex())
        return key


def write_private(path: Path, text: str) -> None:
    """Atomically, readable for this user alone."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
