"""Following streams: any number of followers, one reader.

A `Feed` holds the newest batches that this process has committed to one stream, and `head`, the newest seq that it has
heard of (a poll of the database hears of other writers'). Followers pull at their own pace: each knows only the seq
it has reached, so a slow one costs nothing. What a follower wants next is either held by the feed, the same object for
all, or a page read from the database, shared with whoever asks for the same page at that moment.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from devgem.domain.errors import Unavailable
from devgem.store.batch import Batch

ReadPage = Callable[[str, int], Awaitable[Batch]]
ReadHeads = Callable[[Collection[str]], Awaitable[Mapping[str, int]]]

_KEPT_EVENTS = 8192


class Feed:
    """The newest events of one stream: batches without a gap between them."""

    def __init__(self, stream: str, read_page: ReadPage) -> None:
        self._stream = stream
        self._read_page = read_page
        self._batches: deque[Batch] = deque()
        self._kept = 0
        self._pages: dict[int, asyncio.Future[Batch]] = {}
        self._changed = asyncio.Event()
        self.head = 0
        self.followers = 0

    def offer(self, batch: Batch) -> None:
        last = self._batches[-1].last if self._batches else 0
        if batch.first > last + 1:  # another process wrote what lies between
            self._batches.clear()
            self._kept = 0
        if batch.last > last:
            self._batches.append(batch)
            self._kept += len(batch)
        while self._kept > _KEPT_EVENTS and len(self._batches) > 1:
            self._kept -= len(self._batches.popleft())
        self.hear_of(batch.last)

    def hear_of(self, head: int) -> None:
        if head > self.head:
            self.head = head
            self._changed.set()
            self._changed = asyncio.Event()

    async def after(self, seq: int) -> Batch:
        """The batch that follows `seq`, once there is one."""
        while True:
            changed = self._changed
            if batch := self._held(seq):
                return batch
            if seq < self.head and (batch := await self._page(seq)):
                return batch
            await changed.wait()

    def _held(self, seq: int) -> Batch | None:
        if not self._batches or not self._batches[0].first <= seq + 1 <= self._batches[-1].last:
            return None
        batch = self._batches[bisect_right(self._batches, seq + 1, key=lambda batch: batch.first) - 1]
        return batch[seq + 1 - batch.first :] if batch.first <= seq else batch

    async def _page(self, seq: int) -> Batch:
        if seq not in self._pages:
            self._pages[seq] = asyncio.ensure_future(self._read_page(self._stream, seq))
            self._pages[seq].add_done_callback(lambda page: self._forget(seq, page))
        return await asyncio.shield(self._pages[seq])

    def _forget(self, seq: int, page: "asyncio.Future[Batch]") -> None:
        del self._pages[seq]
        if not page.cancelled():
            page.exception()  # every follower who still waits has been told

    async def close(self) -> None:
        pages = list(self._pages.values())
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)


class Feeds:
    """All feeds that somebody follows, and the poll that hears of other writers."""

    def __init__(self, read_page: ReadPage, read_heads: ReadHeads, *, poll_seconds: float) -> None:
        self._read_page = read_page
        self._read_heads = read_heads
        self._poll_seconds = poll_seconds
        self._feeds: dict[str, Feed] = {}
        self._poller: asyncio.Task[None] | None = None

    def announce(self, appended: Mapping[str, list[Batch]]) -> None:
        """Called after each commit of this process."""
        for stream, batches in appended.items():
            if feed := self._feeds.get(stream):
                for batch in batches:
                    feed.offer(batch)

    async def follow(self, stream: str, after: int) -> AsyncGenerator[Batch, None]:
        with self._following(stream) as feed:
            if feed.followers == 1:  # those who come later have what this one, the announcements and the poll bring
                feed.hear_of((await self._read_heads([stream])).get(stream, 0))
            while True:
                batch = await feed.after(after)
                after = batch.last
                yield batch

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        for feed in list(self._feeds.values()):
            await feed.close()

    @contextmanager
    def _following(self, stream: str) -> Iterator[Feed]:
        if stream not in self._feeds:
            self._feeds[stream] = Feed(stream, self._read_page)
        feed = self._feeds[stream]
        feed.followers += 1
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll())
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[stream]
            if not self._feeds and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                heads = await self._read_heads(list(self._feeds))
            except Unavailable:
                continue  # the database is away; what it has by then is found when it is back
            for stream, head in heads.items():
                if feed := self._feeds.get(stream):
                    feed.hear_of(head)
