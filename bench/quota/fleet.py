"""Worker processes that load contenders on a plan, and tell of every call what became of it."""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from bench.quota.adapter import Adapter, Pool, Setting, make, module_of
from bench.quota.provider import Caller

Job = TypeVar("Job")
Done = TypeVar("Done")
FORK = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Stream:
    """Poisson arrivals of the whole fleet, from and to so many seconds after the plan begins. A call reserves `tokens`,
    takes `call_seconds` and then settles to `used`."""

    pool: str
    per_second: float
    until: float
    since: float = 0.0
    priority: int = 0
    tokens: int = 500
    used: int = 500
    timeout_seconds: float = 0.0
    call_seconds: float = 0.0


@dataclass(frozen=True)
class Plan:
    """`begin` is CLOCK_MONOTONIC, which all processes of a machine share. Without `provider_url` nothing is called."""

    contenders: tuple[str, ...]
    setting: Setting
    streams: tuple[Stream, ...]
    begin: float
    provider_url: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    contender: str
    pool: str
    priority: int
    asked: float
    granted: float | None
    """seconds after the plan's begin, as `asked`; None when it was given up"""
    endpoint: str
    tokens: int

    @property
    def wait_seconds(self) -> float | None:
        return None if self.granted is None else self.granted - self.asked


def run(plans: Sequence[Plan]) -> list[Call]:
    """Each plan in as many processes as its setting says, all at the same time."""
    jobs = [(plan, number) for plan in plans for number in range(plan.setting.processes)]
    return list(chain.from_iterable(spread(_work, jobs)))


def preload(contenders: Iterable[str]) -> None:
    """Has them imported once for all workers; to be called before the first of these is started."""
    FORK.set_forkserver_preload(sorted({module_of(name) for name in contenders}))


def spread(work: Callable[[Job], Done], jobs: Sequence[Job]) -> list[Done]:
    """Each job in a process of its own."""
    with ProcessPoolExecutor(len(jobs), mp_context=FORK) as processes:
        return list(processes.map(work, jobs))


def _work(job: tuple[Plan, int]) -> list[Call]:
    plan, number = job
    return asyncio.run(Worker(plan, number).run())


class Worker:
    def __init__(self, plan: Plan, number: int) -> None:
        self.plan = plan
        self.number = number
        self.calls: list[Call] = []
        self.caller: Caller | None = None

    async def run(self) -> list[Call]:
        plan = self.plan
        self.caller = Caller(plan.provider_url) if plan.provider_url else None
        adapters = {name: make(name) for name in plan.contenders}
        for number, adapter in enumerate(adapters.values()):
            await adapter.start(replace(plan.setting, run=f"{plan.setting.run}-{number}"))
        if time.monotonic() > plan.begin:
            raise RuntimeError("the workers were not ready when the plan began: give them more time")
        async with asyncio.TaskGroup() as tasks:
            for name, adapter in adapters.items():
                for stream in plan.streams:
                    tasks.create_task(self._offer(tasks, name, adapter, stream))
        for adapter in adapters.values():
            await adapter.close()
        if self.caller:
            await self.caller.close()
        return self.calls

    async def _offer(self, tasks: asyncio.TaskGroup, name: str, adapter: Adapter, stream: Stream) -> None:
        dice = random.Random(f"{self.number} {stream}")
        pool = next(pool for pool in self.plan.setting.pools if pool.name == stream.pool)
        rate = stream.per_second / self.plan.setting.processes
        at = self.plan.begin + stream.since + dice.expovariate(rate)
        while at < self.plan.begin + stream.until:
            await asyncio.sleep(at - time.monotonic())
            tasks.create_task(self._call(name, adapter, pool, stream))
            at += dice.expovariate(rate)

    async def _call(self, name: str, adapter: Adapter, pool: Pool, stream: Stream) -> None:
        asked = time.monotonic() - self.plan.begin
        grant = await adapter.acquire(pool, stream.priority, stream.tokens, stream.timeout_seconds)
        granted = time.monotonic() - self.plan.begin if grant else None
        endpoint = grant.endpoint if grant else ""
        self.calls.append(Call(name, pool.name, stream.priority, asked, granted, endpoint, stream.used))
        if grant is None:
            return
        if self.caller:
            await self.caller.call(grant.endpoint, stream.used)
        await asyncio.sleep(stream.call_seconds)
        await adapter.settle(grant, stream.used)


def begin_in(seconds: float) -> float:
    return time.monotonic() + seconds


def begin_at_minute(at_least_seconds: float) -> float:
    """The next full minute of the clock, and at least so many seconds from now."""
    now = time.time()
    wait = -(now + at_least_seconds) % 60 + at_least_seconds
    return time.monotonic() + wait


def most(weighted: Sequence[tuple[float, int]], span_seconds: float) -> int:
    """The largest sum in any window (t - span, t]."""
    ordered = sorted(weighted)
    best = running = first = 0
    for at, weight in ordered:
        running += weight
        while ordered[first][0] <= at - span_seconds:
            running -= ordered[first][1]
            first += 1
        best = max(best, running)
    return best


def mean_use(weighted: Sequence[tuple[float, int]], span_seconds: float, end: float) -> float:
    """The mean of all windows that end in the last span: also right where use comes in lumps."""
    counted_seconds = (min(at + span_seconds, end) - max(at, end - span_seconds) for at, _ in weighted)
    return sum(w * max(0.0, seconds) for (_, w), seconds in zip(weighted, counted_seconds, strict=True)) / span_seconds
