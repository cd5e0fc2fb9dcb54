"""The board as a pure function of the books."""

from collections.abc import Sequence

from devgem.quota.ask import Priority
from devgem.quota.board import Board, EndpointState, Usage
from devgem.quota.books import Account, Books, cut
from devgem.quota.circuit import FULL, Circuit
from devgem.quota.endpoint import Endpoint
from devgem.quota.sight import Sight
from devgem.quota.window import Ring


def show(books: Books, endpoints: Sequence[Endpoint], now_ms: int) -> Board:
    return Board(
        endpoints=[_state(endpoint, books.account(endpoint, now_ms), now_ms) for endpoint in endpoints],
        waiting={
            priority: sum(count for until, count, _ in books.fleet.waiting[priority].values() if until > now_ms)
            for priority in Priority
        },
        processes=max(1, sum(until > now_ms for until in books.fleet.processes.values())),
    )


def show_shared(sight: Sight, endpoints: Sequence[Endpoint]) -> Board:
    """The same from what Redis told."""
    return Board(
        endpoints=[_shared_state(sight, endpoint) for endpoint in endpoints],
        waiting=dict(zip(Priority, sight.waiting, strict=True)),
        processes=sight.processes,
    )


def _shared_state(sight: Sight, endpoint: Endpoint) -> EndpointState:
    account, now_ms = sight.accounts[endpoint.id], sight.now_ms
    circuit = Circuit.from_numbers(account[10:])
    minute, hour = (max(0, at - now_ms) / 1000 if at else None for at in sight.frees_at_ms[endpoint.id])
    return _describe(endpoint, circuit, (account[1], account[2], account[6], account[7]), (minute, hour), now_ms)


def _state(endpoint: Endpoint, account: Account, now_ms: int) -> EndpointState:
    used = (account.minute.requests, account.minute.tokens, account.hour.requests, account.hour.tokens)
    minute, hour = (_frees_in_seconds(ring, now_ms) for ring in (account.minute, account.hour))
    return _describe(endpoint, account.circuit, used, (minute, hour), now_ms)


def _frees_in_seconds(ring: Ring, now_ms: int) -> float | None:
    at_ms = ring.frees_at_ms()
    return None if at_ms is None else max(0, at_ms - now_ms) / 1000


def _describe(
    endpoint: Endpoint,
    circuit: Circuit,
    used: tuple[int, int, int, int],
    frees_in_seconds: tuple[float | None, float | None],
    now_ms: int,
) -> EndpointState:
    limits, ceiling = endpoint.limits, circuit.ceiling(now_ms)
    minute, hour = frees_in_seconds
    obstacle = circuit.obstacle(now_ms, limits.rpm)
    return EndpointState(
        endpoint,
        rpm=Usage(used[0], cut(limits.rpm, ceiling), minute),
        tpm=Usage(used[1], cut(limits.tpm, ceiling), minute),
        rph=Usage(used[2], limits.rph, hour),
        tph=Usage(used[3], limits.tph, hour),
        circuit="probing" if obstacle == "probe" else "ramping" if circuit.ramp_from_ms else obstacle or "closed",
        reason=circuit.why,
        retry_in_seconds=max(0, circuit.shut_until_ms - now_ms) / 1000 if circuit.shut_until_ms else None,
        ceiling=ceiling / FULL,
        refused_ago_seconds=(now_ms - circuit.refused_at_ms) / 1000 if circuit.refused_at_ms else None,
    )
