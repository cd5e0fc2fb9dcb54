"""What an app was asked minute by minute, made from the differences of its counts, so that requests cost no more."""

from collections import deque
from datetime import datetime, timedelta

from devgem.domain.app import Measurement
from devgem.gateway.signals import Tally

STEP = timedelta(minutes=1)
_KEPT = timedelta(days=1)


class History:
    """Minutes in which nothing was asked are not kept."""

    def __init__(self) -> None:
        self._closed: deque[Measurement] = deque(maxlen=_KEPT // STEP)
        self._before = Tally()
        self._began: datetime | None = None

    def is_past(self, now: datetime) -> bool:
        """Whether another minute has begun, and `close` has something to do."""
        return self._began != _minute(now)

    def close(self, now: datetime, total: Tally) -> None:
        """Ends the minute that `now` is past; `total` is all that was counted so far."""
        if self.is_past(now):
            if self._began is not None:
                self._keep(self._began, total)
            self._began = _minute(now)

    def within(self, window: timedelta, now: datetime, total: Tally) -> tuple[Measurement, ...]:
        """The minutes of the window, with the one that has begun."""
        self.close(now, total)
        assert self._began is not None
        fresh = total.since(self._before)
        open_minute = (fresh.measurement(self._began),) if fresh.requests else ()
        return (*(one for one in self._closed if one.at > now - window), *open_minute)

    def _keep(self, at: datetime, total: Tally) -> None:
        fresh = total.since(self._before)
        if fresh.requests:
            self._closed.append(fresh.measurement(at))
        self._before = total


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
