"""Regions fail one after the other: first one, then two, then all four; then all heal. Once with 429, once with 503.

Eight processes make calls to a stand-in for the provider, two fifths of what the limits allow. A call that is refused
goes on to the next endpoint, as a lease allows, for up to 10 s. What counts: calls that fail although an endpoint has
quota left, calls wasted on a broken region after its first second, and how long after the healing the first choice has
all the traffic back.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from threading import Thread

from bench.quota.adapter import Pool, Setting
from bench.quota.fleet import begin_in, preload, spread
from bench.quota.ours import Engine
from bench.quota.provider import Answer, Arrival, Caller, arrivals, provider, steer
from bench.quota.redis_server import redis_server
from bench.quota.targets import Target, judge
from devgem.quota import Ask, Lease, Outcome, Priority, Verdict

PROCESSES = 8
POOL = Pool("calls", rpm=300)
CALLS_PER_SECOND = 8.0
PATIENCE_SECONDS = 10.0
RETRY_SECONDS = 2.0
TOKENS = 500
FIRST_HITS_SECONDS = 1.0
"""calls that were on their way when the region broke, and those that the circuit needs to see"""
TOGETHER_SECONDS = 0.5
BROKEN = ((), POOL.endpoints[:1], POOL.endpoints[:2], POOL.endpoints, ())
ALL = 3
HEALED = 4
FAULTS = {"429": {"kind": "429", "seconds": RETRY_SECONDS, "times": None}, "503": {"kind": "503", "times": None}}


@dataclass(frozen=True)
class Job:
    redis_url: str
    provider_url: str
    number: int
    begin: float
    seconds: float


@dataclass(frozen=True)
class Turn:
    """One call of a user, with all its attempts; times are seconds after the begin."""

    asked: float
    answered: float | None
    endpoint: str


def work(job: Job) -> list[Turn]:
    return asyncio.run(Users(job).run())


class Users:
    """Of one process."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.turns: list[Turn] = []

    async def run(self) -> list[Turn]:
        self.caller = Caller(self.job.provider_url)
        self.engine = Engine()
        await self.engine.start(Setting(self.job.redis_url, "storm", (POOL,), PROCESSES))
        dice = random.Random(self.job.number)
        at = self.job.begin + dice.expovariate(CALLS_PER_SECOND / PROCESSES)
        async with asyncio.TaskGroup() as tasks:
            while at < self.job.begin + len(BROKEN) * self.job.seconds:
                await asyncio.sleep(at - time.monotonic())
                tasks.create_task(self._turn())
                at += dice.expovariate(CALLS_PER_SECOND / PROCESSES)
        await self.engine.close()
        await self.caller.close()
        return self.turns

    async def _turn(self) -> None:
        asked = time.monotonic()
        endpoint = await self._attempt(asked + PATIENCE_SECONDS)
        answered = time.monotonic() - self.job.begin if endpoint else None
        self.turns.append(Turn(asked - self.job.begin, answered, endpoint))

    async def _attempt(self, deadline: float) -> str:
        """The endpoint that answered; "" when none did in time. Those that refused the call come after the others."""
        quota, endpoints = self.engine.quota, self.engine.endpoints[POOL]
        while (left := deadline - time.monotonic()) > 0:
            lease = await quota.acquire(Ask(Priority.CHAT, TOKENS, 0, endpoints), within_seconds=left)
            if not isinstance(lease, Lease):
                return ""
            answer = await self.caller.call(lease.endpoint.id, TOKENS)
            await quota.settle(lease, outcome(answer))
            if answer.status == 200:
                return lease.endpoint.id
            endpoints = (*(one for one in endpoints if one != lease.endpoint), lease.endpoint)
        return ""


def outcome(answer: Answer) -> Outcome:
    match answer.status:
        case 200:
            return Outcome(Verdict.OK, TOKENS, 0)
        case 429:
            return Outcome(Verdict.REFUSED, retry_after_seconds=answer.retry_after_seconds)
        case _:
            return Outcome(Verdict.FAILED)


def break_regions(provider_url: str, kind: str, begin: float, seconds: float) -> None:
    for phase, broken in enumerate(BROKEN):
        time.sleep(max(0.0, begin + phase * seconds - time.monotonic()))
        faults = {endpoint: [FAULTS[kind]] if endpoint in broken else [] for endpoint in POOL.endpoints}
        steer(provider_url, "faults", faults)


def failures(turns: Sequence[Turn], seconds: float) -> int:
    """Turns that failed, but for those that were asked while no endpoint had quota, or a second before."""
    out_of_quota = (ALL * seconds - 1.0, HEALED * seconds)
    return sum(turn.answered is None and not out_of_quota[0] <= turn.asked <= out_of_quota[1] for turn in turns)


def probes(seen: Sequence[Arrival], begin: float, seconds: float) -> list[list[float]]:
    """Per half-open period, the calls that reached a broken region, in seconds after its first second."""
    found: list[list[float]] = []
    for endpoint in POOL.endpoints:
        since = next(phase for phase, broken in enumerate(BROKEN) if endpoint in broken) * seconds
        hits = [one.at - begin for one in seen if one.endpoint == endpoint and one.status != 200]
        late = [at for at in hits if at > since + FIRST_HITS_SECONDS]
        for before, at in pairwise([float("-inf"), *late]):
            if at - before > TOGETHER_SECONDS:
                found.append([])
            found[-1].append(at)
    return found


def recovery_seconds(turns: Sequence[Turn], seconds: float) -> float:
    """From the healing to the last call asked after it that had to go to another endpoint than the first, or failed."""
    healed = HEALED * seconds
    after = [turn for turn in turns if turn.asked >= healed]
    elsewhere = [turn for turn in after if turn.endpoint != POOL.endpoints[0]]
    return max((turn.answered or turn.asked + PATIENCE_SECONDS for turn in elsewhere), default=healed) - healed


@dataclass(frozen=True)
class Found:
    calls: int
    failed: int
    unserved: int
    periods: int
    most_in_one: int
    recovery_seconds: float


def measure(kind: str, seconds: float) -> Found:
    with redis_server() as redis_url, provider() as url:
        begin = begin_in(5.0)
        jobs = [Job(redis_url, url, number, begin, seconds) for number in range(PROCESSES)]
        steering = Thread(target=break_regions, args=(url, kind, begin, seconds), daemon=True)
        steering.start()
        turns = list(chain.from_iterable(spread(work, jobs)))
        steering.join()
        periods = [len(period) for period in probes(arrivals(url), begin, seconds)]
    failed = failures(turns, seconds)
    unserved = sum(turn.answered is None for turn in turns) - failed
    return Found(len(turns), failed, unserved, len(periods), max(periods, default=0), recovery_seconds(turns, seconds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each phase")
    options = parser.parse_args()
    preload(("DevGem",))
    met = []
    for kind in FAULTS:
        found = measure(kind, options.seconds)
        targets = (
            Target("calls failed while an endpoint has quota", found.failed, 0.0),
            Target("calls to a broken region in one half-open period, at most", found.most_in_one, 1.0),
            Target("s from the healing until the first choice has all calls", found.recovery_seconds, 5.0),
        )
        besides = (
            ("calls", str(found.calls)),
            ("calls failed while all regions were down", str(found.unserved)),
            ("half-open periods", str(found.periods)),
        )
        met.append(judge(f"Storm of {kind}: one region, two, all, none", targets, besides))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
