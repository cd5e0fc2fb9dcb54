"""Runs one step of one deployment: says that it starts and how it ended, keeps its deadline, lets it be cancelled.

A step may be run again after a crash. What it had appended carries a key and is not appended twice; if its end is in
the log already, it is not run at all.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any, TypedDict

from devgem.domain.deployment import Step
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import Redactor
from devgem.pipeline.interrupts import Interrupt, Interrupts
from devgem.pipeline.narration import Narration
from devgem.pipeline.parts import Parts
from devgem.pipeline.steps import STEPS
from devgem.pipeline.work import Cancelled, Done, Outcome, Work
from devgem.store import DeploymentRow, Fact

_log = logging.getLogger(__name__)

_ENDED = ("done", "skipped")
_PLAIN = frozenset({"production", "development", "staging", "testing", "localhost", "127.0.0.1"})
"""Values that say nothing to anyone, and whose masking would make a log unreadable."""


class Verdict(TypedDict):
    """Whether the deployment goes on after this step, and why not (no failure: it was cancelled)."""

    goes_on: bool
    failure: dict[str, Any] | None
    step: str


class Runner:
    def __init__(self, parts: Parts, interrupts: Interrupts) -> None:
        self._parts = parts
        self._interrupts = interrupts

    async def run(self, step: Step, id: str) -> Verdict:
        # Watched from before it is read: a cancellation is either in the row already, or interrupts.
        with self._interrupts.watched(id) as interrupt:
            async with self._parts.store.read() as transaction:
                row = await transaction.deployments.get(id)
            if row.state.steps[step].status in _ENDED:
                return Verdict(goes_on=True, failure=None, step=step)
            if row.state.status.is_terminal or row.cancel_requested:
                return Verdict(goes_on=False, failure=None, step=step)
            started = monotonic()
            await self._start(step, row)
            outcome = await self._outcome(step, row, interrupt)
        await self._finish(step, row, outcome, round(monotonic() - started, 3))
        failure = outcome.to_json() if isinstance(outcome, Failure) else None
        return Verdict(goes_on=isinstance(outcome, Done), failure=failure, step=step)

    async def _start(self, step: Step, row: DeploymentRow) -> None:
        async with self._parts.store.write() as transaction:
            usual = await transaction.durations.usual(row.app, step)
            started = Fact(EventType.STEP_STARTED, {"step": step, "usual_seconds": usual}, f"{step}.started")
            await transaction.deployments.record(row.id, [started])

    async def _finish(self, step: Step, row: DeploymentRow, outcome: Outcome, seconds: float) -> None:
        if isinstance(outcome, Cancelled):
            return
        async with self._parts.store.write() as transaction:
            state = (await transaction.deployments.get(row.id, lock=True)).state
            if state.status.is_terminal or state.steps[step].status in _ENDED:
                return  # this process was taken for dead, and another one has been here
            if isinstance(outcome, Failure):
                data = {"step": step, "seconds": seconds, "failure": outcome.to_json()}
                await transaction.deployments.record(row.id, [Fact(EventType.STEP_FAILED, data, f"{step}.failed")])
                return
            if outcome.save:
                await outcome.save(transaction)
            if not outcome.skipped:
                await transaction.durations.add(row.app, step, seconds)
            data = {"step": step, "seconds": seconds, "skipped": outcome.skipped, **outcome.data}
            finished = Fact(EventType.STEP_FINISHED, data, f"{step}.finished")
            await transaction.deployments.record(row.id, [*outcome.before, finished, *outcome.after])

    async def _outcome(self, step: Step, row: DeploymentRow, interrupt: Interrupt) -> Outcome:
        redact: Callable[[str], str] = str
        try:
            redact = await self._redactor(parent_of(row.app) or row.app)
            outcome = await self._supervised(step, row, redact, interrupt)
        except DevGemError as error:
            outcome = Failure.of(error)
        except Exception:  # noqa: BLE001 - a step that breaks must end its deployment, whatever it was
            _log.exception("step %s of %s broke", step, row.id)
            outcome = _broken(step)
        return _redacted(outcome, redact) if isinstance(outcome, Failure) else outcome

    async def _supervised(
        self, step: Step, row: DeploymentRow, redact: Callable[[str], str], interrupt: Interrupt
    ) -> Outcome:
        limits = self._parts.limits
        deadline = limits.deadlines_seconds[step]
        async with Narration(self._parts.store, row.id, step, redact, limits) as narration:
            work = asyncio.ensure_future(STEPS[step](Work(self._parts, row, narration)))
            either: set[asyncio.Future[Any]] = {work, interrupt}
            try:
                await asyncio.wait(either, timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not work.done():
                    work.cancel()
                    await asyncio.wait({work}, timeout=limits.cleanup_seconds)
        if work.done() and not work.cancelled():
            return work.result()
        return Cancelled() if interrupt.done() else _too_slow(step, deadline)

    async def _redactor(self, app: str) -> Callable[[str], str]:
        async with self._parts.store.read() as transaction:
            values = [
                value
                for build in (True, False)
                for value in (await transaction.config_vars.values(app, build=build)).values()
            ]
        return Redactor(value for value in values if value.lower() not in _PLAIN)


def _redacted(failure: Failure, redact: Callable[[str], str]) -> Failure:
    return replace(failure, cause=redact(failure.cause), fix=redact(failure.fix), evidence=redact(failure.evidence))


def _too_slow(step: Step, deadline: float) -> Failure:
    return Failure(
        "timeout",
        cause=f"The {step} step took longer than {deadline:g} seconds",
        fix="See in the log what it was waiting for, and deploy again.",
        retryable=True,
    )


def _broken(step: Step) -> Failure:
    return Failure(
        "internal",
        cause=f"The {step} step broke: this is a fault of DevGem, not of the app",
        fix="Deploy again; if it comes back, report it with DevGem's own log.",
        retryable=True,
    )
