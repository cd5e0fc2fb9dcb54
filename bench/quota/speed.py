"""What a decision costs, beside the floor of one bare EVALSHA by the same client, and beside peers.

All contenders take turns, round after round, in one process on one Redis; the figures are medians of the rounds.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import redis.asyncio

from bench.quota.adapter import Adapter, Pool, Setting, make
from bench.quota.ours import endpoints_of
from bench.quota.redis_server import redis_server
from bench.quota.targets import Target, judge
from bench.report import median, table
from devgem.quota import Ask, Lease, MemoryLedger, Outcome, Priority, Quota, Verdict
from devgem.quota.connections import over_tcp

CALLERS = 64
TOKENS = 500
PLENTY = Pool("plenty", rpm=10**9, tpm=10**12)
LITTLE = Pool("little", rpm=1)
"""used up with the first round"""
LITELLM = "LiteLLM usage-based-routing-v2, enforced"
LITELLM_SHUFFLE = "LiteLLM enforce_model_rate_limits"
PEERS = (LITELLM, LITELLM_SHUFFLE, "limits moving window", "pyrate-limiter GCRA", "throttled-py GCRA")
Decide = Callable[[], Awaitable[object]]


@dataclass
class Figures:
    """Of each round: decisions per second, and quantiles of their latency in milliseconds."""

    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def p50_ms(self) -> float:
        return median(self.p50s)

    @property
    def p99_ms(self) -> float:
        return median(self.p99s)


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both."""
    return median([this / that for this, that in zip(these, those, strict=True)])


async def take_turn(decide: Decide, callers: int, seconds: float, figures: Figures) -> None:
    latencies: list[float] = []
    begun = time.perf_counter()

    async def caller() -> None:
        while (asked := time.perf_counter()) < begun + seconds:
            await decide()
            latencies.append(time.perf_counter() - asked)

    await asyncio.gather(*(caller() for _ in range(callers)))
    figures.rates.append(len(latencies) / (time.perf_counter() - begun))
    latencies.sort()
    figures.p50s.append(latencies[len(latencies) // 2] * 1000)
    figures.p99s.append(latencies[len(latencies) * 99 // 100] * 1000)


async def race(entries: Mapping[str, tuple[Decide, int]], rounds: int, seconds: float) -> Mapping[str, Figures]:
    """The first round warms up and does not count."""
    found: dict[str, Figures] = {}
    for number in range(rounds + 1):
        for name, (decide, callers) in entries.items():
            await take_turn(decide, callers, seconds, found.setdefault(name, Figures()) if number else Figures())
    return found


def acquire(adapter: Adapter) -> Decide:
    async def decide() -> None:
        assert await adapter.acquire(PLENTY, 0, TOKENS, 0.0)

    return decide


def decision(quota: Quota, pool: Pool = PLENTY) -> Decide:
    """The engine as its users call it, with an ask at hand, as the floor has its arguments."""
    ask = Ask(Priority.DEPLOY, TOKENS, 0, endpoints_of(pool))

    async def decide() -> None:
        assert isinstance(await quota.acquire(ask), Lease) or pool is LITTLE

    return decide


def decision_and_settlement(quota: Quota) -> Decide:
    ask, used = Ask(Priority.DEPLOY, TOKENS, 0, endpoints_of(PLENTY)), Outcome(Verdict.OK, TOKENS - 100, 0)

    async def decide() -> None:
        lease = await quota.acquire(ask)
        assert isinstance(lease, Lease)
        await quota.settle(lease, used)

    return decide


def in_batches(ledger: MemoryLedger) -> Decide:
    """What the engine asks of its ledger when 64 callers ask together; counted as one."""
    ask = Ask(Priority.DEPLOY, TOKENS, 0, endpoints_of(PLENTY))

    async def decide() -> None:
        assert all(isinstance(one, Lease) for one in await ledger.decide([(ask, None)] * CALLERS))

    return decide


async def measure(redis_url: str, rounds: int, seconds: float) -> Mapping[str, Figures]:
    client = redis.asyncio.Redis.from_url(redis_url)
    script = await client.script_load("return 1")

    async def floor() -> None:
        await client.evalsha(script, 0)

    setting = Setting(redis_url, "speed", (PLENTY, LITTLE))
    adapters = {name: make(name) for name in PEERS}
    for adapter in adapters.values():
        await adapter.start(setting)
    ours, in_process = Quota(over_tcp(redis_url)), Quota(MemoryLedger())
    entries: dict[str, tuple[Decide, int]] = {
        "1: floor": (floor, 1),
        "1: granted": (decision(ours), 1),
        "1: refused": (decision(ours, LITTLE), 1),
        "64: floor": (floor, CALLERS),
        "64: granted": (decision(ours), CALLERS),
        "64: refused": (decision(ours, LITTLE), CALLERS),
        "64: granted and settled": (decision_and_settlement(ours), CALLERS),
        "in process: ledger": (in_batches(MemoryLedger()), 1),
        "in process: engine": (decision(in_process), CALLERS),
    }
    entries |= {f"64: {name}": (acquire(adapters[name]), CALLERS) for name in PEERS}
    try:
        return await race(entries, rounds, seconds)
    finally:
        for adapter in adapters.values():
            await adapter.close()
        await ours.close()
        await in_process.close()
        await client.aclose()


def report(found: Mapping[str, Figures]) -> bool:
    one, crowd = found["1: floor"], found["64: floor"]
    rows: list[list[object]] = []
    for name, figures in found.items():
        if not name.startswith("in process"):
            floor = one if name.startswith("1:") else crowd
            rate = f"{figures.rate:,.0f}", f"{figures.rate / floor.rate:.2f}"
            rows.append([name, f"{figures.p50_ms:.3f}", f"{figures.p99_ms:.3f}", *rate])
    table("A decision, by 1 caller and by 64", ("callers: what", "p50 ms", "p99 ms", "per second", "of floor"), rows)
    granted, alone, refused = found["64: granted"], found["1: granted"], found["64: refused"]
    settled, litellm = found["64: granted and settled"], found[f"64: {LITELLM}"]
    targets = (
        Target("1 caller: p50 / floor", ratio(alone.p50s, one.p50s), 2.0),
        Target("1 caller: p99 / floor", ratio(alone.p99s, one.p99s), 3.0),
        Target("1 caller: refused / granted, p50", ratio(found["1: refused"].p50s, alone.p50s), 1.0),
        Target("64 callers: rate / floor", ratio(granted.rates, crowd.rates), 5.0, at_least=True),
        Target("64 callers: p99 / floor", ratio(granted.p99s, crowd.p99s), 3.0),
        Target("64 callers: rate, granted and settled / floor", ratio(settled.rates, crowd.rates), 2.0, at_least=True),
        Target("64 callers: rate, granted / refused", ratio(granted.rates, refused.rates), 1.0),
        Target(f"64 callers: rate / {LITELLM}", ratio(granted.rates, litellm.rates), 40.0, at_least=True),
        Target("in process: the ledger's decisions/s", found["in process: ledger"].rate * CALLERS, 1e5, at_least=True),
    )
    shuffle = ratio(granted.rates, found[f"64: {LITELLM_SHUFFLE}"].rates)
    besides = (
        (f"64 callers: rate / {LITELLM_SHUFFLE}", f"{shuffle:,.3f}"),
        ("in process: the engine's decisions/s, 64 callers", f"{found['in process: engine'].rate:,.0f}"),
    )
    return judge("A decision: DevGem against the targets", targets, besides)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with redis_server() as redis_url:
        found = asyncio.run(measure(redis_url, options.rounds, options.seconds))
    return 0 if report(found) else 1


if __name__ == "__main__":
    sys.exit(main())
