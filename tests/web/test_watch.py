"""Who is watched is told once, also when the database is away for a while."""

import asyncio
from collections.abc import Collection

import pytest

from devgem.domain.errors import Unavailable
from devgem.web.watch import Watch


async def test_only_who_has_left_is_told() -> None:
    there = {"a", "b"}

    async def still(who: Collection[str]) -> set[str]:
        return there & set(who)

    watch = Watch(still, every_seconds=60.0)
    one, other = asyncio.ensure_future(watch.ended("a")), asyncio.ensure_future(watch.ended("b"))
    await asyncio.sleep(0)
    there.remove("a")
    watch.look_now()
    async with asyncio.timeout(5):
        await one
    assert not other.done()
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)


async def test_while_the_database_is_away_nobody_has_left() -> None:
    asked = 0

    async def still(who: Collection[str]) -> set[str]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise Unavailable("the database is away")
        return set()

    async with asyncio.timeout(5):
        await Watch(still, every_seconds=0.01).ended("a")
    assert asked == 3


async def test_who_cannot_be_watched_is_not_trusted() -> None:
    async def still(who: Collection[str]) -> set[str]:
        raise ZeroDivisionError

    watch = Watch(still, every_seconds=0.01)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(5):
                await watch.ended("a")
