"""What all calls of a process share: the quota, the client, what was learned, and the budget of retries."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from devgem.llm.attempt import Deadlines
from devgem.llm.endpoints import Address
from devgem.llm.google import GoogleModels
from devgem.llm.notices import Notice, Observe, Spending
from devgem.llm.telemetry import Telemetry
from devgem.quota import Ask, Lease, Outcome, Priority, Refusal, Verdict, Wait
from devgem.quota.estimate import Estimates

Result = TypeVar("Result")


class Gate(Protocol):
    """The quota engine, as far as a call needs it."""

    async def acquire(
        self, ask: Ask, *, within_seconds: float = 0.0, on_wait: Callable[[Wait], None] | None = None
    ) -> Lease | Refusal: ...

    async def settle(self, lease: Lease, outcome: Outcome) -> None: ...


def _ignore(notice: Notice) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who calls, and what for. `task` names calls with answers of about the same length."""

    addresses: tuple[Address, ...]
    priority: Priority = Priority.CHAT
    task: str = "chat"
    observe: Observe = _ignore
    spending: Spending | None = None


@dataclass(slots=True)
class RetryBudget:
    """Going back to an endpoint that has failed the same call: at most a tenth of the calls, over a few that are always
    there, since an outage everywhere must not be answered with a storm. In every process alike, so it holds for the
    fleet. Going on to an endpoint not yet tried costs nothing: the circuits keep the fleet away from broken ones."""

    kept: float = 20.0
    per_call: float = 0.1
    left: float = 20.0

    def call(self) -> None:
        self.left = min(self.kept, self.left + self.per_call)

    def take(self) -> bool:
        if self.left < 1:
            return False
        self.left -= 1
        return True


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Routes:
    """Close it at the end. `most_attempts` is per call of the model."""

    quota: Gate
    models: GoogleModels
    deadlines: Deadlines = field(default_factory=Deadlines)
    telemetry: Telemetry = field(default_factory=Telemetry)
    estimates: Estimates = field(default_factory=Estimates)
    retries: RetryBudget = field(default_factory=RetryBudget)
    most_attempts: int = 8
    now: Callable[[], datetime] = _utc_now
    _unfinished: set[asyncio.Task[Any]] = field(default_factory=set)

    async def see_through(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Does it to its end, also when the caller is cancelled meanwhile."""
        return await asyncio.shield(self._start(work))

    def tell_started(self, lease: Lease) -> None:
        """Others need not wait for the end of the one call that probes a circuit."""
        if lease.is_probe:
            self._start(self.quota.settle(lease, Outcome(Verdict.STARTED)))

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return task

    async def close(self) -> None:
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        await self.models.close()
