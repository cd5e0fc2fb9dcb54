"""Facts about instances, kept by the edge until control has stored them."""

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devgem.domain.event import EventType

KEPT = 10_000
"""Facts that wait at most; beyond that the older half is given up."""


@dataclass(frozen=True)
class Fact:
    """`seq` counts from 1 for the life of a data folder, so that control can tell what it has stored already."""

    seq: int
    type: str
    app: str
    at: datetime
    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Fact":
        return cls(found["seq"], found["type"], found["app"], datetime.fromisoformat(found["at"]), found["data"])


class Facts:
    """Those that are not acknowledged yet; of more than 10,000 the oldest are given up. The file has the last seq that
    was acknowledged in its first line, then one fact a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._acknowledged = 0
        self._waiting: list[Fact] = []
        self._changed = asyncio.Event()
        if path.exists():
            self._load()
        self._rewrite()

    def add(self, type: EventType, app: str, **data: Any) -> None:
        last = self._waiting[-1].seq if self._waiting else self._acknowledged
        fact = Fact(last + 1, type.value, app, datetime.now(UTC), data)
        self._waiting.append(fact)
        if len(self._waiting) > KEPT:
            self.acknowledge(self._waiting[-KEPT // 2].seq)
        else:
            with self._path.open("a") as file:
                file.write(_line(fact))
        self._changed.set()

    def acknowledge(self, seq: int) -> None:
        """Forgets all up to `seq`."""
        if self._waiting and seq >= self._waiting[0].seq:
            self._acknowledged = min(seq, self._waiting[-1].seq)
            self._waiting = [fact for fact in self._waiting if fact.seq > seq]
            self._rewrite()

    async def after(self, seq: int) -> list[Fact]:
        """Those that wait with a higher seq; waits until there is one."""
        while not (found := [fact for fact in self._waiting if fact.seq > seq]):
            self._changed.clear()
            await self._changed.wait()
        return found

    def _load(self) -> None:
        head, *lines = self._path.read_text().split("\n")
        self._acknowledged = int(head)
        # A last line without its newline was torn when the edge was killed: what follows the last newline is dropped.
        self._waiting = [Fact.from_json(json.loads(line)) for line in lines[:-1]]

    def _rewrite(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(f"{self._acknowledged}\n" + "".join(map(_line, self._waiting)))
        new.replace(self._path)


def _line(fact: Fact) -> str:
    return json.dumps(fact.to_json()) + "\n"
