"""An hour of the board, minute by minute: what each endpoint was asked, and whether it refused."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devgem.quota.board import Board

STEP = timedelta(minutes=1)
_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Minute:
    """What the fleet asked of an endpoint in the minute up to `at`; `refused`: it answered 429 in it."""

    at: datetime
    requests: int
    tokens: int
    refused: bool
    circuit: str


class History:
    """Of the endpoints that were on the boards noted; it begins anew with the process."""

    def __init__(self) -> None:
        self._minutes: dict[str, deque[Minute]] = {}

    def note(self, board: Board, now: datetime) -> None:
        """To be called once a STEP."""
        for state in board.endpoints:
            ago = state.refused_ago_seconds
            minutes = self._minutes.setdefault(state.endpoint.id, deque(maxlen=_KEPT // STEP))
            refused = ago is not None and ago <= STEP.total_seconds()
            minutes.append(Minute(now, state.rpm.used, state.tpm.used, refused, state.circuit))
        self._minutes = {id: minutes for id, minutes in self._minutes.items() if minutes[-1].at > now - _KEPT}

    def of(self, board: Board) -> Mapping[str, tuple[Minute, ...]]:
        """By the ids of the board's endpoints, oldest minute first."""
        return {state.endpoint.id: tuple(self._minutes.get(state.endpoint.id, ())) for state in board.endpoints}
