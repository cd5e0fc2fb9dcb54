"""The script in Redis and the books in Python are one arithmetic: the same calls get the same answers."""

import random

import pytest

from devgem.quota import Ask, Endpoint, Lease, Limits, Outcome, Priority, Refusal, Verdict, Waiting
from devgem.quota.books import Books
from devgem.quota.connections import TcpConnection
from devgem.quota.redis import RedisLedger
from tests.quota.conftest import BUSY_SECONDS, Clock
from tests.quota.server import RedisServer

STEPS = 600


class OneNumber(random.Random):
    """Draws what it is told to."""

    number = 0

    def randrange(self, *_: object) -> int:
        return self.number


def _shown(answer: Lease | Refusal) -> tuple[object, ...]:
    if isinstance(answer, Lease):
        return answer.endpoint.id, answer.tokens, answer.at_ms, answer.is_probe
    return answer.retry_after_seconds, answer.reasons, answer.ahead, answer.wait_seconds, answer.never


@pytest.mark.parametrize("seed", range(6))
async def test_the_script_and_the_books_agree(seed: int, empty_redis: RedisServer, clock: Clock) -> None:
    draw = random.Random(seed)
    connection = TcpConnection(empty_redis.url)
    where = [_endpoint(draw, at) for at in range(4)]
    preferences = [tuple(where), tuple(where[:2]), tuple(where[::-1]), (where[3],), ()]
    jitter = OneNumber()
    processes = [RedisLedger(connection.run, clock=clock, draw=jitter, command_seconds=BUSY_SECONDS) for _ in range(3)]
    books = Books()
    leases: list[list[Lease]] = [[] for _ in processes]
    for _ in range(STEPS):
        clock.ms += draw.choice([0, 1, 3, 40, 251, 1000, 5000, 61_000 if draw.random() < 0.1 else 0])
        clock.ms += 3_700_000 if draw.random() < 0.01 else 0
        at = draw.randrange(len(processes))
        jitter.number = draw.randrange(1000)
        asks = sorted((_ask(draw, preferences) for _ in range(draw.randrange(4))), key=lambda one: one[0].priority)
        settled = [(leases[at].pop(), _outcome(draw)) for _ in range(draw.randrange(len(leases[at]) + 1))]
        waiting = [Waiting(Priority(draw.randrange(4)), draw.randrange(3), draw.randrange(3000))]
        told = await processes[at].decide(asks, settled, waiting)
        for lease, outcome in settled:
            books.settle(clock.ms, lease, outcome, jitter.number)
        assert [*map(_shown, told)] == [*map(_shown, books.decide(clock.ms, str(at), asks, waiting))]
        leases[at] += [answer for answer in told if isinstance(answer, Lease)]
    await connection.close()


def _endpoint(draw: random.Random, at: int) -> Endpoint:
    limits = Limits(
        rpm=draw.choice([None, 3, 10, 60]),
        tpm=draw.choice([None, 1000, 20_000]),
        rph=draw.choice([None, 50, 300]),
        tph=draw.choice([None, 100_000]),
    )
    return Endpoint(f"e{at}", "v", "m", "", limits, counts_output=at % 2 == 0, shared=at != 3)


def _ask(draw: random.Random, preferences: list[tuple[Endpoint, ...]]) -> tuple[Ask, int | None]:
    tokens = draw.choice([0, 1, 50, 900, 3000]), draw.choice([0, 10, 500])
    return Ask(Priority(draw.randrange(4)), *tokens, draw.choice(preferences)), draw.choice([None, 0, 10, 300, 2000])


def _outcome(draw: random.Random) -> Outcome:
    used = draw.choice([None, 0, 10, 5000]), draw.choice([None, 0, 700])
    return Outcome(draw.choice(list(Verdict)), *used, draw.choice([None, None, 0.5, 3, 100]))
