"""F-10 to F-14: Redis gone, slow, emptied, read-only, full. Limits hold throughout, and calls go on."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis

from devgem.quota import Endpoint, Lease, Limits, Outcome, Verdict
from devgem.quota.connections import RestConnection, over_rest, over_tcp
from devgem.quota.redis import RedisLedger
from devgem.quota.shared import SharedLedger
from tests.quota.conftest import ask, endpoints
from tests.quota.server import RedisServer, free_port, running_redis, start
from tests.standins.upstash import TOKEN, running_upstash

PROCESSES = 4


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
async def fleet(server: RedisServer) -> AsyncIterator[list[SharedLedger]]:
    """Ledgers as four processes have them."""
    ledgers = [over_tcp(server.url) for _ in range(PROCESSES)]
    yield ledgers
    await asyncio.gather(*(ledger.close() for ledger in ledgers))


async def grants(ledgers: list[SharedLedger], where: tuple[Endpoint, ...], *, most: int = 10**6) -> int:
    """How many calls all of them are granted, asking once each in turn until all refuse."""
    total = 0
    while total < most:
        answers = [(await ledger.decide([(ask(where), None)]))[0] for ledger in ledgers]
        won = sum(isinstance(answer, Lease) for answer in answers)
        total += won
        if not won:
            break
    return total


async def until(condition: Callable[[], "asyncio.Future[bool] | bool"], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        await asyncio.sleep(0.05)
    pytest.fail("did not happen in time")


async def is_degraded(ledger: SharedLedger, where: tuple[Endpoint, ...]) -> bool:
    return bool((await ledger.board(where)).degraded)


def harm(server: RedisServer, how: str) -> None:
    with redis.Redis(port=server.port) as client:
        if how == "gone":
            server.process.kill()
            server.process.wait()
        elif how == "slow":
            os.kill(server.process.pid, signal.SIGSTOP)
        elif how == "read-only":
            client.execute_command("REPLICAOF", "127.0.0.1", "1")
        else:
            client.config_set("maxmemory", 1)


def mend(server: RedisServer, how: str) -> None:
    if how == "gone":
        server.process = start(server.port, tempfile.gettempdir())
    elif how == "slow":
        os.kill(server.process.pid, signal.SIGCONT)
    else:
        with redis.Redis(port=server.port) as client:
            client.execute_command("REPLICAOF", "NO", "ONE")
            client.config_set("maxmemory", 0)


@pytest.mark.parametrize("how", ["gone", "slow", "read-only", "full"])
async def test_each_process_goes_on_with_its_share_and_comes_back(
    how: str, server: RedisServer, fleet: list[SharedLedger]
) -> None:
    where = endpoints(Limits(rpm=100))
    before = await grants(fleet, where, most=20)
    await all_well(fleet, where)
    harm(server, how)
    begun = time.monotonic()
    alone = await grants(fleet, where)
    assert time.monotonic() - begun < 15, "nobody hangs on Redis"
    assert before + alone <= 100
    assert alone >= 40, "four fifths of what was free"
    board = await fleet[0].board(where)
    assert "share" in board.degraded
    mend(server, how)
    await all_well(fleet, where)
    await asyncio.sleep(3.2 if how == "gone" else 0)  # it has forgotten: all say anew what they were granted
    after = await grants(fleet, where)
    assert before + alone + after <= 100
    assert before + alone + after >= 100 - PROCESSES, "a call whose answer was lost stays reserved, and no other"


async def all_well(ledgers: list[SharedLedger], where: tuple[Endpoint, ...]) -> None:
    """On a busy machine a process may take itself for cut off; it comes back within a second."""
    for ledger in ledgers:
        await until(lambda ledger=ledger: asyncio.ensure_future(_is_well(ledger, where)))  # type: ignore[misc]


async def _is_well(ledger: SharedLedger, where: tuple[Endpoint, ...]) -> bool:
    return not await is_degraded(ledger, where)


async def test_a_process_that_was_held_up_does_not_blame_redis(server: RedisServer) -> None:
    ledger = over_tcp(server.url)
    where = endpoints(Limits(rpm=10))
    asking = asyncio.ensure_future(ledger.decide([(ask(where), None)]))
    for _ in range(20):  # until the question is on its way
        await asyncio.sleep(0.001)
        if asking.done():
            break
    again = asyncio.ensure_future(ledger.decide([(ask(where), None)]))
    await asyncio.sleep(0)
    time.sleep(0.4)
    assert isinstance((await again)[0], Lease)
    assert not await is_degraded(ledger, where)
    await ledger.close()


async def test_an_emptied_redis_is_told_anew_what_was_granted(server: RedisServer, fleet: list[SharedLedger]) -> None:
    """F-12"""
    where = endpoints(Limits(rpm=60))
    before = await grants(fleet, where, most=40)
    await all_well(fleet, where)
    with redis.Redis(port=server.port) as client:
        client.flushall()
    total, deadline = before, time.monotonic() + 5
    while time.monotonic() < deadline:
        total += await grants(fleet, where)
        assert total <= 60
        await asyncio.sleep(0.1)
    assert total == 60


async def test_without_redis_at_the_start_the_share_is_that_of_the_known_processes() -> None:
    """F-10"""
    ledger = over_tcp(f"redis://127.0.0.1:{free_port()}/0", processes=lambda: 4)
    where = endpoints(Limits(rpm=100))
    assert await grants([ledger], where) == 20
    await ledger.close()


async def test_an_answer_in_words_is_trouble_like_any_other(server: RedisServer) -> None:
    """F-13: "max daily request limit exceeded" comes as a text."""

    async def run(*_: object) -> str:
        raise AssertionError

    ledger = over_rest(f"http://127.0.0.1:{free_port()}", "no token")
    assert await grants([ledger], endpoints(Limits(rpm=10))) == 8
    await ledger.close()


async def test_a_settlement_whose_answer_was_lost_is_not_counted_twice(server: RedisServer) -> None:
    where = endpoints(Limits(tpm=1000))
    async with running_upstash(server.url) as (upstash, url):
        rest = RestConnection(url, TOKEN)
        ledger = SharedLedger(RedisLedger(rest.run), rest.close)
        (big,) = await ledger.decide([(ask(where, input=600), None)])
        (other,) = await ledger.decide([(ask(where, input=300), None)])
        assert isinstance(big, Lease)
        assert isinstance(other, Lease)
        upstash.lost_answers = 1
        await ledger.decide(settled=[(big, Outcome(Verdict.OK, input_tokens=500))])
        await until(lambda: asyncio.ensure_future(_is_well(ledger, where)))
        assert (await ledger.board(where)).endpoints[0].tpm.used == 800
        await ledger.close()


async def test_a_429_is_honoured_by_every_process(server: RedisServer, fleet: list[SharedLedger]) -> None:
    where = endpoints(Limits(rpm=100), Limits(rpm=100))
    (lease,) = await fleet[0].decide([(ask(where), None)])
    assert isinstance(lease, Lease)
    await fleet[0].decide(settled=[(lease, Outcome(Verdict.REFUSED, retry_after_seconds=60.0))])
    await all_well(fleet, where)
    for ledger in fleet:
        (answer,) = await ledger.decide([(ask(where), None)])
        assert isinstance(answer, Lease)
        assert answer.endpoint.id == "e1"
    await asyncio.sleep(1.1)
    await fleet[1].decide([(ask(where), None)])
    await all_well(fleet, where)
    harm(server, "gone")
    (answer,) = await fleet[1].decide([(ask(where), None)])
    assert isinstance(answer, Lease)
    assert answer.endpoint.id == "e1", "also when Redis is gone"
