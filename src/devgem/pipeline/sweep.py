"""Finds what stands still, because a process died between two things that belong together, and sets it going."""

from devgem.domain.deployment import Status
from devgem.pipeline import turns
from devgem.pipeline.conclusion import conclude, tidy
from devgem.pipeline.durable import Durable
from devgem.pipeline.parts import Parts


async def sweep(parts: Parts, durable: Durable) -> list[str]:
    """Returns the deployments that are to be begun."""
    async with parts.store.read() as transaction:
        held = await transaction.apps.held()
        waiting = await transaction.deployments.page(statuses=[Status.WAITING], limit=1000)
    started = [await _look(parts, durable, row.name, id) for row in held for id in (row.holder, row.heir) if id]
    for app in {row.app for row in waiting} - {row.name for row in held}:
        async with parts.store.write() as transaction:
            started.append(await turns.give(transaction, app))
    return [id for id in started if id is not None]


async def _look(parts: Parts, durable: Durable, app: str, id: str) -> str | None:
    active = await durable.is_active(id)
    if active:
        return None
    if not id.startswith("dep_"):
        async with parts.store.write() as transaction:
            return await turns.end(transaction, app, id)
    if active is None:  # it was given its turn, but its workflow was not begun
        return id
    await tidy(parts, id)
    return await conclude(parts, id, None, None)
