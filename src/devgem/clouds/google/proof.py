"""The proof before the traffic: a revision is ready, and answers at its own tagged address."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.release import newest_of, of_number, ready_condition, short, state_of
from devgem.clouds.google.services import Services
from devgem.clouds.google.shape import port_of
from devgem.clouds.google.start_failures import explain
from devgem.domain.app import Progress, Proof, Revision
from devgem.domain.errors import Conflict
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import display

_READY, _FAILED = 4, 3  # Condition.State

Tail = Callable[[str, str], Awaitable[list[LogLine]]]
"""The latest lines that a revision of a service has logged, by their names."""


@dataclass(frozen=True)
class Patience:
    """In seconds: between looks, until a revision must be ready, until it must answer well, and for one answer. An
    address that was just made leads nowhere for a moment: what it answers counts after `unknown`."""

    look: float = 1.0
    ready: float = 330.0
    well: float = 20.0
    answer: float = 60.0
    unknown: float = 10.0


@dataclass(frozen=True)
class _Answer:
    status: int
    first_byte_seconds: float


class Prover:
    """`tail` reads what was logged."""

    def __init__(self, site: Site, services: Services, tail: Tail, patience: Patience) -> None:
        self._site = site
        self._services = services
        self._tail = tail
        self._patience = patience

    async def prove(self, revision: Revision) -> AsyncGenerator[LogLine | Progress | Proof | Failure, None]:
        """Ends with one Proof or one Failure."""
        began, said = time.monotonic(), ""
        while True:
            found = await self._look(revision)
            if isinstance(found, Failure):
                yield found
                return
            if found is not None:
                break
            waited = time.monotonic() - began
            if waited > self._patience.ready:
                yield await self._timed_out(revision)
                return
            if (words := f"Cloud Run starts it, {waited:.0f} s") != said:
                said = words
                yield Progress(words)
            await asyncio.sleep(self._patience.look)
        url = await self._tagged_url(revision)
        if url is None:
            yield Failure("no_address", "Cloud Run gives it no address of its own", "Deploy again.", retryable=True)
            return
        yield Progress("It is ready; asking it")
        yield await self._asked(revision, url)

    async def _look(self, revision: Revision) -> Any | Failure | None:
        """The revision once it is ready; None while it is not."""
        app = revision.app
        operation = await self._services.operation(app)
        newest = newest_of(of_number(await self._services.revisions(app), app, revision.number))
        condition = ready_condition(newest)
        if newest is not None and state_of(newest) == _READY:
            if operation is None or operation.done:
                await self._services.settled(app)
                return newest
            return None
        wrong = operation.error.message if operation is not None and operation.HasField("error") else ""
        if (newest is not None and state_of(newest) == _FAILED) or wrong:
            await self._services.settled(app)
            return await self._explained(revision, newest, condition, wrong)
        if newest is None and operation is None:
            await self._services.get(app)
            raise Conflict(
                f"{app!r} v{revision.number} is gone from Cloud Run", fix="Deploy again.", code="revision_gone"
            )
        return None

    async def _explained(self, revision: Revision, newest: Any, condition: Any, wrong: str) -> Failure:
        lines = await self._tail(naming.service_of(revision.app), short(newest)) if newest is not None else []
        return explain(self._site, revision, condition, wrong, [line.text for line in lines])

    async def _timed_out(self, revision: Revision) -> Failure:
        newest = newest_of(of_number(await self._services.revisions(revision.app), revision.app, revision.number))
        condition = ready_condition(newest)
        failure = await self._explained(revision, newest, condition, "it was not ready in time")
        if failure.code != "not_ready":
            return failure
        cause = f"Cloud Run did not have it ready within {self._patience.ready:.0f} s"
        return Failure("timeout", cause, failure.fix, failure.evidence, retryable=True)

    async def _tagged_url(self, revision: Revision) -> str | None:
        """It comes with the traffic, which may be a moment later."""
        tag = naming.tag_of(revision.number)
        began = time.monotonic()
        while True:
            service = await self._services.get(revision.app)
            if url := next((str(one.uri) for one in service.traffic_statuses if one.tag == tag and one.uri), None):
                return url
            if time.monotonic() - began >= self._patience.well:
                return None
            await asyncio.sleep(self._patience.look)

    async def _asked(self, revision: Revision, url: str) -> Proof | Failure:
        """As the local cloud judges: any answer below 500 will do; what is worse may get better for a while."""
        path = revision.plan.health_path or "/"
        notes = [_unrun(revision)] if revision.plan.release else []
        began = time.monotonic()
        while True:
            answer = await self._ask(url.rstrip("/") + path)
            waited = time.monotonic() - began
            if isinstance(answer, _Answer) and answer.status < 400:
                return Proof(answer.status, answer.first_byte_seconds, port_of(revision), tuple(notes))
            if isinstance(answer, _Answer) and answer.status < 500 and waited >= self._patience.unknown:
                if path != "/":
                    notes.append(f"the health path {path} answers {answer.status}: judged by / instead")
                    path = "/"
                    continue
                notes.append(f"answers {answer.status} to GET /")
                return Proof(answer.status, answer.first_byte_seconds, port_of(revision), tuple(notes))
            if waited >= self._patience.well:
                return await self._unwell(revision, path, answer)
            await asyncio.sleep(self._patience.look)

    async def _ask(self, url: str) -> "_Answer | str":
        """Or what is wrong with it, in words that complete "it ..."."""
        import httpx2

        began = time.monotonic()
        try:
            async with (
                httpx2.AsyncClient(timeout=self._patience.answer) as client,
                client.stream("GET", url, headers={"User-Agent": "DevGem-Proof/1"}) as response,
            ):
                return _Answer(response.status_code, time.monotonic() - began)
        except httpx2.TimeoutException:
            return f"did not answer within {self._patience.answer:.0f} s"
        except httpx2.HTTPError as error:
            return f"could not be reached: {type(error).__name__}"

    async def _unwell(self, revision: Revision, path: str, answer: "_Answer | str") -> Failure:
        newest = newest_of(of_number(await self._services.revisions(revision.app), revision.app, revision.number))
        lines = await self._tail(naming.service_of(revision.app), short(newest)) if newest is not None else []
        explained = explain(self._site, revision, None, "", [line.text for line in lines])
        if explained.code not in ("not_ready", "never_listens"):
            return explained
        cause = f"it answers {answer.status} to GET {path}" if isinstance(answer, _Answer) else f"it {answer}"
        return Failure(
            "answers_5xx" if isinstance(answer, _Answer) else "no_answer",
            cause,
            "Its log says why.",
            explained.evidence,
        )


def _unrun(revision: Revision) -> str:
    commands = "; ".join(display(command) for command in revision.plan.release)
    return f"the release command is not run on Google Cloud; run it yourself if this commit needs it: {commands}"
