"""Takes webhooks in, deals with them one after the other, and has GitHub told what came of it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from devgem.domain.errors import Conflict, DevGemError, Unavailable
from devgem.pipeline.clock import now, seconds_since
from devgem.pipeline.intake import REMOVING
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.push.acting import Acting
from devgem.pipeline.push.telling import Telling
from devgem.source import Tokens
from devgem.source.github import GitHub
from devgem.source.hooks import (
    Event,
    PullRequestClosed,
    PullRequestShown,
    Pushed,
    digest_of,
    from_document,
    to_document,
)
from devgem.store import Delivery, PullState, Store

_log = logging.getLogger(__name__)

_CONSENT = "Consented"
_AGAIN = timedelta(seconds=2)
_GIVEN_UP_SECONDS = 3600.0


class Pushes:
    """What was taken in is in the database, so that any process may deal with it, also after a crash. `site` is the
    dashboard's address as GitHub's users reach it; every `poll_seconds` it is looked what is to be told."""

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        github: GitHub,
        token_of: Tokens,
        *,
        site: str,
        poll_seconds: float = 2.0,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._acting = Acting(store, pipeline, github, token_of)
        self._telling = Telling(store, github, token_of, site=site)
        self._poll_seconds = poll_seconds
        self._stirred = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Goes on with what was not dealt with, and not told."""
        loops = (self._deal, self._telling.tell)
        self._tasks = [asyncio.create_task(self._keep(work)) for work in loops]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def receive(self, id: str, body: bytes, event: Event) -> bool:
        """Takes a webhook in; whether it is the first time that it comes."""
        return await self._take_in(id, digest_of(body), to_document(event))

    async def consent(self, app: str, number: int, sha: str) -> None:
        """A member agrees that this commit of a pull request is deployed with the app's config vars. Raises NotFound,
        and Conflict when the pull request is at another commit by now, or does not wait."""
        async with self._store.read() as transaction:
            await transaction.apps.get(app)
            pull = await transaction.pull_requests.get(app, number)
        if pull.sha != sha:
            raise Conflict(
                f"pull request {number} has another commit by now", fix="Look at it again.", code="commit_changed"
            )
        if pull.state is not PullState.WAITING:
            raise Conflict(f"pull request {number} does not wait for consent", code="not_waiting")
        id = f"consent:{app}:{number}:{sha}"
        await self._take_in(id, digest_of(id.encode()), {"kind": _CONSENT, "app": app, "number": number, "sha": sha})

    async def discard(self, app: str, number: int) -> None:
        """Removes the preview of a pull request, which comes back with its next commit. Raises NotFound."""
        async with self._store.write() as transaction:
            await transaction.apps.get(app)
            await transaction.pull_requests.get(app, number)
            await transaction.pull_requests.close(app, number, now=now())
        await self._pipeline.discard_preview(app, number)
        self._stir()

    async def _take_in(self, id: str, digest: bytes, document: dict[str, object]) -> bool:
        async with self._store.write() as transaction:
            is_new = await transaction.deliveries.add(id, digest, document, now=now())
        self._stir()
        return is_new

    def _stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def _keep(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            stirred = self._stirred
            try:
                await work()
            except Unavailable as error:
                _log.warning("what GitHub sent waits: %s", error.message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await stirred.wait()

    async def _deal(self) -> None:
        while True:
            async with self._store.write() as transaction:
                delivery = await transaction.deliveries.take(now=now())
            if delivery is None:
                return
            outcome = await self._outcome(delivery)
            async with self._store.write() as transaction:
                if outcome is None:
                    await transaction.deliveries.put_back(delivery.id, until=now() + _AGAIN)
                else:
                    await transaction.deliveries.finish(delivery.id, outcome)
            if outcome is not None:
                _log.info("webhook %s: %s", delivery.id, outcome)
                self._stir()

    async def _outcome(self, delivery: Delivery) -> str | None:
        """None: it is to be tried again."""
        try:
            return await self._act(delivery)
        except DevGemError as error:
            again = isinstance(error, Unavailable) or (isinstance(error, Conflict) and error.code == REMOVING)
            if again and seconds_since(delivery.at) < _GIVEN_UP_SECONDS:
                return None
            return f"given up: {error.message}"
        except Exception:  # noqa: BLE001 - one webhook that breaks must not keep the others from being dealt with
            _log.exception("webhook %s broke", delivery.id)
            return "it broke: this is a fault of DevGem"

    async def _act(self, delivery: Delivery) -> str:
        document = delivery.document
        if document["kind"] == _CONSENT:
            return await self._acting.agree(document["app"], document["number"], document["sha"], delivery)
        match from_document(document):
            case Pushed() as event:
                return await self._acting.push(event, delivery)
            case PullRequestShown() as event:
                return await self._acting.show(event, delivery)
            case PullRequestClosed() as event:
                return await self._acting.close(event, delivery)
