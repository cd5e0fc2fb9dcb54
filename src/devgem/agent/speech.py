"""A message of the assistant while it is being written: its text goes out in small batches."""

import asyncio
from contextlib import suppress

from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.store import Fact, Store

_BATCH_SECONDS = 0.06


class Speech:
    """One message. Its first text announces it; `void` takes back what was said so far."""

    def __init__(self, store: Store, conversation: str, turn: str) -> None:
        self._store = store
        self._stream = f"conversation:{conversation}"
        self._turn = turn
        self._unsent = ""
        self._replaces = False
        self._is_announced = False
        self._flusher: asyncio.Task[None] | None = None
        self.id = new_id("msg")
        self.text = ""

    async def say(self, text: str) -> None:
        if not text:
            return
        self.text += text
        self._unsent += text
        if not self._is_announced:
            self._is_announced = True
            started = {"message": self.id, "role": "assistant", "turn": self._turn}
            await self._store.append(self._stream, [Fact(EventType.MESSAGE_STARTED, started), self._delta()])
        elif self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())

    def void(self) -> None:
        self.text = self._unsent = ""
        self._replaces = self._is_announced

    async def end(self) -> None:
        """No more batches after this."""
        if self._flusher is not None:
            self._flusher.cancel()
            with suppress(asyncio.CancelledError):
                await self._flusher

    async def _flush(self) -> None:
        await asyncio.sleep(_BATCH_SECONDS)
        while self._unsent:
            await self._store.append(self._stream, [self._delta()])

    def _delta(self) -> Fact:
        data = {"message": self.id, "text": self._unsent, "replace": self._replaces}
        self._unsent, self._replaces = "", False
        return Fact(EventType.MESSAGE_DELTA, data)
