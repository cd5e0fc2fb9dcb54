"""Who goes first among all processes: the rules that stand above the limits. Pure; `now_ms` is an argument.

Shares are parts of what all usable shared endpoints allow in a minute (or an hour), in billionths; a call's share is
the larger of its part of the requests and its part of the tokens (dominant resource fairness,
https://www.usenix.org/conference/nsdi11/dominant-resource-fairness-fair-allocation-multiple-resource-types).

1. A call stands back while one of a higher class waits anywhere, or one of its own class that came earlier.
2. Capacity must come back evenly, or whoever needs it waits for the lump that was taken a minute ago. So every grant
   adds to a debt that is paid off at the pace of the limits, and calls below deploy go only while there is little.
3. Where deploys have been seen lately, a part of the window is kept free for their bursts.
4. Each class below deploy has a floor, a twentieth of the pace and a little for what asking in turns costs, in which it
   stands back for deploys alone.
"""

from devgem.quota.ask import Priority

WHOLE = 1_000_000_000
_FLOOR = WHOLE * 55 // 1000
_TIGHT = WHOLE // 120
_BURST, _BURST_CALLS = WHOLE // 12, 10
_DEBT_MAX = WHOLE // 6
_RESERVE = WHOLE * 2 // 100
_RESERVE_CALLS = 5
_RESERVE_MAX = WHOLE * 8 // 100
_SEEN_MS = 120_000
REGISTER_MS = 1_500
PROCESS_MS = 30_000
GRACE_MS = 250


class Debt:
    """What has been granted and not yet been paid off, as a share; paid off at `share` per `span_ms`."""

    __slots__ = ("at_ms", "share")

    def __init__(self) -> None:
        self.share = 0
        self.at_ms = 0

    def pay(self, now_ms: int, share: int, span_ms: int) -> int:
        """What is left of it now."""
        elapsed = now_ms - self.at_ms
        if elapsed > 0:
            paid = share * min(elapsed, span_ms) // span_ms
            self.share = max(0, self.share - paid)
            self.at_ms = now_ms
        return self.share


class Pool:
    """What a set of shared endpoints allows together, and how much of it is used; None where there is no limit."""

    __slots__ = ("hour_requests", "hour_tokens", "hour_used", "requests", "tokens", "used")

    def __init__(self) -> None:
        self.requests: int | None = 0
        self.tokens: int | None = 0
        self.hour_requests: int | None = 0
        self.hour_tokens: int | None = 0
        self.used = [0, 0]
        self.hour_used = [0, 0]

    def share(self, tokens: int) -> int:
        return _share(1, tokens, self.requests, self.tokens)

    def hour_share(self, tokens: int) -> int:
        return _share(1, tokens, self.hour_requests, self.hour_tokens)

    def used_share(self) -> int:
        return _share(self.used[0], self.used[1], self.requests, self.tokens)

    def hour_used_share(self) -> int:
        return _share(self.hour_used[0], self.hour_used[1], self.hour_requests, self.hour_tokens)

    def take(self, tokens: int) -> None:
        for used in (self.used, self.hour_used):
            used[0] += 1
            used[1] += tokens


def _share(requests: int, tokens: int, of_requests: int | None, of_tokens: int | None) -> int:
    share = WHOLE * requests // of_requests if of_requests else 0
    return max(share, WHOLE * tokens // of_tokens) if of_tokens else share


class Fleet:
    """What all processes know of each other. The register of who waits is (until, count, since) by process, per
    class; an entry that its process does not renew in time is gone."""

    __slots__ = ("deploy_at_ms", "floors", "hour_debt", "minute_debt", "processes", "waiting")

    def __init__(self) -> None:
        self.minute_debt = Debt()
        self.hour_debt = Debt()
        self.floors = [Debt() for _ in Priority]
        self.deploy_at_ms = 0
        self.waiting: list[dict[str, tuple[int, int, int]]] = [{} for _ in Priority]
        self.processes: dict[str, int] = {}

    def enter(self, now_ms: int, process: str) -> None:
        """`process` is here; what it waits for is registered anew, and what was not renewed is dropped."""
        if len(self.processes) > 1:
            self.processes = {name: until for name, until in self.processes.items() if until > now_ms}
        self.processes[process] = now_ms + PROCESS_MS
        for of_class in filter(None, self.waiting):
            for name in [name for name, entry in of_class.items() if name == process or entry[0] <= now_ms]:
                del of_class[name]

    def register(self, now_ms: int, process: str, waits: dict[int, tuple[int, int]]) -> None:
        for priority, (count, since_ms) in waits.items():
            self.waiting[priority][process] = (now_ms + REGISTER_MS, count, since_ms)

    def earlier(self, priority: int, since_ms: int) -> int:
        """How many calls of this class wait in processes whose first has waited noticeably longer."""
        return sum(n for _, n, first in self.waiting[priority].values() if first < since_ms - GRACE_MS)

    def higher(self, priority: int) -> int:
        """How many calls of higher classes wait."""
        return sum(n for of_class in self.waiting[:priority] for _, n, _ in of_class.values())

    def stands_back(self, now_ms: int, priority: int, tokens: int, pool: Pool, held: bool) -> bool:
        """Whether a call below deploy must let others go first; `held` when one of a class between waits."""
        share, used = pool.share(tokens), pool.used_share()
        hour_share, hour_used = pool.hour_share(tokens), pool.hour_used_share()
        reserve = self._reserve(now_ms, share)
        minute_debt = self.minute_debt.pay(now_ms, _pace(reserve), 60_000)
        hour_debt = self.hour_debt.pay(now_ms, _pace(0), 3_600_000)
        burst = min(WHOLE // 2, max(_BURST, _BURST_CALLS * share))
        in_debt = (share > 0 and minute_debt > (burst if used < WHOLE // 2 else _TIGHT)) or (
            hour_share > 0 and hour_used >= WHOLE // 2 and hour_debt > _TIGHT
        )
        if not held and not in_debt:
            return used + share > WHOLE - reserve or hour_used + hour_share > WHOLE - (_RESERVE if reserve else 0)
        if self.floors[priority].pay(now_ms, _FLOOR, 60_000) > 0:
            return True
        return used + share > WHOLE - reserve // 2

    def granted(self, now_ms: int, priority: int, tokens: int, pool: Pool) -> None:
        share, hour_share = pool.share(tokens), pool.hour_share(tokens)
        if priority == Priority.DEPLOY:
            self.deploy_at_ms = now_ms
        elif share:
            floor = self.floors[priority]
            floor.pay(now_ms, _FLOOR, 60_000)
            floor.share = min(floor.share + share, max(share, WHOLE // 60))
        self.minute_debt.share = min(self.minute_debt.share + share, _DEBT_MAX)
        self.hour_debt.share = min(self.hour_debt.share + hour_share, _DEBT_MAX)
        pool.take(tokens)

    def _reserve(self, now_ms: int, share: int) -> int:
        if not self.deploy_at_ms or now_ms - self.deploy_at_ms > _SEEN_MS:
            return 0
        return min(max(_RESERVE, _RESERVE_CALLS * share), _RESERVE_MAX)


def _pace(reserve: int) -> int:
    """What is paid off per span: what leaves the window of 60 s and a margin, less what is kept free."""
    return (WHOLE - reserve) * 99 // 100 if reserve else WHOLE * 102 // 100
