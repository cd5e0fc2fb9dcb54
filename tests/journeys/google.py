"""Gemini's stand-in beside a test that has no event loop to give: Chromium's driver and plain HTTP need none."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.standins.gemini import GeminiStandIn


@contextmanager
def playing_google() -> Iterator[GeminiStandIn]:
    """In a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    standin = GeminiStandIn()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(standin.start(), loop).result(10)
    try:
        yield standin
    finally:
        asyncio.run_coroutine_threadsafe(standin.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
