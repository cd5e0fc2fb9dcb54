"""The board as a pure function of the books."""

from collections.abc import Sequence

from devgem.quota.ask import Priority
from devgem.quota.board import Board, EndpointState, Usage
from devgem.quota.books import Account, Books, cut
from devgem.quota.circuit import FULL
from devgem.quota.endpoint import Endpoint
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


def _state(endpoint: Endpoint, account: Account, now_ms: int) -> EndpointState:
    circuit, limits = account.circuit, endpoint.limits
    ceiling = circuit.ceiling(now_ms)
    obstacle = circuit.obstacle(now_ms, limits.rpm)
    shut = circuit.shut_until_ms > 0
    return EndpointState(
        endpoint,
        rpm=_usage(account.minute, account.minute.requests, cut(limits.rpm, ceiling), now_ms),
        tpm=_usage(account.minute, account.minute.tokens, cut(limits.tpm, ceiling), now_ms),
        rph=_usage(account.hour, account.hour.requests, limits.rph, now_ms),
        tph=_usage(account.hour, account.hour.tokens, limits.tph, now_ms),
        circuit="probing" if obstacle == "probe" else "ramping" if circuit.ramp_from_ms else obstacle or "closed",
        reason=circuit.why,
        retry_in_seconds=max(0, circuit.shut_until_ms - now_ms) / 1000 if shut else None,
        ceiling=ceiling / FULL,
        refused_ago_seconds=(now_ms - circuit.refused_at_ms) / 1000 if circuit.refused_at_ms else None,
    )


def _usage(ring: Ring, used: int, limit: int | None, now_ms: int) -> Usage:
    frees_at_ms = ring.frees_at_ms()
    return Usage(used, limit, None if frees_at_ms is None else max(0, frees_at_ms - now_ms) / 1000)
