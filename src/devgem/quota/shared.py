"""The ledger in Redis, and what a process does while Redis is gone, slow, read-only, full or emptied.

This process keeps books of what it was granted. When Redis does not answer, they decide alone, with this process' share
of the limits: four fifths, divided by the number of processes last seen, and in the first window after the loss no more
than what it holds already and its part of what was free. What it grants is written into Redis when it is back. Where
Redis has forgotten (emptied, or restored from an older state), every process says anew what it was granted, and until
then the script grants nothing. So the limits hold throughout, and an error of ours refuses nobody for long.
"""

import asyncio
import dataclasses
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from devgem.domain.errors import Unavailable
from devgem.quota.ask import Ask, Lease, Outcome, Refusal, Verdict
from devgem.quota.board import Board
from devgem.quota.books import REASONS, Books, used_tokens
from devgem.quota.endpoint import Endpoint, Limits
from devgem.quota.ledger import Waiting
from devgem.quota.memory import MemoryLedger, monotonic_ms
from devgem.quota.redis import Correction, RedisLedger
from devgem.quota.showing import show, show_shared
from devgem.quota.window import HOUR, MINUTE

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0
_BEAT_SECONDS, _IDLE_BEAT_SECONDS = 1.0, 10.0


class SharedLedger:
    """`processes` says how many share the limits where Redis has not told yet; `close` ends the connection."""

    def __init__(
        self,
        remote: RedisLedger,
        close: Callable[[], Awaitable[None]],
        *,
        processes: Callable[[], int] = lambda: 1,
    ) -> None:
        self._remote = remote
        self._close = close
        self._processes = processes
        self._alone = MemoryLedger(self._now_ms)
        self._own = self._alone.books
        self._draw = random.Random()  # noqa: S311 - jitter, no secret
        self._endpoints: dict[str, Endpoint] = {}
        self._owed: dict[tuple[str, int, int], list[int]] = {}
        self._unbooked: dict[tuple[str, int], list[int]] = {}
        self._share = _Share(self._own, {}, 0, 1)
        self._ahead_ms = int(time.time() * 1000) - monotonic_ms()
        self._trouble = ""
        self._retry_at = 0.0
        self._looked_at = 0.0
        self._asked_at = 0.0
        self._turn = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None

    async def decide(
        self,
        asks: Sequence[tuple[Ask, int | None]] = (),
        settled: Sequence[tuple[Lease, Outcome]] = (),
        waiting: Sequence[Waiting] = (),
    ) -> list[Lease | Refusal]:
        known: tuple[Endpoint, ...] = ()
        for ask, _ in asks:
            if ask.endpoints is not known:
                known = ask.endpoints
                self._endpoints.update((endpoint.id, endpoint) for endpoint in known)
        if self._beat is None:
            self._beat = asyncio.get_running_loop().create_task(self._keep_in_touch())
        async with self._turn:
            if self._may_ask():
                try:
                    return await self._ask(asks, settled, waiting)
                except Unavailable as error:
                    self._lose(error)
                    self._record_settled(settled)  # the remote ledger keeps them, to be sent again
                    settled = ()
            return await self._decide_alone(asks, settled, waiting)

    async def board(self, endpoints: Sequence[Endpoint]) -> Board:
        async with self._turn:
            if self._may_ask():
                try:
                    await self._remote.decide(look_at=endpoints)
                    sight = self._remote.sight
                    assert sight is not None
                    await self._find()
                    return show_shared(sight, endpoints)
                except Unavailable as error:
                    self._lose(error)
            own = [dataclasses.replace(e, limits=self._share.of(e, self._now_ms()) or e.limits) for e in endpoints]
            board = show(self._own, own, self._now_ms())
            told = f"{self._trouble}; this process goes on with its share of the limits, 1 of {self._share.processes}"
            return dataclasses.replace(board, processes=self._share.processes, degraded=told)

    async def close(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)
        await self._close()

    def _may_ask(self) -> bool:
        return not self._trouble or time.monotonic() >= self._retry_at

    async def _ask(
        self,
        asks: Sequence[tuple[Ask, int | None]],
        settled: Sequence[tuple[Lease, Outcome]],
        waiting: Sequence[Waiting] | None,
    ) -> list[Lease | Refusal]:
        now = time.monotonic()
        due = now - self._looked_at >= _LOOK_SECONDS
        look_at = [endpoint for endpoint in self._endpoints.values() if endpoint.shared] if due else []
        answers = await self._remote.decide(asks, settled, waiting, self._corrections(), look_at)
        self._owed.clear()
        self._asked_at = now
        if look_at:
            self._looked_at = now
        self._record_settled(settled)
        await self._find()
        self._record(answer for answer in answers if isinstance(answer, Lease))
        return answers

    async def _decide_alone(
        self,
        asks: Sequence[tuple[Ask, int | None]],
        settled: Sequence[tuple[Lease, Outcome]],
        waiting: Sequence[Waiting],
    ) -> list[Lease | Refusal]:
        self._catch_up()
        for lease, outcome in settled:
            self._owe(lease, 0, used_tokens(lease, outcome) - lease.tokens)
        self._record_settled(settled)
        now_ms = self._now_ms()
        mine: dict[str, Endpoint] = {}
        for endpoint in self._endpoints.values():
            if (limits := self._share.of(endpoint, now_ms)) is not None:
                mine[endpoint.id] = dataclasses.replace(endpoint, limits=limits)
        preferences = {id(a.endpoints): tuple(mine[e.id] for e in a.endpoints if e.id in mine) for a, _ in asks}
        scaled = [(dataclasses.replace(ask, endpoints=preferences[id(ask.endpoints)]), age) for ask, age in asks]
        answers = await self._alone.decide(scaled, (), waiting)
        return [self._translate(ask, answer) for (ask, _), answer in zip(asks, answers, strict=True)]

    def _translate(self, ask: Ask, answer: Lease | Refusal) -> Lease | Refusal:
        """The same in terms of the endpoints as they were asked for."""
        if isinstance(answer, Lease):
            lease = answer._replace(endpoint=self._endpoints[answer.endpoint.id])
            self._owe(lease, 1, lease.tokens)
            return lease
        reasons = {e.id: answer.reasons.get(e.id, REASONS["full"]) for e in ask.endpoints}
        retry = answer.retry_after_seconds or _RETRY_SECONDS
        never = answer.never and bool(answer.reasons) and len(answer.reasons) == len(ask.endpoints)
        return dataclasses.replace(answer, reasons=reasons, retry_after_seconds=retry, never=never)

    def _lose(self, error: Unavailable) -> None:
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._catch_up()
        if not self._trouble:
            _log.warning("the shared quota ledger is lost: %s", error.message)
            sight = self._remote.sight
            accounts = sight.accounts if sight else {}
            count = max(1, self._processes(), sight.processes if sight else 1)
            self._share = _Share(self._own, accounts, self._now_ms(), count)
            for id, account in accounts.items():
                self._own.account(self._endpoints[id], self._now_ms()).circuit.heed(account[10], account[11])
        self._trouble = error.message

    async def _find(self) -> None:
        """Redis has answered; where it has forgotten, it is told anew."""
        assert self._remote.sight is not None
        if self._remote.sight.is_lost:
            await self._remote.decide(corrections=list(self._everything()))
            self._owed.clear()
        self._ahead_ms = self._remote.sight.now_ms - monotonic_ms()
        if self._trouble:
            _log.warning("the shared quota ledger is back")
            self._trouble = ""

    def _record(self, leases: Iterable[Lease]) -> None:
        """Kept until somebody looks at the books."""
        for lease in leases:
            self._book(lease, 1, lease.tokens)

    def _record_settled(self, settled: Sequence[tuple[Lease, Outcome]]) -> None:
        for lease, outcome in settled:
            if outcome.verdict is Verdict.OK and not lease.is_probe:
                self._book(lease, 0, used_tokens(lease, outcome) - lease.tokens)
            else:
                self._catch_up()
                self._own.settle(self._now_ms(), lease, outcome, self._draw.randrange(1000))

    def _book(self, lease: Lease, requests: int, tokens: int) -> None:
        key = (lease.endpoint.id, lease.at_ms // MINUTE.slot_ms)
        booked = self._unbooked.get(key)
        if booked is None:
            booked = self._unbooked[key] = [0, 0]
        booked[0] += requests
        booked[1] += tokens

    def _catch_up(self) -> None:
        for (id, slot), (requests, tokens) in self._unbooked.items():
            account = self._own.account(self._endpoints[id], slot * MINUTE.slot_ms)
            account.minute.adjust(slot, requests, tokens)
            account.hour.adjust(slot * MINUTE.slot_ms // HOUR.slot_ms, requests, tokens)
        self._unbooked.clear()

    def _owe(self, lease: Lease, requests: int, tokens: int) -> None:
        for window, slot_ms in ((1, MINUTE.slot_ms), (2, HOUR.slot_ms)):
            owed = self._owed.setdefault((lease.endpoint.id, window, lease.at_ms // slot_ms), [0, 0])
            owed[0] += requests
            owed[1] += tokens

    def _corrections(self) -> list[Correction]:
        return [
            Correction(self._endpoints[id], window, slot, requests, tokens)
            for (id, window, slot), (requests, tokens) in self._owed.items()
        ]

    def _everything(self) -> Iterable[Correction]:
        """What this process was granted, as far as it still counts."""
        self._catch_up()
        for id, account in self._own.accounts.items():
            for window, ring in ((1, account.minute), (2, account.hour)):
                ring.advance(self._now_ms())
                for slot, requests, tokens in ring.entries():
                    yield Correction(self._endpoints[id], window, slot, requests, tokens)

    async def _keep_in_touch(self) -> None:
        """Notices that Redis is back, or has forgotten, though nobody asks for anything."""
        while True:
            self._catch_up()
            used = any(account.minute.requests for account in self._own.accounts.values())
            await asyncio.sleep(_BEAT_SECONDS if used or self._trouble else _IDLE_BEAT_SECONDS)
            for account in self._own.accounts.values():
                account.advance(self._now_ms())
            if time.monotonic() - self._asked_at >= _BEAT_SECONDS:
                async with self._turn:
                    if self._may_ask():
                        try:
                            await self._ask((), (), None)
                        except Unavailable as error:
                            self._lose(error)

    def _now_ms(self) -> int:
        """Redis' time, as far as is known."""
        return monotonic_ms() + self._ahead_ms


class _Share:
    """What one of `processes` may use of the limits, from `since_ms` on, when `accounts` were last seen in Redis."""

    def __init__(self, own: Books, accounts: dict[str, list[object]], since_ms: int, processes: int) -> None:
        self.processes = processes
        self._since_ms = since_ms
        self._held: dict[str, tuple[tuple[int, int], ...]] = {}
        for id, account in accounts.items():
            mine = own.accounts.get(id)
            minute = (mine.minute.requests, mine.minute.tokens) if mine else (0, 0)
            hour = (mine.hour.requests, mine.hour.tokens) if mine else (0, 0)
            used = [int(str(account[at])) for at in (1, 2, 6, 7)]
            self._held[id] = tuple(zip((*minute, *hour), used, strict=True))

    def of(self, endpoint: Endpoint, now_ms: int) -> Limits | None:
        """None when a limit leaves nothing for this process."""
        limits = endpoint.limits
        held = self._held.get(endpoint.id, ((0, 0),) * 4)
        spans = (MINUTE.span_ms, MINUTE.span_ms, HOUR.span_ms, HOUR.span_ms)
        shares = [
            self._part(limit, *held[at], at_loss=now_ms - self._since_ms <= spans[at] + MINUTE.margin_ms)
            for at, limit in enumerate((limits.rpm, limits.tpm, limits.rph, limits.tph))
        ]
        return None if 0 in shares else Limits(*shares)

    def _part(self, limit: int | None, own: int, used: int, *, at_loss: bool) -> int | None:
        if limit is None:
            return None
        part = limit * 4 // (5 * self.processes)
        if not at_loss:
            return part
        return min(part, own + max(0, limit - used) * 4 // (5 * self.processes))
