"""Edits in a terminal: their diff, and which hunks of it are accepted."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from devgem.cli import show
from devgem.cli.asking import ask

_STYLES = {"+": "green", "-": "red"}
_SIGNS = {"added": "new file", "deleted": "deleted", "modified": "changed"}


def tell(edit: Mapping[str, Any]) -> None:
    """The whole diff, with what needs a second look."""
    print(show.styled(f"\n{show.plain(edit['summary'])}", "bold", sys.stderr), file=sys.stderr)
    tell_files(edit["files"])
    if rest := edit.get("rest"):
        print(f"... and {rest['lines']:,} more lines in {rest['files']} files", file=sys.stderr)
    for flag in edit["flags"]:
        where = f"{flag['path']}:{flag['line']}" if flag.get("line") else flag["path"]
        print(
            show.styled(f"look: {show.plain(where)}: {show.plain(flag['detail'])}", "yellow", sys.stderr),
            file=sys.stderr,
        )
    for check in edit["checks"]:
        verdict = show.styled("ok", "green", sys.stderr) if check["ok"] else show.styled("failed", "red", sys.stderr)
        print(f"check: {show.plain(check['name'])} {verdict} {show.plain(check.get('detail') or '')}", file=sys.stderr)


def tell_files(files: Sequence[Mapping[str, Any]]) -> None:
    for file in files:
        _head(file)
        for hunk in file["hunks"]:
            _hunk(hunk)


def choose(edit: Mapping[str, Any]) -> dict[str, Any] | None:
    """What to do with a proposed edit, as the API takes it; None to leave it as it is."""
    match ask("Deploy these edits? [y]es, hunk by [h]unk, [d]iscard, [N]ot now: ").lower():
        case "y" | "yes":
            # A diff of several parts is accepted by what was shown of it.
            return {"action": "accept"} | ({"hunks": _names(edit["files"])} if edit.get("rest") else {})
        case "d" | "discard":
            return {"action": "discard"}
        case "h" | "hunk":
            accepted = [hunk["hunk"] for file in edit["files"] for hunk in _chosen(file)]
            return {"action": "accept", "hunks": accepted} if accepted else None
    return None


def _names(files: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(hunk["hunk"] for file in files for hunk in file["hunks"]))


def _chosen(file: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    chosen = []
    for hunk in file["hunks"]:
        _head(file)
        _hunk(hunk)
        if ask("Take this hunk? [y/N] ").lower() in ("y", "yes"):
            chosen.append(hunk)
    return chosen


def _head(file: Mapping[str, Any]) -> None:
    sign = _SIGNS.get(file["change"], file["change"])
    print(show.styled(f"{show.plain(file['path'])} ({sign})", "bold", sys.stderr), file=sys.stderr)


def _hunk(hunk: Mapping[str, Any]) -> None:
    print(show.styled(show.plain(hunk["header"]), "cyan", sys.stderr), file=sys.stderr)
    for line in hunk["lines"]:
        text = show.plain(line)
        style = _STYLES.get(line[:1])
        print(show.styled(text, style, sys.stderr) if style else text, file=sys.stderr)
