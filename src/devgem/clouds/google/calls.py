"""Calls that running apps takes: as patient as those of builds, and aware that others may change the same thing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from devgem.clouds.google.patience import Patient
from devgem.clouds.google.troubles import is_passing
from devgem.domain.errors import Conflict, DevGemError

RACED = "raced"
"""The code of the Conflict that says: somebody changed it meanwhile; look at it again."""


class Calls:
    def __init__(self, patient: Patient) -> None:
        self._patient = patient

    async def __call__(
        self,
        call: Callable[..., Awaitable[Any]],
        request: Any,
        *,
        to: str,
        role: str = "",
        again: Callable[[DevGemError], bool] = is_passing,
    ) -> Any:
        """`to` is what is tried ("read the service 'x'"), `role` the one that allows it; tried again while `again`
        says so of what went wrong. Raises the house's errors."""
        for attempt in range(1, self._patient.patience.attempts + 1):
            try:
                return await self.once(call, request, to=to, role=role)
            except DevGemError as error:
                if attempt == self._patient.patience.attempts or not again(error):
                    raise
                await self._patient.wait(attempt, error)
        raise AssertionError("the last attempt returns or raises")

    async def once(self, call: Callable[..., Awaitable[Any]], request: Any, *, to: str, role: str = "") -> Any:
        """As a call, without trying again."""
        from google.api_core.exceptions import Aborted

        try:
            return await self._patient.once(call, request, to, role=role)
        except Conflict as error:
            if isinstance(error.__cause__, Aborted):
                raise Conflict(error.message, fix="Try again.", code=RACED) from error
            raise

    async def pause(self) -> None:
        """Between two looks."""
        await asyncio.sleep(self._patient.patience.first_seconds)


def whole(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[list[Any]]]:
    """A call that lists, as one that answers everything: all pages belong to the attempt."""

    async def listed(*, request: Any, retry: Any, timeout: float) -> list[Any]:
        pager = await call(request=request, retry=retry, timeout=timeout)
        return [item async for item in pager]

    return listed
