"""Tells open connections when their session has ended: one look at the database for all of them, every few seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Generic, TypeVar

from devgem.domain.errors import Unavailable

Who = TypeVar("Who", bound=Hashable)


class Watch(Generic[Who]):
    """`still` gives those of its argument that are signed in still."""

    def __init__(self, still: Callable[[Collection[Who]], Awaitable[set[Who]]], every_seconds: float = 2.0) -> None:
        self._still = still
        self._every_seconds = every_seconds
        self._waiting: dict[asyncio.Future[None], Who] = {}
        self._looking: asyncio.Task[None] | None = None
        self._now = asyncio.Event()

    async def ended(self, who: Who) -> None:
        """Returns when `who` is not signed in any more."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = who
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looking_ended)
        try:
            await future
        finally:
            del self._waiting[future]
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _looking_ended(self, task: asyncio.Task[None]) -> None:
        """Who cannot be watched is not trusted: every connection ends with the error."""
        if self._looking is task:
            self._looking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            for future in self._waiting:
                if not future.done():
                    future.set_exception(error)

    def look_now(self) -> None:
        """Someone may just have been signed out."""
        self._now.set()

    async def _look(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._every_seconds):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            asked = dict(self._waiting)
            try:
                still = await self._still(set(asked.values()))
            except Unavailable:
                continue  # the database is away: nobody is known to have left
            for future, who in asked.items():
                if who not in still and not future.done():
                    future.set_result(None)
