"""The whole decision: who may call, and where. Pure; the time, and every random number, are arguments.

The ledger in Redis does the same in Lua (lua/), line for line; a test holds the two against each other.
"""

from collections.abc import Sequence

from devgem.quota.ask import Ask, Lease, Outcome, Priority, Refusal, Verdict
from devgem.quota.circuit import FULL, Circuit
from devgem.quota.endpoint import Endpoint, Limits
from devgem.quota.fleet import Fleet, Pool
from devgem.quota.ledger import Waiting
from devgem.quota.window import HOUR, MINUTE, Ring

REASONS = {
    "full": "its limit per minute is used up",
    "hour": "its limit per hour is used up",
    "large": "the call alone is larger than its limit of tokens",
    "back": "calls that go first wait",
    "cooling": "it refused with 429 and is left alone",
    "open": "it failed and is left alone",
    "off": "the model is not served there, or the credentials do not open it",
    "probing": "one call finds out whether it answers again",
    "ramping": "it answers again and is taken into use little by little",
    "restating": "the shared ledger was emptied, and is told anew what has been used",
}


class Account:
    """What is known of one endpoint."""

    __slots__ = ("circuit", "hour", "minute")

    def __init__(self) -> None:
        self.minute = Ring(MINUTE)
        self.hour = Ring(HOUR)
        self.circuit = Circuit()

    def advance(self, now_ms: int) -> None:
        self.minute.advance(now_ms)
        self.hour.advance(now_ms)

    def obstacle(self, now_ms: int, limits: Limits, tokens: int) -> str:
        """Why a call cannot be made here now, or "" or "probe"."""
        ceiling = self.circuit.ceiling(now_ms)
        if (shut := self.circuit.obstacle(now_ms, limits.rpm)) and shut != "probe":
            return shut
        if not _fits(self.minute, cut(limits.rpm, ceiling), cut(limits.tpm, ceiling), tokens):
            return "full"
        if not _fits(self.hour, limits.rph, limits.tph, tokens):
            return "hour"
        return shut


def cut(limit: int | None, ceiling: int) -> int | None:
    return limit if limit is None or ceiling == FULL else max(1, limit * ceiling // FULL)


def _fits(ring: Ring, requests: int | None, tokens: int | None, more: int) -> bool:
    """A call that is larger than what is left of a lowered limit may still go alone."""
    if requests is not None and ring.requests >= requests:
        return False
    return tokens is None or ring.tokens + more <= tokens or ring.tokens == 0


class Books:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.fleet = Fleet()
        self._leases = 0

    def account(self, endpoint: Endpoint, now_ms: int) -> Account:
        found = self.accounts.get(endpoint.id)
        if found is None:
            found = self.accounts[endpoint.id] = Account()
        found.advance(now_ms)
        return found

    def settle(self, now_ms: int, lease: Lease, outcome: Outcome, jitter: int) -> None:
        account = self.account(lease.endpoint, now_ms)
        retry = outcome.retry_after_seconds
        account.circuit.settle(
            now_ms,
            outcome.verdict,
            probe=lease.is_probe,
            retry_after_ms=None if retry is None else int(retry * 1000),
            jitter=jitter,
        )
        if difference := used_tokens(lease, outcome) - lease.tokens:
            account.minute.adjust(lease.at_ms // MINUTE.slot_ms, 0, difference)
            account.hour.adjust(lease.at_ms // HOUR.slot_ms, 0, difference)

    def decide(
        self, now_ms: int, process: str, asks: Sequence[tuple[Ask, int | None]], waiting: Sequence[Waiting]
    ) -> list[Lease | Refusal]:
        self.fleet.enter(now_ms, process)
        return _Batch(self, now_ms, process, waiting).answer(asks)

    def next_lease(self) -> int:
        self._leases += 1
        return self._leases


def used_tokens(lease: Lease, outcome: Outcome) -> int:
    """What the call did use: the estimate where nothing is known, nothing when it was turned away."""
    if outcome.verdict in (Verdict.REFUSED, Verdict.ABSENT, Verdict.DENIED):
        return 0
    if outcome.input_tokens is None or outcome.verdict is Verdict.STARTED:
        return lease.tokens
    output = outcome.output_tokens or 0
    return max(0, outcome.input_tokens) + (max(0, output) if lease.endpoint.counts_output else 0)


class _Batch:
    """The asks of one process that are decided in one go."""

    def __init__(self, books: Books, now_ms: int, process: str, waiting: Sequence[Waiting]) -> None:
        self._books = books
        self._fleet = books.fleet
        self._now_ms = now_ms
        self._process = process
        self._mine = {int(w.priority): (w.count, now_ms - w.oldest_age_ms) for w in waiting if w.count > 0}
        self._pools: dict[int, Pool] = {}  # by the identity of the tuple, which the asks keep alive

    def answer(self, asks: Sequence[tuple[Ask, int | None]]) -> list[Lease | Refusal]:
        answers = [self._answer(ask, age_ms) for ask, age_ms in asks]
        self._fleet.register(self._now_ms, self._process, self._mine)
        return answers

    def _answer(self, ask: Ask, age_ms: int | None) -> Lease | Refusal:
        now_ms, priority = self._now_ms, int(ask.priority)
        since_ms = now_ms - (age_ms or 0)
        pool = self._pool(ask.endpoints)
        back: bool | None = None
        obstacles: list[str] = []
        probe: tuple[Endpoint, Account, int] | None = None
        for endpoint in ask.endpoints:
            tokens = ask.input_tokens + (ask.output_tokens if endpoint.counts_output else 0)
            if tokens > (endpoint.limits.tpm or tokens) or tokens > (endpoint.limits.tph or tokens):
                obstacles.append("large")
                continue
            if endpoint.shared:
                if back is None:
                    back = self._stands_back(priority, since_ms, tokens, pool)
                if back:
                    obstacles.append("back")
                    continue
            account = self._books.accounts[endpoint.id]
            obstacle = account.obstacle(now_ms, endpoint.limits, tokens)
            if obstacle == "probe" and priority == Priority.DEPLOY:
                probe = probe or (endpoint, account, tokens)
            elif obstacle in ("", "probe"):
                return self._grant(endpoint, account, tokens, priority, pool, probe=bool(obstacle))
            obstacles.append(obstacle)
        if probe:
            return self._grant(*probe, priority, pool, probe=True)
        return self._refuse(ask, obstacles, None if age_ms is None else since_ms, pool)

    def _stands_back(self, priority: int, since_ms: int, tokens: int, pool: Pool) -> bool:
        fleet = self._fleet
        earlier = fleet.earlier(priority, since_ms)
        if earlier and pool.requests is not None and pool.requests - pool.used[0] <= earlier:
            return True
        if priority == Priority.DEPLOY:
            return False
        if fleet.waiting[0] or 0 in self._mine:
            return True
        if pool.requests is None and pool.tokens is None:
            return False
        held = fleet.higher(priority) > 0 or any(mine < priority for mine in self._mine)
        return fleet.stands_back(self._now_ms, priority, tokens, pool, held)

    def _grant(
        self, endpoint: Endpoint, account: Account, tokens: int, priority: int, pool: Pool, *, probe: bool
    ) -> Lease:
        account.minute.add(tokens)
        account.hour.add(tokens)
        account.circuit.let_in(self._now_ms, probe=probe)
        if endpoint.shared:
            self._fleet.granted(self._now_ms, priority, tokens, pool)
        return Lease(self._books.next_lease(), endpoint, tokens, self._now_ms, probe)

    def _refuse(self, ask: Ask, obstacles: list[str], since_ms: int | None, pool: Pool) -> Refusal:
        now_ms, priority = self._now_ms, int(ask.priority)
        ahead = self._fleet.higher(priority) + self._fleet.earlier(priority, now_ms if since_ms is None else since_ms)
        ahead += sum(count for mine, (count, _) in self._mine.items() if mine <= priority)
        never = all(obstacle == "large" for obstacle in obstacles)
        retry_ms = min((self._retry_ms(*pair) for pair in zip(ask.endpoints, obstacles, strict=True)), default=0)
        if since_ms is not None and not never:
            count, first = self._mine.get(priority, (0, since_ms))
            self._mine[priority] = (count + 1, min(first, since_ms))
        wait_ms = max(retry_ms, (ahead + 1) * 60_000 // pool.requests if pool.requests else 0)
        reasons = {endpoint.id: REASONS[obstacle] for endpoint, obstacle in zip(ask.endpoints, obstacles, strict=True)}
        return Refusal(retry_ms / 1000, reasons, ahead, wait_ms / 1000, never)

    def _retry_ms(self, endpoint: Endpoint, obstacle: str) -> int:
        if obstacle in ("full", "back", "ramping"):
            return MINUTE.slot_ms - self._now_ms % MINUTE.slot_ms
        if obstacle in ("hour", "large"):
            return HOUR.slot_ms - self._now_ms % HOUR.slot_ms
        return self._books.accounts[endpoint.id].circuit.retry_at_ms(self._now_ms) - self._now_ms

    def _pool(self, endpoints: tuple[Endpoint, ...]) -> Pool:
        found = self._pools.get(id(endpoints))
        if found is None:
            found = self._pools[id(endpoints)] = self._sum(endpoints)
        return found

    def _sum(self, endpoints: tuple[Endpoint, ...]) -> Pool:
        pool = Pool()
        for endpoint in endpoints:
            account = self._books.account(endpoint, self._now_ms)
            limits = endpoint.limits
            if endpoint.shared and account.circuit.obstacle(self._now_ms, limits.rpm) in ("", "ramping"):
                ceiling = account.circuit.ceiling(self._now_ms)
                pool.requests = _plus(pool.requests, cut(limits.rpm, ceiling))
                pool.tokens = _plus(pool.tokens, cut(limits.tpm, ceiling))
                pool.hour_requests = _plus(pool.hour_requests, limits.rph)
                pool.hour_tokens = _plus(pool.hour_tokens, limits.tph)
                pool.used[0] += account.minute.requests
                pool.used[1] += account.minute.tokens
                pool.hour_used[0] += account.hour.requests
                pool.hour_used[1] += account.hour.tokens
        return pool


def _plus(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more
