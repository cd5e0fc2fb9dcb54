"""What edits of an app begin at: the deployment that a user means when they say "it"."""

from dataclasses import dataclass

from devgem.domain.app import Commit, Repository
from devgem.domain.deployment import Status
from devgem.domain.errors import Conflict
from devgem.store import DeploymentRow, Transaction

_LOOKED_AT = 20


@dataclass(frozen=True)
class Origin:
    """`patch` are the edits that this deployment had already, `user` is whose app it is."""

    deployment: str
    repository: Repository
    commit: Commit
    patch: str
    own: bool
    user: str


async def origin_of(transaction: Transaction, app: str) -> Origin:
    """The last deployment if it failed, since that is what is to be mended; else the one that is live. Raises NotFound,
    and Conflict when no deployment got as far as a commit."""
    held = await transaction.apps.get(app)
    live = held.live
    ended = [Status.LIVE, Status.FAILED]
    rows = await transaction.deployments.page(app=app, statuses=ended, limit=_LOOKED_AT)
    last = next((row for row in rows if row.commit), None)
    if last and (last.state.status is Status.FAILED or live is None):
        return _origin(last, held.owner)
    if live is None:
        raise Conflict(
            f"no deployment of {app!r} has come to a commit yet", fix="Deploy it first.", code="nothing_deployed"
        )
    revision = await transaction.revisions.get(app, live)
    return _origin(await transaction.deployments.get(revision.deployment), held.owner)


async def live_patch(transaction: Transaction, app: str, commit: Commit) -> str:
    """The edits on this commit that are live; none when another commit is, or nothing."""
    live = (await transaction.apps.get(app)).live
    if live is None:
        return ""
    row = await transaction.deployments.get((await transaction.revisions.get(app, live)).deployment)
    return row.order.patch if row.commit == commit else ""


def _origin(row: DeploymentRow, user: str) -> Origin:
    assert row.commit is not None, "a deployment that is live or was chosen has one"
    return Origin(row.id, row.order.repository, row.commit, row.order.patch, row.order.own, user)
