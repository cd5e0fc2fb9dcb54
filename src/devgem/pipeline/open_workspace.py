"""What a conversation edits of an app: changed edit by edit, checked, shown, previewed, made live, pushed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from devgem.domain.app import Build
from devgem.domain.deployment import Deployment, Status
from devgem.domain.errors import Conflict, InvalidInput
from devgem.domain.ids import new_id, preview_of
from devgem.domain.trial import Finding
from devgem.pipeline.checks import NO_PLAN, check_edits
from devgem.pipeline.origin import Origin, live_patch, origin_of
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.publisher import Publication, Published, Publisher
from devgem.pipeline.request import DeployRequest
from devgem.source import Sources
from devgem.source.workspace import (
    Checkpoint,
    Delete,
    Edit,
    FileChange,
    Files,
    Flag,
    History,
    Match,
    Replacement,
    Reset,
    View,
    Write,
    changes,
    choose,
    flags,
    patch_text,
    rebased,
)
from devgem.source.workspace.history import FILES
from devgem.store import Store, WorkspaceRow

_UNDER_WAY = (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True)
class Diff:
    """What the edits change of what is deployed. `patch` is all that they change of the commit, for `git apply`."""

    files: Sequence[FileChange]
    flags: Sequence[Flag]
    patch: str


@dataclass(frozen=True)
class Desk:
    """What a workspace needs of the rest of DevGem."""

    store: Store
    sources: Sources
    pipeline: Pipeline
    publisher: Publisher


class OpenWorkspace:
    """Every change is stored before it returns. Raises Conflict when the same workspace was changed elsewhere since it
    was opened: open it again then."""

    def __init__(self, desk: Desk, row: WorkspaceRow, origin: Origin, live: str, root: Path) -> None:
        self._desk = desk
        self._row = row
        self._origin = origin
        self._live = live
        self._root = root
        self._history = History.from_json(row.history)

    @classmethod
    async def at(cls, desk: Desk, row: WorkspaceRow, origin: Origin, live: str) -> Self:
        """`live` are the edits on the origin's commit that are live. Raises SourceError."""
        root = await desk.sources.checkout(row.repository, row.commit, user=origin.user)
        return cls(desk, row, origin, live, root)

    @property
    def app(self) -> str:
        return self._row.app

    @property
    def commit(self) -> str:
        """The SHA that the edits are made of."""
        return self._row.commit.sha

    @property
    def is_behind(self) -> bool:
        """Whether another commit, or the edits of another conversation, were deployed since these edits began."""
        newer = self._origin.deployment > (self._row.deployment or "")
        return not self._same_commit or (newer and self._origin.patch != self._row.deployed)

    @property
    def checkpoint(self) -> str | None:
        """The one that counts; None: the commit itself."""
        return self._history.head

    @property
    def checkpoints(self) -> Sequence[Checkpoint]:
        """Every one there ever was, oldest first."""
        return self._history.checkpoints

    async def files(self, under: str = "") -> list[str]:
        """Paths, sorted, of the files in a folder."""
        return await (await self._view()).files(under)

    async def read(self, path: str) -> str:
        """Raises NotFound, and InvalidInput for what is no text."""
        view = await self._view()
        return await asyncio.to_thread(view.read, path)

    async def search(self, text: str, *, limit: int = 100) -> list[Match]:
        """The lines that hold a text, whatever its case."""
        if not text.strip():
            raise InvalidInput("what to search for is empty", fix="Give a word or a part of a line.")
        view = await self._view()
        return await asyncio.to_thread(view.search, await view.files(), text, limit)

    async def edit(self, path: str, search: str, replacement: str) -> Checkpoint:
        """Puts `replacement` in the one place where `search` is. Raises Conflict when it is not there just once."""
        return await self.apply([Replacement(path, search, replacement)], f"Change {path}")

    async def write(self, path: str, text: str) -> Checkpoint:
        """The whole text of a small file."""
        return await self.apply([Write(path, text)], f"Write {path}")

    async def delete(self, path: str) -> Checkpoint:
        return await self.apply([Delete(path)], f"Delete {path}")

    async def apply(self, edits: Sequence[Edit], summary: str) -> Checkpoint:
        """All of them or none, as one checkpoint. Raises InvalidInput, Conflict."""
        history = self._history.add(edits, summary)
        after = await self._view(history)
        if after.same_as(await self._view()):
            raise Conflict("the edit changes nothing", fix="Look at the file as it is now.", code="no_change")
        if len(after.now) > FILES:
            raise Conflict(f"more than {FILES} files are edited", fix="Take back some.", code="too_many_files")
        await self._keep(history)
        return history.checkpoints[-1]

    async def undo(self) -> str | None:
        """Returns the checkpoint that counts then."""
        return await self._keep(self._history.undo())

    async def redo(self) -> str | None:
        return await self._keep(self._history.redo())

    async def restore(self, checkpoint: str | None) -> str | None:
        """Goes to any checkpoint there ever was; None: the commit itself."""
        return await self._keep(self._history.restore(checkpoint))

    async def discard(self) -> str | None:
        """Goes back to what is live, as a checkpoint too, unless that is another commit; a preview is removed."""
        if self._same_commit:
            await self._keep(self._history.add([Reset(self._live)], "Discard the edits"))
        else:
            await self._move(self._anew())
        await self._desk.pipeline.discard_preview(self.app)
        return self.checkpoint

    async def rebase(self) -> str | None:
        """Brings the edits onto what is deployed by now. Raises Conflict, and changes nothing, when they do not go
        together. The checkpoints before are gone."""
        await self._look_again()
        view = await self._view()
        patch = patch_text(view.base, view.now)
        root = await self._desk.sources.checkout(self._origin.repository, self._origin.commit, user=self._origin.user)
        target = await asyncio.to_thread(View.of, root, [], (patch, self._origin.patch))
        after = rebased(patch, target.with_patch(self._origin.patch))
        row = self._anew()
        history = History.from_json(row.history).add([Reset(patch_text(target.base, after))], "Bring the edits along")
        await self._move(replace(row, history=history.to_json()))
        return self.checkpoint

    async def is_pending(self) -> bool:
        """Whether there is anything that was not deployed from here."""
        view = await self._view()
        return patch_text(view.base, view.now) != self._row.deployed

    async def diff(self) -> Diff:
        view = await self._view()
        since = self._deployed(view)
        changed = changes(since, view.now)
        return Diff(changed, flags(changed, since, view.now), patch_text(view.base, view.now))

    async def check(self) -> list[Finding]:
        """Whether the edits apply and parse, whether there is a plan for them, and what the app's own tests and linters
        say, in the sandbox, within a bounded time."""
        view = await self._view()
        patch = patch_text(view.base, view.now)
        order = Build(new_id("try"), self.app, self._row.repository, self._row.commit, NO_PLAN, patch=patch)
        edited = [path for path, text in view.now.items() if text is not None and text != view.base.get(path)]
        return await check_edits(self._desk.pipeline.parts, order, edited, own=self._origin.own)

    async def deploy(self, hunks: Sequence[str] | None = None) -> Deployment:
        """Makes the edits live, or only those hunks of `diff` that were accepted; the others stay here. Raises Conflict
        when there is nothing to deploy, or the edits are behind. Asked again while they are being deployed, it is the
        same deployment."""
        request = await self._request(hunks)
        deployment = await self._under_way(request) or await self._desk.pipeline.deploy(request)
        await self._store(replace(self._row, deployed=request.patch, deployment=deployment.id))
        await self._desk.pipeline.discard_preview(self.app)
        return deployment

    async def preview(self, hunks: Sequence[str] | None = None) -> Deployment:
        """Deploys the edits beside the live app, at an address of their own; the last preview is replaced."""
        request = await self._request(hunks)
        request = replace(request, reason="preview", preview=True)
        return await self._under_way(request) or await self._desk.pipeline.deploy(request)

    async def publish(self, title: str, *, body: str = "", token: str | None = None) -> Published:
        """Pushes all the edits as a branch of their own and, with a GitHub token, opens a pull request. Where nothing
        can be pushed the edits stay a patch, and it is said why. Raises Conflict when there are none."""
        view = await self._view()
        patch = patch_text(view.base, view.now)
        if not patch:
            raise _no_edits()
        order = Publication(self._row.repository, self._row.commit, patch, title, body, self._row.branch or {})

        async def announce(branch: Mapping[str, str]) -> None:
            await self._store(replace(self._row, branch=branch))

        return await self._desk.publisher.publish(order, token, announce)

    async def _request(self, hunks: Sequence[str] | None) -> DeployRequest:
        await self._look_again()
        if self.is_behind:
            raise Conflict(
                f"something else of {self.app!r} was deployed since these edits began",
                fix="Try again, which brings the edits onto it; if they do not go together, discard them.",
                code="edits_behind",
            )
        view = await self._view()
        since = self._deployed(view)
        chosen = view.now if hunks is None else choose(since, view.now, hunks)
        if changes(since, chosen) == []:
            raise _no_edits()
        patch = patch_text(view.base, chosen)
        row = self._row
        return DeployRequest(
            row.repository, app=row.app, own=self._origin.own, reason="edits", commit=row.commit, patch=patch
        )

    async def _under_way(self, request: DeployRequest) -> Deployment | None:
        """The newest deployment that waits or runs, if it is of just these edits."""
        app = preview_of(self.app) if request.preview else self.app
        async with self._desk.store.read() as transaction:
            rows = await transaction.deployments.page(app=app, statuses=_UNDER_WAY, limit=1)
        same = [row for row in rows if (row.order.commit, row.order.patch) == (request.commit, request.patch)]
        return same[0].state if same and not same[0].cancel_requested else None

    async def _look_again(self) -> None:
        """Finds out what is deployed by now."""
        async with self._desk.store.read() as transaction:
            self._origin = await origin_of(transaction, self.app)
            self._live = await live_patch(transaction, self.app, self._origin.commit)

    @property
    def _same_commit(self) -> bool:
        return self._row.commit.sha == self._origin.commit.sha

    async def _view(self, history: History | None = None) -> View:
        history = history or self._history
        others = (self._origin.patch, self._live) if self._same_commit else ()
        return await asyncio.to_thread(View.of, self._root, history.edits(history.head), others)

    def _deployed(self, view: View) -> Files:
        """The edited files as they are deployed; as in the commit that is edited, if another one is deployed."""
        return view.with_patch(self._origin.patch) if self._same_commit else view.base

    def _anew(self) -> WorkspaceRow:
        return begun(self.app, self._row.conversation, self._origin, count=self._history.count)

    async def _move(self, row: WorkspaceRow) -> None:
        """Begins anew on another commit."""
        root = await self._desk.sources.checkout(row.repository, row.commit, user=self._origin.user)
        await self._store(replace(row, version=self._row.version, branch=self._row.branch))
        self._root, self._history = root, History.from_json(row.history)

    async def _keep(self, history: History) -> str | None:
        await self._store(replace(self._row, history=history.to_json()))
        self._history = history
        return history.head

    async def _store(self, row: WorkspaceRow) -> None:
        async with self._desk.store.write() as transaction:
            self._row = await transaction.workspaces.put(row)


def begun(app: str, conversation: str, origin: Origin, *, count: int = 0) -> WorkspaceRow:
    """A workspace that has nothing yet but the edits that are deployed. `count` is that of the history before."""
    history = History(count=count)
    if origin.patch:
        history = history.add([Reset(origin.patch)], "What was edited before")
    return WorkspaceRow(
        app, conversation, origin.repository, origin.commit, history.to_json(), origin.patch, origin.deployment
    )


def _no_edits() -> Conflict:
    return Conflict("there are no edits that are not deployed", fix="Make an edit first.", code="no_edits")
