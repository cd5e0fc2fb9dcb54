"""A checkout with edits on it: a checkout of its own, which shares the bytes of what is not edited."""

import contextlib
import os
import shutil
from pathlib import Path
from threading import Event

from devgem.source.workspace.base import check_new, read_text
from devgem.source.workspace.patch import apply_patch, parse_patch


def write_edited(plain: Path, patch: str, files: Path, stop: Event) -> None:
    """Makes the folder `files` out of the checkout `plain`, until `stop` is set. Raises InvalidInput, Conflict."""
    patched = parse_patch(patch)
    base = {file.path: read_text(plain, file.path) for file in patched}
    after = apply_patch(base, patch)
    _link(plain, files, set(after), stop)
    for path, text in sorted(after.items(), key=lambda item: item[1] is not None):  # removals first
        if text is None:
            _prune(files, path)
            continue
        if base[path] is None:
            check_new(files, path)
            read_text(files, path)  # refuses what another edit has put in the way
        target = files / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        if base[path] is not None:
            target.chmod((plain / path).stat().st_mode & 0o777)


def _link(plain: Path, files: Path, without: set[str], stop: Event) -> None:
    """Hard links: a checkout is never written to, and neither is this one."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        (files / folder).mkdir()
        with os.scandir(plain / folder) as entries:
            for entry in entries:
                path = folder + entry.name
                if stop.is_set():
                    raise InterruptedError
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path + "/")
                elif path not in without:
                    _link_file(Path(entry.path), files / path)


def _link_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without hard links, or with too many of this file
        shutil.copy2(source, target, follow_symlinks=False)


def _prune(files: Path, path: str) -> None:
    """Removes the folders that a removed file has left empty, as git does."""
    for folder in (files / path).parents:
        if folder == files:
            return
        with contextlib.suppress(OSError):  # it is not empty
            folder.rmdir()
