"""Takes what the instances of an app print and appends it to the app's segments (see runtime_logs), within caps."""

import os
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from devgem.clouds.local.runtime_logs import Label, encode, next_seq, segment_path, segments, whole_bytes
from devgem.domain.log import LineSplitter, LogLine, Redactor, Stream


@dataclass(frozen=True)
class Caps:
    """`lines_per_second` and `bytes_per_second` hold for each instance; the others for an app's whole log."""

    lines_per_second: int = 20_000
    bytes_per_second: int = 8 << 20
    segment_bytes: int = 8 << 20
    log_bytes: int = 128 << 20
    age_seconds: float = 14 * 86400


CAPS = Caps()


class LogWriter:
    """The one writer of an app's log. Not safe for two processes at once: the edge's lock sees to that."""

    def __init__(self, folder: Path, caps: Caps = CAPS) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._caps = caps
        self._lost = 0
        found = segments(folder)
        if found:
            self._resume(*found[-1])
        else:
            self._begin(1)

    def append(self, texts: Sequence[str], label: Label, at: datetime) -> None:
        """Numbers and stores lines. When the disk is full they are counted and said later, never half written."""
        notice = [f"... {self._lost:,} lines lost: the disk was full"]
        if self._lost and self._put(notice, replace(label, stream="devgem"), at):
            self._lost = 0
        if self._lost or not self._put(texts, label, at):
            self._lost += len(texts)
        if self._size >= self._caps.segment_bytes:
            os.close(self._fd)
            self._begin(self._seq)
            self.prune(at)

    def prune(self, now: datetime) -> None:
        """Deletes the oldest segments that are over the caps; never the one that is written."""
        total = self._size
        for _, path in reversed(segments(self._folder)[:-1]):
            status = path.stat()
            total += status.st_size
            if total > self._caps.log_bytes or now.timestamp() - status.st_mtime > self._caps.age_seconds:
                path.unlink()

    def close(self) -> None:
        os.close(self._fd)

    def _resume(self, first_seq: int, path: Path) -> None:
        with path.open("rb", buffering=0) as file:
            self._size = whole_bytes(file)
            self._seq = next_seq(first_seq, file)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.ftruncate(self._fd, self._size)

    def _begin(self, seq: int) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(segment_path(self._folder, seq), flags, 0o600)
        self._seq, self._size = seq, 0

    def _put(self, texts: Sequence[str], label: Label, at: datetime) -> bool:
        block = encode(texts, self._seq, label, at)
        try:
            written = os.write(self._fd, block)
        except OSError:
            written = 0
        if written < len(block):
            os.ftruncate(self._fd, self._size)
            return False
        self._size += written
        self._seq += len(texts)
        return True


class Recent:
    """The latest lines that an instance printed, shortened: what a diagnosis is made from. `count` counts all."""

    def __init__(self, lines: int = 200, characters: int = 1000) -> None:
        self._lines: deque[LogLine] = deque(maxlen=lines)
        self._characters = characters
        self.count = 0

    def add(self, texts: Sequence[str], stream: Stream, at: datetime) -> None:
        self.count += len(texts)
        self._lines.extend(LogLine(text[: self._characters], stream, at) for text in texts[-200:])

    def since(self, count: int) -> list[LogLine]:
        """Those after the first `count`, as far as they are still held."""
        return list(self._lines)[-min(len(self._lines), self.count - count) :] if self.count > count else []


class Intake:
    """What one instance prints on one stream: raw bytes in, clean and redacted lines out to the app's log. Over its
    caps it only counts, and says so once a second."""

    def __init__(
        self, log: LogWriter, redact: Redactor, label: Label, recent: Recent | None = None, caps: Caps = CAPS
    ) -> None:
        self._log = log
        self._redact = redact
        self._label = label
        self._recent = recent
        self._caps = caps
        self._splitter = LineSplitter()
        self._second = 0
        self._lines = self._bytes = 0
        self._suppressed = 0

    @property
    def is_suppressing(self) -> bool:
        return self._suppressed > 0

    def feed(self, chunk: bytes, now: datetime) -> None:
        """An empty chunk only lets time pass."""
        if int(now.timestamp()) != self._second:
            self._second = int(now.timestamp())
            self._lines = self._bytes = 0
            self._tell(now)
        self._bytes += len(chunk)
        self._lines += chunk.count(b"\n")
        if self._lines > self._caps.lines_per_second or self._bytes > self._caps.bytes_per_second:
            self._suppressed += chunk.count(b"\n") + sum(1 for _ in self._splitter.close())
            self._splitter = LineSplitter()
        else:
            self._store(self._splitter.feed(chunk), now)

    def close(self, now: datetime) -> None:
        """Stores an unfinished last line."""
        self._store(self._splitter.close(), now)
        self._tell(now)

    def _store(self, texts: Iterable[str], now: datetime) -> None:
        if lines := [self._redact(text) for text in texts]:
            self._log.append(lines, self._label, now)
            if self._recent:
                self._recent.add(lines, self._label.stream, now)

    def _tell(self, now: datetime) -> None:
        if self._suppressed:
            limit = f"over {self._caps.lines_per_second:,} lines or {self._caps.bytes_per_second >> 20} MiB a second"
            notice = f"... {self._suppressed:,} lines suppressed: {limit}"
            self._log.append([notice], replace(self._label, stream="devgem"), now)
            self._suppressed = 0


class Output:
    """Where one process's output goes: the app's log, and `recent` for a diagnosis."""

    def __init__(self, log: LogWriter, redact: Redactor, revision: int, instance: str) -> None:
        self.recent = Recent()
        self._log = log
        self._redact = redact
        self._revision = revision
        self._instance = instance

    def intake(self, stream: Stream) -> Intake:
        return Intake(self._log, self._redact, Label(stream, self._revision, self._instance), self.recent)

    def note(self, text: str) -> None:
        """A line of DevGem's own among the app's."""
        self._log.append([self._redact(text)], Label("devgem", self._revision, self._instance), datetime.now(UTC))
