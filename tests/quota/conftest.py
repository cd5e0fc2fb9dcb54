"""Ledgers over every kind of counter, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import redis

from devgem.quota import Ask, Endpoint, Lease, Ledger, Limits, MemoryLedger, Outcome, Priority, Refusal, Verdict
from devgem.quota.connections import RestConnection, TcpConnection
from devgem.quota.redis import RedisLedger
from devgem.quota.shared import SharedLedger
from tests.quota.server import RedisServer, running_redis
from tests.standins.upstash import TOKEN, running_upstash

BUSY_SECONDS = 10.0
"""What is tried here is not how soon Redis answers, and the machine may be busy."""


@dataclass
class Clock:
    ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> RedisServer:
    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis", "upstash"])
async def ledger(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger(clock)
        return
    server: RedisServer = request.getfixturevalue("empty_redis")
    if request.param == "redis":
        tcp = TcpConnection(server.url)
        async with closing(
            SharedLedger(RedisLedger(tcp.run, clock=clock, command_seconds=BUSY_SECONDS), tcp.close)
        ) as shared:
            yield shared
        return
    async with running_upstash(server.url) as (_, url):
        rest = RestConnection(url, TOKEN)
        async with closing(
            SharedLedger(RedisLedger(rest.run, clock=clock, command_seconds=BUSY_SECONDS), rest.close)
        ) as shared:
            yield shared


class closing:  # noqa: N801 - like contextlib.aclosing, for what has `close`
    def __init__(self, ledger: SharedLedger) -> None:
        self._ledger = ledger

    async def __aenter__(self) -> SharedLedger:
        return self._ledger

    async def __aexit__(self, *_: object) -> None:
        await self._ledger.close()
        await asyncio.sleep(0)


def endpoints(*limits: Limits, shared: bool = True) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(f"e{at}", "vertex", "m", f"r{at}", each, shared=shared) for at, each in enumerate(limits))


def ask(where: tuple[Endpoint, ...], priority: Priority = Priority.DEPLOY, input: int = 10, output: int = 0) -> Ask:
    return Ask(priority, input, output, where)


async def take(ledger: Ledger, one: Ask, age_ms: int | None = None) -> Lease | Refusal:
    (answer,) = await ledger.decide([(one, age_ms)])
    return answer


async def granted(ledger: Ledger, one: Ask, age_ms: int | None = None) -> Lease:
    answer = await take(ledger, one, age_ms)
    assert isinstance(answer, Lease), answer
    return answer


async def refused(ledger: Ledger, one: Ask, age_ms: int | None = None) -> Refusal:
    answer = await take(ledger, one, age_ms)
    assert isinstance(answer, Refusal), answer
    return answer


async def settle(ledger: Ledger, lease: Lease, verdict: Verdict = Verdict.OK, **known: float | int | None) -> None:
    await ledger.decide(settled=[(lease, Outcome(verdict, **known))])  # type: ignore[arg-type]
