"""The engine: waiting, order, cancelling, sharing round trips."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from devgem.quota import (
    Ask,
    Endpoint,
    Lease,
    Limits,
    MemoryLedger,
    Outcome,
    Priority,
    Quota,
    Refusal,
    Verdict,
    Wait,
    Waiting,
)
from devgem.quota.memory import monotonic_ms
from tests.quota.conftest import ask, endpoints


class Counting(MemoryLedger):
    """Counts round trips, and can hold one up."""

    def __init__(self) -> None:
        super().__init__(monotonic_ms)
        self.flights: list[int] = []
        self.waiting: Sequence[Waiting] = ()
        self.gate = asyncio.Event()
        self.gate.set()

    async def decide(
        self,
        asks: Sequence[tuple[Ask, int | None]] = (),
        settled: Sequence[tuple[Lease, Outcome]] = (),
        waiting: Sequence[Waiting] = (),
    ) -> list[Lease | Refusal]:
        self.flights.append(len(asks) + len(settled))
        await self.gate.wait()
        return await super().decide(asks, settled, waiting)


@pytest.fixture
async def ledger() -> Counting:
    return Counting()


@pytest.fixture
async def quota(ledger: Counting) -> AsyncIterator[Quota]:
    async with Quota(ledger) as engine:
        yield engine


def registered(ledger: Counting, priority: Priority) -> int:
    return sum(count for _, count, _ in ledger.books.fleet.waiting[priority].values())


async def test_calls_made_together_share_one_round_trip(quota: Quota, ledger: Counting) -> None:
    where = endpoints(Limits(rpm=1000))
    leases = await asyncio.gather(*(quota.acquire(ask(where)) for _ in range(64)))
    assert all(isinstance(lease, Lease) for lease in leases)
    await asyncio.gather(
        *(quota.settle(lease, Outcome(Verdict.OK, 1, 1)) for lease in leases if isinstance(lease, Lease))
    )
    assert ledger.flights == [64, 64]


async def test_a_thousand_parallel_reservations_stop_at_the_limit(quota: Quota) -> None:
    """F-55"""
    where = endpoints(Limits(rpm=100))
    answers = await asyncio.gather(*(quota.acquire(ask(where)) for _ in range(1000)))
    assert sum(isinstance(answer, Lease) for answer in answers) == 100


async def test_a_waiting_call_is_told_how_long_and_then_refused(quota: Quota) -> None:
    where = endpoints(Limits(rpm=1))
    await quota.acquire(ask(where))
    told: list[Wait] = []
    answer = await quota.acquire(ask(where), within_seconds=0.6, on_wait=told.append)
    assert isinstance(answer, Refusal)
    assert told[0].ahead == 0
    assert told[0].seconds == pytest.approx(60, abs=1)


async def test_who_queues_behind_others_is_told_so_at_once(quota: Quota) -> None:
    where = endpoints(Limits(rpm=1))
    await quota.acquire(ask(where))
    told: list[list[Wait]] = [[], [], []]
    calls = []
    for waits in told:
        calls.append(asyncio.create_task(quota.acquire(ask(where), within_seconds=0.6, on_wait=waits.append)))
        await asyncio.sleep(0.01)
    assert [waits[0].ahead for waits in told] == [0, 1, 2]
    assert told[2][0].seconds == pytest.approx(180, abs=2)
    await asyncio.gather(*calls)


async def test_a_waiting_call_goes_when_room_comes_back(quota: Quota) -> None:
    where = endpoints(Limits(tpm=100))
    first = await quota.acquire(ask(where, input=100))
    assert isinstance(first, Lease)
    second = asyncio.create_task(quota.acquire(ask(where, input=60), within_seconds=30))
    await asyncio.sleep(0)
    await quota.settle(first, Outcome(Verdict.OK, input_tokens=40))
    assert isinstance(await second, Lease)


async def test_within_a_class_first_come_is_first_served(quota: Quota) -> None:
    where = endpoints(Limits(tpm=100))
    blocker = await quota.acquire(ask(where, input=100))
    assert isinstance(blocker, Lease)
    served: list[int] = []

    async def call(number: int) -> None:
        lease = await quota.acquire(ask(where, input=20), within_seconds=30)
        assert isinstance(lease, Lease)
        served.append(number)

    calls = []
    for number in range(5):
        calls.append(asyncio.create_task(call(number)))
        await asyncio.sleep(0)
    await quota.settle(blocker, Outcome(Verdict.OK, input_tokens=0))
    await asyncio.gather(*calls)
    assert served == [0, 1, 2, 3, 4]


async def test_a_deploy_goes_before_what_waited_longer(quota: Quota) -> None:
    where = endpoints(Limits(tpm=100))
    blocker = await quota.acquire(ask(where, input=100))
    assert isinstance(blocker, Lease)
    served: list[Priority] = []

    async def call(priority: Priority) -> None:
        lease = await quota.acquire(ask(where, priority, input=60), within_seconds=30)
        served.append(priority)
        assert isinstance(lease, Lease)
        await quota.settle(lease, Outcome(Verdict.OK, input_tokens=0))

    calls = []
    for priority in reversed(Priority):
        calls.append(asyncio.create_task(call(priority)))
        await asyncio.sleep(0.01)
    await quota.settle(blocker, Outcome(Verdict.OK, input_tokens=0))
    await asyncio.gather(*calls)
    assert served == sorted(served)


async def test_a_cancelled_waiter_leaves_no_trace(quota: Quota, ledger: Counting) -> None:
    where = endpoints(Limits(rpm=1))
    await quota.acquire(ask(where))
    waiting = asyncio.create_task(quota.acquire(ask(where), within_seconds=60))
    while not registered(ledger, Priority.DEPLOY):
        await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    while registered(ledger, Priority.DEPLOY):
        await asyncio.sleep(0.001)


async def test_a_lease_for_a_caller_that_has_gone_is_given_back(quota: Quota, ledger: Counting) -> None:
    where = endpoints(Limits(tpm=100))
    ledger.gate.clear()
    caller = asyncio.create_task(quota.acquire(ask(where, input=100)))
    while not ledger.flights:
        await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    ledger.gate.set()
    assert isinstance(await quota.acquire(ask(where, input=100), within_seconds=5), Lease)


async def test_closing_refuses_who_waits(ledger: Counting) -> None:
    quota, where = Quota(ledger), endpoints(Limits(rpm=1))
    await quota.acquire(ask(where))
    waiting = asyncio.create_task(quota.acquire(ask(where), within_seconds=60))
    while not registered(ledger, Priority.DEPLOY):
        await asyncio.sleep(0.001)
    await quota.close()
    assert isinstance(await waiting, Refusal)


async def test_what_never_fits_is_refused_without_waiting(quota: Quota) -> None:
    answer = await asyncio.wait_for(quota.acquire(ask(endpoints(Limits(tpm=10)), input=11), within_seconds=60), 5)
    assert isinstance(answer, Refusal)
    assert answer.never


async def test_waiting_that_cannot_help_is_not_waited_for(quota: Quota) -> None:
    where = endpoints(Limits(rpm=10))
    lease = await quota.acquire(ask(where))
    assert isinstance(lease, Lease)
    await quota.settle(lease, Outcome(Verdict.REFUSED, retry_after_seconds=600.0))
    answer = await asyncio.wait_for(quota.acquire(ask(where), within_seconds=60), 5)
    assert isinstance(answer, Refusal)
    assert answer.retry_after_seconds > 590


async def test_another_users_own_endpoint_does_not_wait_in_line(quota: Quota) -> None:
    shared = endpoints(Limits(rpm=1))
    await quota.acquire(ask(shared))
    line = asyncio.create_task(quota.acquire(ask(shared, Priority.CHAT), within_seconds=60))
    await asyncio.sleep(0.01)
    own = Endpoint("own", "gemini", "m", limits=Limits(rpm=5), shared=False)
    answer = await quota.acquire(ask((*shared, own), Priority.CHAT), within_seconds=5)
    assert isinstance(answer, Lease)
    line.cancel()
    await asyncio.gather(line, return_exceptions=True)
