"""CPU of the engine per model call: acquiring and settling, at an even pace in one process, and Redis' part of it.

The same process does the same without the engine first; what that takes is no cost of the engine.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import redis.asyncio

from bench.quota.adapter import Pool, Setting, make
from bench.quota.redis_server import redis_server
from bench.report import table, verdict

POOL = Pool("calls", rpm=10**9, tpm=10**12)
PER_SECOND = 100
Call = Callable[[], Coroutine[Any, Any, None]]
Spent = Callable[[], Coroutine[Any, Any, float]]
CALL_SECONDS = 0.2


async def cpu_ms(call: Call, redis_cpu: Spent, seconds: float) -> tuple[float, float]:
    """Of this process and of Redis, per call."""
    calls = round(seconds * PER_SECOND)
    begun, own, theirs = time.monotonic(), time.process_time(), await redis_cpu()
    async with asyncio.TaskGroup() as tasks:
        for number in range(calls):
            await asyncio.sleep(begun + number / PER_SECOND - time.monotonic())
            tasks.create_task(call())
    return (time.process_time() - own) * 1000 / calls, (await redis_cpu() - theirs) * 1000 / calls


async def measure(redis_url: str, seconds: float) -> tuple[tuple[float, float], tuple[float, float]]:
    client = redis.asyncio.Redis.from_url(redis_url)
    engine = make("DevGem")
    await engine.start(Setting(redis_url, "cost", (POOL,)))

    async def redis_cpu() -> float:
        spent = await client.info("cpu")
        return float(spent["used_cpu_user"]) + float(spent["used_cpu_sys"])

    async def bare() -> None:
        await asyncio.sleep(CALL_SECONDS)

    async def governed() -> None:
        grant = await engine.acquire(POOL, 0, 500, 5.0)
        assert grant
        await asyncio.sleep(CALL_SECONDS)
        await engine.settle(grant, 400)

    without = await cpu_ms(bare, redis_cpu, seconds)
    found = await cpu_ms(governed, redis_cpu, seconds)
    await engine.close()
    await client.aclose()
    return without, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with redis_server() as redis_url:
        without, found = asyncio.run(measure(redis_url, options.seconds))
    own, theirs = (max(0.0, one - bare) for one, bare in zip(found, without, strict=True))
    rows = (
        ("without the engine", f"{without[0]:.3f}", f"{without[1]:.3f}", ""),
        ("the engine's part", f"{own:.3f}", f"{theirs:.3f}", verdict(own + theirs, 2.0)),
    )
    table(f"CPU per call at {PER_SECOND} calls/s", ("what", "process ms", "Redis ms", "both, target"), rows)
    return 0 if own + theirs <= 2.0 else 1


if __name__ == "__main__":
    sys.exit(main())
