"""What a person sees: plain text, tables by column widths, colours only on a terminal and without NO_COLOR."""

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
# Controls but line feed and tab, and marks that reorder or hide text: what others wrote must not move on a terminal.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def styled(text: str, style: str, file: TextIO | None = None) -> str:
    """`text` in a style when the file is a terminal that may have colours."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colours(file or sys.stdout) else text


def colours(file: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (file.isatty() and os.environ.get("TERM") != "dumb")


def log_text(text: str, file: TextIO) -> str:
    """A log line's text: its own colours only where colours may be."""
    return text if colours(file) else _SGR.sub("", text)


def plain(text: object) -> str:
    """Text that others may have written, as it may be shown on a terminal."""
    return _UNFIT.sub("", str(text))


def json_document(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def json_line(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; the head only on a terminal's eyes, never in a pipe's way."""
    cells = [[("-" if cell is None or cell == "" else str(cell)) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *cells]) for i in range(len(head))]
    print(styled(_line(head, widths), "bold"))
    for row in cells:
        print(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def ago(timestamp: str | None) -> str:
    """How long ago an RFC 3339 time was: 12s, 5m, 3h, 2d."""
    if not timestamp:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def seconds(value: float | None) -> str:
    """1.2 s below a minute, 2 min 5 s above."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    return f"{value // 60:.0f} min {value % 60:.0f} s"
