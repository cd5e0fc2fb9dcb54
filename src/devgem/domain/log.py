"""Log lines: from the raw bytes of an untrusted program to lines that are safe to store, send and print."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LINE_LIMIT = 16 << 10
"""Characters; a longer line is split, and every part but the last ends in SPLIT_MARK."""
SPLIT_MARK = " ...[line continues]"

Stream = Literal["out", "err", "devgem"]

# ECMA-48: CSI sequences, strings (OSC, DCS, SOS, PM, APC) ended by BEL or ST, and two-character escapes.
_ESCAPES = re.compile(
    r"\x1b\[(?P<csi>[0-9;:?]*)[ -/]*(?P<final>[@-~])"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]"
)


@dataclass(frozen=True)
class LogLine:
    """`at` is when DevGem received it; `seq` is its number in its stream, 0 until it has one."""

    text: str
    stream: Stream
    at: datetime
    seq: int = 0


def clean(text: str) -> str:
    """Keeps colours (SGR) and tabs; drops every other escape, control character and lone surrogate."""
    if "\x1b" not in text and text.isprintable():
        return text
    text = _ESCAPES.sub(lambda m: m.group() if m.group("final") == "m" and _is_sgr(m.group("csi")) else "", text)
    return text.encode("utf-8", "replace").decode()


def _is_sgr(parameters: str) -> bool:
    return "?" not in parameters


class LineSplitter:
    """Turns chunks of bytes into clean lines: invalid UTF-8 becomes U+FFFD, a progress bar's carriage returns keep
    only what stood last, a line over LINE_LIMIT characters is split. Holds at most one unfinished line."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, chunk: bytes) -> Iterator[str]:
        text = self._rest + self._decoder.decode(chunk)
        *lines, self._rest = text.split("\n")
        for line in lines:
            yield from _parts(line, last=True)
        if len(self._rest) > LINE_LIMIT:
            *parts, self._rest = _cut(self._rest)
            for part in parts:
                yield clean(part) + SPLIT_MARK

    def close(self) -> Iterator[str]:
        text, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        if text:
            yield from _parts(text, last=True)


def _cut(text: str) -> list[str]:
    return [text[i : i + LINE_LIMIT] for i in range(0, len(text), LINE_LIMIT)] or [""]


def _parts(line: str, *, last: bool) -> Iterator[str]:
    line = line.rstrip("\r")
    line = line[line.rfind("\r") + 1 :]
    *head, tail = _cut(line)
    for part in head:
        yield clean(part) + SPLIT_MARK
    yield clean(tail) + ("" if last else SPLIT_MARK)


class Redactor:
    """Replaces secret values wherever they occur. Values under 6 characters are too common to be told apart."""

    MASK = "[secret]"

    def __init__(self, values: Iterable[str]) -> None:
        found = sorted(
            {v for value in values for v in (value, *value.splitlines()) if len(v) >= 6},
            key=len,
            reverse=True,
        )
        self._pattern = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(self.MASK, text) if self._pattern else text


LEVELS = ("debug", "info", "warning", "error", "fatal")
_LEVEL_WORDS = {"trace": 0, "debug": 0, "info": 1, "notice": 1, "warn": 2, "warning": 2, "error": 3, "err": 3}
_LEVEL_WORDS |= {"exception": 3, "traceback": 3, "critical": 4, "fatal": 4, "panic": 4}
_LEVEL = re.compile(r"(?<![A-Za-z])(" + "|".join(_LEVEL_WORDS) + r")(?![A-Za-z])", re.IGNORECASE)


def level_of(text: str) -> str:
    """The level that a line names near its start (`[ERROR]`, `level=warn`, `Traceback`); info when it names none."""
    found = _LEVEL.search(text[:120])
    return LEVELS[_LEVEL_WORDS[found.group(1).lower()]] if found else "info"


def at_least(text: str, level: str) -> bool:
    """Whether a line is of this level or a graver one."""
    return LEVELS.index(level_of(text)) >= LEVELS.index(level)
