"""Calls of Google's APIs with a time limit each, tried again where that may help; what refuses them, as the house's
errors. The clients' own silent retries are turned off, so that nothing waits for what nobody is told of."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from devgem.clouds.google.administration import Administration
from devgem.clouds.google.troubles import explained, is_passing
from devgem.domain.errors import DevGemError

Sleep = Callable[[float], Awaitable[None]]
Waiting = Callable[[DevGemError, float], Awaitable[None]]
"""Is told why, and for how many seconds, a call waits."""


@dataclass(frozen=True)
class Patience:
    """`attempts` at a call, `timeout_seconds` for each; the waits between double from the first to the most. What
    Google itself asks to wait (RetryInfo) is waited, up to `asked_seconds`."""

    attempts: int = 6
    timeout_seconds: float = 20.0
    first_seconds: float = 1.0
    most_seconds: float = 30.0
    asked_seconds: float = 120.0

    def seconds(self, attempt: int, error: BaseException | None) -> float:
        """How long to wait after this many attempts."""
        asked = asked_seconds(error)
        if asked is not None:
            return min(asked, self.asked_seconds)
        return min(self.first_seconds * 2.0 ** (attempt - 1), self.most_seconds)


PATIENCE = Patience()


class Patient:
    """`admin` has the clients, and names who is refused."""

    def __init__(self, admin: Administration, *, patience: Patience = PATIENCE, sleep: Sleep = asyncio.sleep) -> None:
        self.admin = admin
        self.patience = patience
        self._sleep = sleep

    async def once(self, method: Callable[..., Awaitable[Any]], request: Any, doing: str, *, role: str = "") -> Any:
        """One attempt. `doing` is what it does ("start the build"), `role` what allows it. Raises DevGemError, whose
        cause is Google's own."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        limit = self.patience.timeout_seconds
        try:
            # The client's own limit may not hold where a connection hangs before the call begins.
            return await asyncio.wait_for(method(request=request, retry=None, timeout=limit), limit + 1.0)
        except (GoogleAPICallError, RetryError, GoogleAuthError, TimeoutError) as error:
            admin = self.admin
            raise explained(error, doing, project=admin.project, member=admin.member, role=role) from error

    async def patiently(
        self,
        method: Callable[..., Awaitable[Any]],
        request: Any,
        doing: str,
        *,
        role: str = "",
        waiting: Waiting | None = None,
    ) -> Any:
        """For what may be repeated: tried again while what refuses it may pass. Raises DevGemError."""
        for attempt in range(1, self.patience.attempts + 1):
            try:
                return await self.once(method, request, doing, role=role)
            except DevGemError as error:
                if attempt == self.patience.attempts or not is_passing(error):
                    raise
                await self.wait(attempt, error, waiting)
        raise AssertionError

    async def wait(self, attempt: int, error: DevGemError, waiting: Waiting | None = None) -> None:
        """Between two attempts."""
        seconds = self.patience.seconds(attempt, error.__cause__)
        if waiting is not None:
            await waiting(error, seconds)
        await self._sleep(seconds)


def asked_seconds(error: BaseException | None) -> float | None:
    """How long Google asks to wait; None where it does not say."""
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None
