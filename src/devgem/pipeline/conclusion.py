"""How a deployment ends when it did not go live: nothing of it stays, then its one last event."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from devgem.domain.app import Revision, Traffic
from devgem.domain.deployment import Status
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.pipeline import turns
from devgem.pipeline.clock import seconds_since
from devgem.pipeline.parts import Parts
from devgem.store import DeploymentRow, Fact

_log = logging.getLogger(__name__)


async def tidy(parts: Parts, id: str) -> None:
    """Ends the revision of a deployment that did not go live; the old one has its traffic back, if it lost it."""
    async with parts.store.read() as transaction:
        row = await transaction.deployments.get(id)
        revision = await transaction.revisions.of_deployment(id)
        app = await transaction.apps.get(row.app)
    if row.state.status is not Status.RUNNING or revision is None:
        return
    cloud = parts.clouds[row.order.cloud]
    try:
        async with asyncio.timeout(parts.limits.cleanup_seconds):
            if row.shifting and app.traffic:
                await cloud.shift(row.app, Traffic(app.traffic))
            await cloud.discard(revision)
    except DevGemError as error:
        await _say(parts, row, revision, error.message)
    except TimeoutError:
        await _say(parts, row, revision, f"the {cloud.name} cloud does not answer")


async def conclude(parts: Parts, id: str, step: str | None, failure: Mapping[str, Any] | None) -> str | None:
    """Appends the last event, if there is none yet, and gives the turn on; returns as `turns.end` does. Whether it
    failed or was cancelled is decided here, where nothing else can change it."""
    async with parts.store.write() as transaction:
        app = (await transaction.deployments.get(id)).app
        await transaction.apps.find(app, lock=True)
        row = await transaction.deployments.get(id, lock=True)
        if not row.state.status.is_terminal:
            last = turns.cancelled(row) if row.cancel_requested else _failed(row, step, failure)
            await transaction.deployments.record(id, [last])
        return await turns.end(transaction, app, id)


def _failed(row: DeploymentRow, step: str | None, failure: Mapping[str, Any] | None) -> Fact:
    data = {
        "deployment": row.id,
        "app": row.app,
        "step": step,
        "failure": failure or _interrupted().to_json(),
        "seconds": seconds_since(row.requested_at),
    }
    return Fact(EventType.DEPLOYMENT_FAILED, data)


def _interrupted() -> Failure:
    return Failure(
        "internal",
        cause="DevGem lost track of this deployment: this is a fault of DevGem, not of the app",
        fix="Deploy again; if it comes back, report it with DevGem's own log.",
        retryable=True,
    )


async def _say(parts: Parts, row: DeploymentRow, revision: Revision, cause: str) -> None:
    _log.warning("revision %s of %s was not removed: %s", revision.number, row.app, cause)
    text = f"Revision {revision.number} could not be removed: {cause}"
    await parts.store.append(
        f"deployment:{row.id}", [Fact(EventType.LOG, {"text": text, "stream": "devgem", "step": None})]
    )
