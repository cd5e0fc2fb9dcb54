"""Edits of one commit brought onto other files: each change by its own words, and not by its place."""

from devgem.domain.errors import Conflict
from devgem.source.workspace.patch import FilePatch, parse_patch
from devgem.source.workspace.texts import Files


def rebased(patch: str, files: Files) -> Files:
    """The files with the changes of a patch made to them, where they are not there already. Raises Conflict when what
    a change is about is not there, or is there more than once."""
    return {**files, **{file.path: _rebased(file, files.get(file.path)) for file in parse_patch(patch)}}


def _rebased(file: FilePatch, text: str | None) -> str | None:
    if file.change == "added":
        new = "".join(line[1:] for _, lines in file.hunks for line in lines)
        if text not in (None, new):
            raise _conflict(file.path, "there is such a file by now")
        return new
    if text is None:
        if file.change == "deleted":
            return None
        raise _conflict(file.path, "the file is gone")
    for _, lines in file.hunks:
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        text = _changed(file.path, text, old, new)
    return None if file.change == "deleted" else text


def _changed(path: str, text: str, old: str, new: str) -> str:
    if text.count(old) == 1:
        return text.replace(old, new)
    if text.count(new) == 1:
        return text
    raise _conflict(path, "the lines that were edited are others by now")


def _conflict(path: str, why: str) -> Conflict:
    return Conflict(
        f"the edits of {path!r} do not go with the newer commit: {why}",
        fix="Discard the edits, and make them again on the newer commit.",
        code="edits_conflict",
    )
