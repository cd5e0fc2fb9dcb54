"""The text files of a checkout as edits see them: regular files, reached without a link, in UTF-8."""

import os
import stat
from pathlib import Path

from devgem.domain.errors import InvalidInput
from devgem.source.workspace.edits import FILE_LIMIT_BYTES
from devgem.source.workspace.paths import check_path, fold


def read_text(root: Path, path: str) -> str | None:
    """The text at a path of the checkout `root`; None when nothing is there. Raises InvalidInput for what cannot be
    edited: links and what lies behind them, folders, binary and large files."""
    status = _look(root, check_path(path))
    if status is None:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(path, "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no regular file")
    if status.st_size > FILE_LIMIT_BYTES:
        raise _refusal(path, f"it is larger than {FILE_LIMIT_BYTES >> 20} MiB")
    with os.fdopen(os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        content = file.read(FILE_LIMIT_BYTES + 1)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _refusal(path, "it is not text in UTF-8") from None
    if "\0" in text:
        raise _refusal(path, "it is not text")
    return text


def check_new(root: Path, path: str) -> None:
    """Raises InvalidInput when a new file at `path` would be one with another file on macOS and Windows."""
    folder = root
    for name in path.split("/"):
        if not folder.is_dir():
            return
        if not (folder / name).exists():
            folded = fold(name)
            other = next((found for found in os.listdir(folder) if fold(found) == folded), None)  # noqa: PTH208
            if other is not None:
                raise _refusal(path, f"{other!r} is there already, and is the same file on macOS and Windows")
        folder = folder / name


def _look(root: Path, path: str) -> os.stat_result | None:
    """What is at a path. Raises InvalidInput when a link or a file is on the way to it."""
    at, status = root, None
    parts = path.split("/")
    for number, name in enumerate(parts, 1):
        at = at / name
        try:
            status = at.lstat()
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(status.st_mode):
            raise _refusal(path, f"{'/'.join(parts[:number])!r} is a symbolic link")
        if number < len(parts) and not stat.S_ISDIR(status.st_mode):
            raise _refusal(path, f"{'/'.join(parts[:number])!r} is a file")
    return status


def _refusal(path: str, why: str) -> InvalidInput:
    return InvalidInput(f"{path!r} cannot be edited: {why}", fix="Choose another file.", code="not_editable")
