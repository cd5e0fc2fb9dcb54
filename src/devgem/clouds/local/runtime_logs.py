"""Run-time log lines of apps on disk, written by the edge and read by anyone, the edge alive or not.

Theory of operation. Each app has a folder of segments, text files named for the seq of their first line. A line is
`seq TAB unix-milliseconds TAB stream TAB revision TAB instance TAB text NEWLINE`: text comes last as it may hold
tabs, and never a newline. The one writer appends whole lines, so a process that is killed leaves at most one torn
line, recognised by its missing newline: readers do not see it, the next writer cuts it off. Seqs have no gap, so
"the last n lines" is arithmetic and any line is found by bisection. Old segments are deleted, never rewritten.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from itertools import zip_longest
from pathlib import Path
from typing import cast

from devgem.domain.log import LogLine, Stream

BLOCK_BYTES = 256 << 10
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class RuntimeLine(LogLine):
    """A log line with the revision that printed it and the name of the instance (its process start) that did."""

    revision: int = 0
    instance: str = ""


@dataclass(frozen=True)
class Label:
    """Where a line comes from."""

    stream: Stream
    revision: int
    instance: str


def encode(texts: Sequence[str], first_seq: int, label: Label, at: datetime) -> bytes:
    head = f"\t{int(at.timestamp() * 1000)}\t{label.stream}\t{label.revision}\t{label.instance}\t"
    return "".join(f"{seq}{head}{text}\n" for seq, text in enumerate(texts, start=first_seq)).encode()


def decode(raw: bytes) -> RuntimeLine:
    """`raw` without its newline. Raises ValueError when it is no line of ours."""
    seq, at, stream, revision, instance, text = raw.decode(errors="replace").split("\t", 5)
    when = datetime.fromtimestamp(int(at) / 1000, UTC)
    return RuntimeLine(text, cast(Stream, stream), when, int(seq), int(revision), instance)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """(seq of its first line, path) of every segment, oldest first; none when the folder does not exist."""
    return sorted((int(path.stem), path) for path in folder.glob("[0-9]*.log"))


def segment_path(folder: Path, first_seq: int) -> Path:
    return folder / f"{first_seq:016d}.log"


def whole_bytes(file: FileIO) -> int:
    """The length of a segment without a torn last line."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - BLOCK_BYTES)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def next_seq(first_seq: int, file: FileIO) -> int:
    """The seq that follows the last whole line of a segment."""
    end = whole_bytes(file)
    if not end:
        return first_seq
    start = max(0, end - BLOCK_BYTES)
    file.seek(start)
    last = file.read(end - start - 1).rpartition(b"\n")[2]
    return int(last.partition(b"\t")[0]) + 1


class RuntimeLogs:
    """Reads the folders of segments under `root`, one folder per app."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[RuntimeLine]:
        """Lines in order with seq > `after` and not older than `since`; of these the last `tail`; then, if told to
        `follow`, the ones to come, at most POLL_SECONDS late."""
        cursor = _Cursor(self._root / app)
        try:
            cursor.start(after, since, tail)
            while True:
                lines = cursor.block()
                for line in lines:
                    yield line
                if not lines and (not follow or cursor.is_gone):
                    return
                await asyncio.sleep(0 if lines else POLL_SECONDS)
        finally:
            cursor.close()


class _Cursor:
    """A place in a folder of segments, which may not exist yet, grow, and lose its oldest files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: FileIO | None = None
        self._first_seq = 0
        self._offset = 0

    def start(self, after: int, since: datetime | None, tail: int | None) -> None:
        found = segments(self._folder)
        if not found:
            return
        if tail is not None:
            with found[-1][1].open("rb", buffering=0) as newest:
                after = max(after, next_seq(found[-1][0], newest) - 1 - tail)
        milliseconds = int(since.timestamp() * 1000) if since else 0
        for (first_seq, path), newer in zip_longest(found, found[1:]):
            if (newer and newer[0] <= after + 1) or not self._enter(first_seq, path):
                continue
            self._offset = self._find(after, milliseconds)
            if self._offset < whole_bytes(self._open_file):
                return

    def block(self) -> list[RuntimeLine]:
        """The next whole lines, at most BLOCK_BYTES of them; empty when there are no more for now."""
        while True:
            if lines := self._read():
                return lines
            newer = next((s for s in segments(self._folder) if s[0] > self._first_seq), None)
            if newer is None:
                return []
            # A segment is complete once there is a newer one: what came between the two looks is read first.
            if lines := self._read():
                return lines
            self._enter(*newer)

    @property
    def is_gone(self) -> bool:
        """The app was deleted while its log was read."""
        return self._file is not None and not self._folder.exists()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def _open_file(self) -> FileIO:
        assert self._file is not None
        return self._file

    def _enter(self, first_seq: int, path: Path) -> bool:
        """False when the segment has just been deleted for its age."""
        self.close()
        self._first_seq, self._offset = first_seq, 0
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        return True

    def _read(self) -> list[RuntimeLine]:
        if self._file is None:
            return []
        self._file.seek(self._offset)
        whole, newline, _ = self._file.read(BLOCK_BYTES).rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return [decode(raw) for raw in whole.split(b"\n")] if newline else []

    def _find(self, after: int, milliseconds: int) -> int:
        """The offset of the first line with seq > `after` and time >= `milliseconds`, by bisection over bytes."""
        low, high = 0, whole_bytes(self._open_file)
        while low < high:
            middle = (low + high) // 2
            start, raw = self._line_at(middle, low)
            line = decode(raw)
            if line.seq > after and int(line.at.timestamp() * 1000) >= milliseconds:
                high = start
            else:
                low = start + len(raw) + 1
        return low

    def _line_at(self, offset: int, low: int) -> tuple[int, bytes]:
        """The line that holds the byte at `offset`, and where it starts; `low` is the start of some line before."""
        start = offset
        while start > low:
            back = max(low, start - 4096)
            self._open_file.seek(back)
            newline = self._open_file.read(start - back).rfind(b"\n")
            if newline >= 0:
                start = back + newline + 1
                break
            start = back
        self._open_file.seek(start)
        raw = b""
        while b"\n" not in raw:
            raw += self._open_file.read(4096)
        return start, raw.partition(b"\n")[0]
