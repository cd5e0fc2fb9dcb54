"""Opens what a conversation edits of an app: at what is deployed, or where it was left."""

import contextlib
from dataclasses import replace

from devgem.domain.deployment import Status
from devgem.domain.errors import Conflict, InvalidInput
from devgem.pipeline.open_workspace import Desk, OpenWorkspace, begun
from devgem.pipeline.origin import live_patch, origin_of
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.publisher import Publisher
from devgem.source import Sources
from devgem.source.github import GitHub
from devgem.source.workspace import History
from devgem.store import DeploymentRow, Store

_ENDED = (Status.LIVE, Status.FAILED)


class Workspaces:
    """`sources` are the pipeline's; `github` is where pull requests are opened."""

    def __init__(self, store: Store, sources: Sources, pipeline: Pipeline, *, github: GitHub | None = None) -> None:
        self._desk = Desk(store, sources, pipeline, Publisher(sources, github or GitHub()))

    async def open(self, app: str, conversation: str) -> OpenWorkspace:
        """The conversation's workspace of an app. One without edits of its own begins anew at what is deployed by now;
        the edits of another one are brought onto that, unless they do not go together: then it `is_behind`. Raises
        NotFound, Conflict when nothing of the app came to a commit yet, and SourceError."""
        async with self._desk.store.read() as transaction:
            origin = await origin_of(transaction, app)
            live = await live_patch(transaction, app, origin.commit)
            row = await transaction.workspaces.find(app, conversation)
            last = await transaction.deployments.find(row.deployment) if row and row.deployment else None
        if row is None:
            return await OpenWorkspace.at(self._desk, begun(app, conversation, origin), origin, live)
        opened = await OpenWorkspace.at(self._desk, row, origin, live)
        moved = (row.commit.sha, row.deployed) != (origin.commit.sha, origin.patch)
        if moved and _has_ended(last) and not await opened.is_pending():
            anew = begun(app, conversation, origin, count=History.from_json(row.history).count)
            anew = replace(anew, version=row.version, branch=row.branch)
            return await OpenWorkspace.at(self._desk, anew, origin, live)
        if opened.is_behind:
            with contextlib.suppress(Conflict, InvalidInput):
                await opened.rebase()
        return opened


def _has_ended(last: DeploymentRow | None) -> bool:
    """Edits whose deployment waits, runs or was cancelled are still to become live."""
    return last is None or last.state.status in _ENDED
