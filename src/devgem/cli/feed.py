"""A stream's events, read beside what the program does, so that it can wait for one with a limit and be interrupted."""

import queue
import threading

from devgem.cli.client import Client, StreamEvent
from devgem.domain.errors import DevGemError


class Feed:
    def __init__(self, client: Client, stream: str) -> None:
        self._queue: queue.Queue[StreamEvent | DevGemError] = queue.Queue()
        self._client = client
        self._stream = stream
        threading.Thread(target=self._read, name=stream, daemon=True).start()

    def _read(self) -> None:
        try:
            for event in self._client.events(self._stream):
                self._queue.put(event)
        except DevGemError as error:
            self._queue.put(error)

    def next(self, seconds: float | None = None) -> StreamEvent | None:
        """The next event; None when there is none within `seconds`. Raises what has ended the stream."""
        try:
            # Without a limit a wait could not be interrupted on every system.
            found = self._queue.get(timeout=3600 if seconds is None else seconds)
        except queue.Empty:
            return None
        if isinstance(found, DevGemError):
            raise found
        return found
