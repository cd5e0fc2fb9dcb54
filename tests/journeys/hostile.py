"""What a model, a tool, a log or a repository may say to make a page do something (T-51, T-62)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from devgem.domain.app import Build, Check, Image, Progress
from devgem.domain.failure import Failure
from devgem.domain.log import LineSplitter, LogLine
from devgem.domain.plan import BuildPlan
from tests.pipeline.peers import JournalCloud

ROOT = Path(__file__).parent.parent.parent
HOSTILE: list[str] = json.loads((ROOT / "ui" / "src" / "components" / "hostile.json").read_text())
ALL = "\n\n".join(HOSTILE)
LOG = [
    *(text.encode() for text in HOSTILE),
    b"\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    b"\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\",
    b"\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1bP+q544e\x1b\\\x1b_Gi=31\x1b\\\x1b[2J\x1b[Hwiped",
    b"\x1b[31m<script>alert(1)</script>\x1b[0m \xff\xfe \x00 \x9b2J",
    b"x" * 100_000,
    "\u202e\u2066\u200b<img src=x onerror=alert(1)>".encode(),
]


class HostileCloud(JournalCloud):
    """Its builds say everything that is hostile, and fail with it."""

    async def preflight(self, plan: BuildPlan, *, own: bool) -> list[Check]:
        return []

    async def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        splitter = LineSplitter()
        for line in LOG:
            for text in splitter.feed(line + b"\n"):
                yield LogLine(text, "out", datetime.now(UTC))
        yield Progress(HOSTILE[1], 0.5)
        yield Failure("build_failed", ALL, ALL, ALL)
