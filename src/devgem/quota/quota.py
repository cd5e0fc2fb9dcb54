"""The engine: callers ask and wait their turn; their questions to the ledger travel together.

Calls that are made while a flight to the ledger is out take the next one, so that 64 callers share a round trip and
nothing is handed out in advance. Whoever is refused and will wait queues here by class, in order of arrival; one timer
asks again for the first of each class when the refusal says that it is worth asking.
"""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Self

from devgem.domain.errors import DevGemError
from devgem.quota.ask import Ask, Lease, Outcome, Priority, Refusal, Verdict, Wait
from devgem.quota.board import Board
from devgem.quota.endpoint import Endpoint
from devgem.quota.ledger import Ledger, Waiting

_ASKS_PER_FLIGHT = 256
_HEADS, _HEADS_MAX = 8, 64
_RANK = attrgetter("rank")
_RENEW_SECONDS = 1.0
"""The register of who waits forgets a process that is silent for 1.5 s."""


class _Call:
    __slots__ = ("answer", "ask", "is_queued", "on_wait", "rank", "refusal", "since", "until", "waits")

    def __init__(
        self,
        ask: Ask,
        since: float,
        within: float,
        on_wait: Callable[[Wait], None] | None,
        answer: "asyncio.Future[Lease | Refusal]",
    ) -> None:
        self.ask = ask
        self.since = since
        self.until = since + within
        self.waits = within > 0
        self.on_wait = on_wait
        self.answer = answer
        self.refusal: Refusal | None = None
        self.is_queued = False
        self.rank = (ask.priority, since)


class Quota:
    """Calls of one process, in one event loop. Close it at the end: what waits is refused."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._new: list[_Call] = []
        self._queues: list[deque[_Call]] = [deque() for _ in Priority]
        self._settled: list[tuple[Lease, Outcome, asyncio.Future[None]]] = []
        self._flight: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        self._heads = _HEADS

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def acquire(
        self, ask: Ask, *, within_seconds: float = 0.0, on_wait: Callable[[Wait], None] | None = None
    ) -> Lease | Refusal:
        """A lease, as soon as there is one and at the latest `within_seconds` from now; else the last refusal. A call
        that cannot fit anywhere, or not before that time, is refused at once. `on_wait` is told, at most a few times a
        second, how long it may take and how many go first. Every lease must be settled."""
        loop = asyncio.get_running_loop()
        call = _Call(ask, loop.time(), within_seconds, on_wait, loop.create_future())
        if call.waits and (first := self._refused_first(ask)):
            self._tell_behind(call, first)
            self._queue(call)
        else:
            self._new.append(call)
            self._depart()
        expiry = loop.call_later(within_seconds, self._expire, call) if call.waits else None
        try:
            return await call.answer
        except asyncio.CancelledError:
            self._forget(call)
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    async def settle(self, lease: Lease, outcome: Outcome) -> None:
        """Says what became of the call: the reservation becomes what was used, and the circuit learns of it."""
        done = asyncio.get_running_loop().create_future()
        self._settled.append((lease, outcome, done))
        self._depart()
        await done

    async def board(self, endpoints: Sequence[Endpoint]) -> Board:
        return await self._ledger.board(endpoints)

    async def close(self) -> None:
        """Refuses what waits, hands in what is left to settle, and closes the ledger."""
        waiting = [call for queue in self._queues for call in queue]
        for call in waiting:
            self._expire(call)
        while self._flight is not None:
            await asyncio.wait([self._flight])
        if self._timer is not None:
            self._timer.cancel()
        await self._ledger.close()

    def _refused_first(self, ask: Ask) -> _Call | None:
        """Who goes first and has just been refused the same question."""
        for queue in self._queues[: ask.priority + 1]:
            if queue and queue[0].refusal is not None and queue[0].ask.endpoints == ask.endpoints:
                return queue[0]
        return None

    def _tell_behind(self, call: _Call, first: _Call) -> None:
        """What `first` was told, and the calls of this process that go before."""
        if call.on_wait is not None and (told := first.refusal) is not None:
            ahead = told.ahead + sum(map(len, self._queues[: call.ask.priority + 1]))
            call.on_wait(Wait(told.wait_seconds / (told.ahead + 1) * (ahead + 1), ahead))

    def _expire(self, call: _Call) -> None:
        if not call.answer.done():
            call.answer.set_result(call.refusal or Refusal(0.0, {}))
        self._forget(call)

    def _forget(self, call: _Call) -> None:
        """A waiter that has gone leaves no trace, here or in the register of the fleet."""
        if call.is_queued:
            self._leave(call)
            if not self._queues[call.ask.priority]:
                self._due = True
                self._depart()

    def _depart(self) -> None:
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._fly())

    def _poll(self) -> None:
        self._timer = None
        self._due = True
        self._depart()

    async def _fly(self) -> None:
        try:
            while self._new or self._settled or self._due:
                with contextlib.suppress(DevGemError):  # told to the callers
                    await self._round_trip()
        finally:
            self._flight = None

    async def _round_trip(self) -> None:
        now = asyncio.get_running_loop().time()
        calls, left = self._load()
        settled, self._settled = self._settled, []
        try:
            answers = await self._ledger.decide(
                [(call.ask, _ms(now - call.since) if call.waits else None) for call in calls],
                [(lease, outcome) for lease, outcome, _ in settled],
                [Waiting(Priority(p), n, _ms(now - first)) for p, n, first in left],
            )
        except BaseException as error:
            for call in calls:
                self._leave(call)
                _fail(call.answer, error)
            for *_, done in settled:
                _fail(done, error)
            raise
        for *_, done in settled:
            if not done.done():
                done.set_result(None)
        self._hand_out(calls, answers)

    def _load(self) -> tuple[list[_Call], list[tuple[int, int, float]]]:
        """The new calls and the first of each queue, in the order in which they should be served; and how many are
        left per class, with the arrival of the first of them."""
        self._due = False
        new, self._new = self._new[:_ASKS_PER_FLIGHT], self._new[_ASKS_PER_FLIGHT:]
        if not self._new and not any(self._queues):
            return (sorted(new, key=_RANK) if len(new) > 1 else new), []
        calls = sorted(itertools.chain(new, *map(self._first, self._queues)), key=_RANK)
        left = [
            (priority, len(queue) - self._heads, queue[self._heads].since)
            for priority, queue in enumerate(self._queues)
            if len(queue) > self._heads
        ]
        left += [(call.ask.priority, 1, call.since) for call in self._new if call.waits]
        return calls, left

    def _first(self, queue: "deque[_Call]") -> Iterator[_Call]:
        return itertools.islice(queue, self._heads)

    def _hand_out(self, calls: Sequence[_Call], answers: Sequence[Lease | Refusal]) -> None:
        refused: list[_Call] = []
        now = asyncio.get_running_loop().time()
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, Lease):
                if call.is_queued:
                    self._leave(call)
                if not call.answer.done():
                    call.answer.set_result(answer)
                else:
                    self._return(answer)
            elif not call.waits or answer.never or now + answer.retry_after_seconds > call.until:
                if call.is_queued:
                    self._leave(call)
                if not call.answer.done():
                    call.answer.set_result(answer)
            else:
                call.refusal = answer
                refused.append(call)
        for call in refused:
            if not call.answer.done() and not call.is_queued:
                self._queue(call)
        if not refused and any(self._queues):
            self._heads = min(_HEADS_MAX, self._heads * 2)
            self._due = True
        elif refused:
            self._heads = _HEADS
            self._tell(refused)
            self._plan(min(call.refusal.retry_after_seconds for call in refused if call.refusal))

    def _return(self, lease: Lease) -> None:
        """Nobody waits for it any more."""
        unused = Outcome(Verdict.ABANDONED, input_tokens=0)
        self._settled.append((lease, unused, asyncio.get_running_loop().create_future()))

    def _queue(self, call: _Call) -> None:
        self._queues[call.ask.priority].append(call)
        call.is_queued = True

    def _leave(self, call: _Call) -> None:
        if call.is_queued:
            self._queues[call.ask.priority].remove(call)
            call.is_queued = False

    def _plan(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(max(0.001, min(seconds, _RENEW_SECONDS)), self._poll)

    def _tell(self, refused: Sequence[_Call]) -> None:
        for call in refused:
            if call.on_wait is not None and call.refusal is not None and not call.answer.done():
                call.on_wait(Wait(call.refusal.wait_seconds, call.refusal.ahead))


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        if isinstance(error, Exception):
            future.set_exception(error)
        else:
            future.cancel()


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
