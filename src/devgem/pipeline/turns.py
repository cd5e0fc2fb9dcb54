"""Whose turn it is to act on an app: one deployment or other operation at a time, its `holder`.

A deployment waits, as the only one that does: a newer request supersedes it. An operation (rollback, removal) does not
wait for deployments: it has them cancelled, becomes the holder's heir, and takes its turn before any deployment that
was requested after it.
"""

from devgem.domain.deployment import Status
from devgem.domain.errors import Conflict
from devgem.domain.event import EventType
from devgem.pipeline.clock import seconds_since
from devgem.store import DeploymentRow, Fact, Transaction


async def give(transaction: Transaction, app: str) -> str | None:
    """Gives the turn to whoever is next, if it is free. Returns the id of a deployment that is to be started."""
    row = await transaction.apps.find(app, lock=True)
    if row is None or row.holder is not None:
        return None
    if row.heir is not None:
        await transaction.apps.set_holder(app, row.heir, heir=None)
        return None
    waiting = await transaction.deployments.page(app=app, statuses=[Status.WAITING], limit=1)
    if not waiting:
        return None
    id = waiting[0].id
    await transaction.apps.set_holder(app, id, heir=None)
    started = Fact(EventType.DEPLOYMENT_STARTED, {"deployment": id, "app": app}, "deployment.started")
    await transaction.deployments.record(id, [started])
    return id


async def end(transaction: Transaction, app: str, holder: str) -> str | None:
    """Ends the turn of `holder`, or its wait for one, and gives it on; returns as `give` does."""
    row = await transaction.apps.find(app, lock=True)
    if row is None:
        return None
    if row.holder == holder:
        await transaction.apps.set_holder(app, None, heir=row.heir)
    elif row.heir == holder:
        await transaction.apps.set_holder(app, row.holder, heir=None)
    return await give(transaction, app)


async def claim(transaction: Transaction, app: str, operation: str) -> bool:
    """Whether it is this operation's turn; if not, it is the next one to have it. Raises Conflict when another
    operation is."""
    row = await transaction.apps.get(app, lock=True)
    if row.holder == operation:
        return True
    if row.heir not in (None, operation):
        raise Conflict(f"another change of {app!r} is under way", fix="Try again when it is done.")
    if row.holder is None:
        await transaction.apps.set_holder(app, operation, heir=None)
        return True
    await transaction.apps.set_holder(app, row.holder, heir=operation)
    return False


async def supersede(transaction: Transaction, app: str, by: str) -> None:
    """Ends the deployment that waits, in favour of a newer one."""
    for row in await transaction.deployments.page(app=app, statuses=[Status.WAITING]):
        if row.id != by:
            data = {"deployment": row.id, "app": app, "by": by}
            await transaction.deployments.record(row.id, [Fact(EventType.DEPLOYMENT_SUPERSEDED, data)])


async def cancel(transaction: Transaction, row: DeploymentRow) -> bool:
    """Ends a waiting deployment, and asks a running one to end. Returns whether there was anything to cancel: not
    when it has ended, and not when its traffic is shifting."""
    if row.state.status is Status.WAITING:
        await transaction.deployments.record(row.id, [cancelled(row)])
        return True
    if row.state.status.is_terminal or row.shifting:
        return False
    await transaction.deployments.request_cancel(row.id)
    return True


async def cancel_all(transaction: Transaction, app: str) -> list[str]:
    await transaction.apps.get(app, lock=True)
    rows = await transaction.deployments.page(app=app, statuses=[Status.WAITING, Status.RUNNING])
    locked = [await transaction.deployments.get(row.id, lock=True) for row in rows]
    return [row.id for row in locked if await cancel(transaction, row)]


def cancelled(row: DeploymentRow) -> Fact:
    data = {"deployment": row.id, "app": row.app, "seconds": seconds_since(row.requested_at)}
    return Fact(EventType.DEPLOYMENT_CANCELLED, data)
