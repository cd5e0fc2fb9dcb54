"""Consecutive events of one stream, as they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

from devgem.domain.event import Event


@dataclass(frozen=True)
class Batch(Sequence[Event]):
    """`data` are the events' data as the JSON texts that the database holds. All followers of a stream share the same
    batches, so what one of them computes of a batch (`json`) is there for the others."""

    events: tuple[Event, ...]
    data: tuple[str, ...]

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> "Batch": ...
    def __getitem__(self, index: int | slice) -> "Event | Batch":
        return self.events[index] if isinstance(index, int) else Batch(self.events[index], self.data[index])

    def __len__(self) -> int:
        return len(self.events)

    @property
    def first(self) -> int:
        return self.events[0].seq

    @property
    def last(self) -> int:
        return self.events[-1].seq

    @cached_property
    def json(self) -> str:
        """The JSON array of the events: `[{"seq":1,"type":"log","at":"...","data":{...}}]`."""
        parts = (
            f'{{"seq":{event.seq},"type":"{event.type}","at":"{event.at.isoformat()}","data":{data}}}'
            for event, data in zip(self.events, self.data, strict=True)
        )
        return f"[{','.join(parts)}]"
