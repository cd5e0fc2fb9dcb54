"""What a process sees of the fleet through Redis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """Its time, its epoch, how many processes there are, whether what this process said before is lost; and, when
    they were asked for, the accounts by endpoint id (lua/window.lua says what stands where), when the oldest of a
    minute's and of an hour's use leaves the window (0: there is none), and how many wait by class."""

    now_ms: int
    epoch: int
    processes: int
    is_lost: bool
    accounts: dict[str, list[Any]] = field(default_factory=dict)
    frees_at_ms: dict[str, list[int]] = field(default_factory=dict)
    waiting: Sequence[int] = ()
