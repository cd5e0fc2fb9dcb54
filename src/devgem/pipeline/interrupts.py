"""Tells running steps of this process that their deployment has been cancelled."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

Interrupt = asyncio.Future[None]
"""Done when the deployment is to stop."""


class Interrupts:
    def __init__(self) -> None:
        self._watched: dict[str, Interrupt] = {}

    def interrupt(self, deployment: str) -> None:
        watched = self._watched.get(deployment)
        if watched and not watched.done():
            watched.set_result(None)

    @property
    def deployments(self) -> list[str]:
        return list(self._watched)

    @contextmanager
    def watched(self, deployment: str) -> Iterator[Interrupt]:
        future = asyncio.get_running_loop().create_future()
        self._watched[deployment] = future
        try:
            yield future
        finally:
            del self._watched[deployment]
            future.cancel()
