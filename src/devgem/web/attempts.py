"""How often one sender may try to sign in: a bucket per address, in this process."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

from devgem.domain.errors import TooMany

BURST = 30.0
PER_SECOND = 0.2
_ADDRESSES = 10_000


class Attempts:
    """`trusts_forwarded`: what stands in front tells the sender's address, as the last one of X-Forwarded-For."""

    def __init__(self, *, trusts_forwarded: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._trusts_forwarded = trusts_forwarded
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def charge(self, connection: HTTPConnection) -> None:
        """Counts one attempt. Raises TooMany."""
        address, now = self._address(connection), self._clock()
        left, at = self._left.pop(address, (BURST, now))
        left = min(BURST, left + (now - at) * PER_SECOND)
        self._left[address] = (max(0.0, left - 1), now)
        if len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)
        if left < 1:
            seconds = math.ceil((1 - left) / PER_SECOND)
            raise TooMany("there were too many attempts to sign in from this address", retry_seconds=seconds)

    def _address(self, connection: HTTPConnection) -> str:
        if self._trusts_forwarded and (forwarded := connection.headers.get("x-forwarded-for", "")):
            return forwarded.rpartition(",")[2].strip()[:64]
        return connection.client.host if connection.client else ""
