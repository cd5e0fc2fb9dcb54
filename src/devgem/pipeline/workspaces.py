"""What a conversation edits of an app: opened at what is deployed, changed edit by edit, checked, shown, made live."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devgem.domain.app import Build
from devgem.domain.deployment import Deployment
from devgem.domain.errors import Conflict, InvalidInput, NotFound
from devgem.domain.ids import new_id
from devgem.domain.trial import Finding
from devgem.pipeline.checks import NO_PLAN, check_edits
from devgem.pipeline.origin import Origin, live_patch, origin_of
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.publisher import Publication, Published, Publisher
from devgem.pipeline.request import DeployRequest
from devgem.source import FolderTree, Sources
from devgem.source.pull_request import API
from devgem.source.workspace import (
    Checkpoint,
    Delete,
    Edit,
    FileChange,
    Flag,
    History,
    Replacement,
    Reset,
    Write,
    apply_patch,
    changes,
    choose,
    flags,
    parse_patch,
    patch_text,
)
from devgem.source.workspace.base import check_new, read_text
from devgem.source.workspace.edits import replay, touched
from devgem.source.workspace.history import FILES
from devgem.source.workspace.texts import Files, split
from devgem.store import Store, WorkspaceRow

_LINE_LIMIT = 300


@dataclass(frozen=True)
class Diff:
    """What the edits change of what is deployed. `patch` is all that they change of the commit, for `git apply`."""

    files: Sequence[FileChange]
    flags: Sequence[Flag]
    patch: str


@dataclass(frozen=True)
class Match:
    """A line that was searched for; `line` from 1."""

    path: str
    line: int
    text: str


class Workspaces:
    """Opens what conversations edit. `sources` are the pipeline's; `github_api` is where pull requests are opened."""

    def __init__(self, store: Store, sources: Sources, pipeline: Pipeline, *, github_api: str = API) -> None:
        self._store = store
        self._sources = sources
        self._pipeline = pipeline
        self._publisher = Publisher(sources, github_api)

    async def open(self, app: str, conversation: str) -> "OpenWorkspace":
        """The conversation's workspace of an app, begun at what is deployed if there is none with edits that are not
        live. Raises NotFound, Conflict when nothing was ever deployed, and SourceError."""
        async with self._store.read() as transaction:
            origin = await origin_of(transaction, app)
            live = await live_patch(transaction, app, origin.commit)
            row = await transaction.workspaces.find(app, conversation)
            last = await transaction.deployments.find(row.deployment) if row and row.deployment else None
        if row is None:
            row = _begun(app, conversation, origin)
        elif (row.commit.sha, row.deployed) != (origin.commit.sha, origin.patch) and (
            last is None or last.state.status in ("live", "failed")
        ):
            opened = await self._opened(row, origin, live)
            if not await opened.is_pending():  # it has nothing that is not deployed, and something else is by now
                row = replace(_begun(app, conversation, origin), version=row.version, branch=row.branch)
        return await self._opened(row, origin, live)

    async def _opened(self, row: WorkspaceRow, origin: Origin, live: str) -> "OpenWorkspace":
        root = await self._sources.checkout(row.repository, row.commit)
        return OpenWorkspace(self._store, self._pipeline, self._publisher, row, origin, live, root)


class OpenWorkspace:
    """Every change is stored before it returns. Raises Conflict when the same workspace was changed elsewhere since it
    was opened: open it again then."""

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        publisher: Publisher,
        row: WorkspaceRow,
        origin: Origin,
        live: str,
        root: Path,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._publisher = publisher
        self._row = row
        self._origin = origin
        self._live = live
        self._root = root
        self._history = History.from_json(row.history)

    @property
    def app(self) -> str:
        return self._row.app

    @property
    def commit(self) -> str:
        """The SHA that the edits are made of."""
        return self._row.commit.sha

    @property
    def is_behind(self) -> bool:
        """Whether another commit has been deployed since the edits began."""
        return self._row.commit.sha != self._origin.commit.sha

    @property
    def checkpoint(self) -> str | None:
        return self._history.head

    @property
    def checkpoints(self) -> Sequence[Checkpoint]:
        """Every one there ever was, oldest first."""
        return self._history.checkpoints

    async def files(self, under: str = "") -> list[str]:
        """Paths, sorted, of the files in a folder."""
        _, now = await self._states()
        known = {path for path in await FolderTree(self._root).paths() if now.get(path, "") is not None}
        known |= {path for path, text in now.items() if text is not None}
        prefix = under.strip("/") + "/" if under.strip("/.") else ""
        return sorted(path for path in known if path.startswith(prefix))

    async def read(self, path: str) -> str:
        """Raises NotFound, and InvalidInput for what is no text."""
        _, now = await self._states()
        text = now[path] if path in now else await asyncio.to_thread(read_text, self._root, path)
        if text is None:
            raise NotFound(f"there is no file {path!r}", fix="List the files to see what there is.")
        return text

    async def search(self, text: str, *, limit: int = 100) -> list[Match]:
        """The lines that hold a text, whatever its case."""
        if not text.strip():
            raise InvalidInput("what to search for is empty")
        paths = await self.files()
        _, now = await self._states()
        return await asyncio.to_thread(_search, self._root, paths, now, text.casefold(), limit)

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
        _, before = await self._states()
        after = await asyncio.to_thread(self._state, history)
        if after == {**await asyncio.to_thread(self._base, after), **before}:
            raise Conflict("the edit changes nothing", fix="Look at the file as it is now.", code="no_change")
        if len(after) > FILES:
            raise Conflict(
                f"more than {FILES} files are edited", fix="Make some of it live first.", code="too_many_files"
            )
        await self._keep(history)
        return self._history.get(self._history.head or "")

    async def undo(self) -> str | None:
        """Returns the checkpoint that counts then."""
        return await self._keep(self._history.undo())

    async def redo(self) -> str | None:
        return await self._keep(self._history.redo())

    async def restore(self, checkpoint: str | None) -> str | None:
        """Goes to any checkpoint there ever was; None: the commit itself."""
        return await self._keep(self._history.restore(checkpoint))

    async def discard(self) -> str | None:
        """Goes back to what is live, as a checkpoint too; a preview is removed."""
        await self._keep(self._history.add([Reset(self._live)], "Discard the edits"))
        await self._pipeline.discard_preview(self.app)
        return self.checkpoint

    async def is_pending(self) -> bool:
        """Whether there is anything that was not deployed from here."""
        base, now = await self._states()
        return patch_text(base, now) != self._row.deployed

    async def diff(self) -> Diff:
        base, now = await self._states()
        since = self._deployed(base)
        changed = changes(since, now)
        return Diff(changed, flags(changed, since, now), patch_text(base, now))

    async def check(self) -> list[Finding]:
        """Whether the edits apply and parse, whether there is a plan for them, and what the app's own tests and linters
        say, in the sandbox, within a bounded time."""
        base, now = await self._states()
        patch = patch_text(base, now)
        order = Build(new_id("try"), self.app, self._row.repository, self._row.commit, NO_PLAN, patch=patch)
        edited = [path for path, text in now.items() if text is not None and text != base.get(path)]
        return await check_edits(self._pipeline.parts, order, edited, own=self._origin.own)

    async def deploy(self, hunks: Sequence[str] | None = None) -> Deployment:
        """Makes the edits live, or only those hunks of `diff` that were accepted; the others stay here. Raises Conflict
        when there is nothing to deploy."""
        deployment = await self._deploy(hunks, preview=False)
        await self._pipeline.discard_preview(self.app)
        return deployment

    async def preview(self, hunks: Sequence[str] | None = None) -> Deployment:
        """Deploys the edits beside the live app, at an address of their own; the last preview is replaced."""
        return await self._deploy(hunks, preview=True)

    async def publish(self, title: str, *, body: str = "", token: str | None = None) -> Published:
        """Pushes all the edits as a branch of their own and, with a GitHub token, opens a pull request. Where nothing
        can be pushed the edits stay a patch, and it is said why. Raises Conflict when there are none."""
        base, now = await self._states()
        patch = patch_text(base, now)
        if not patch:
            raise Conflict("there are no edits to push", fix="Make an edit first.", code="no_edits")
        order = Publication(self._row.repository, self._row.commit, patch, title, body, self._row.branch or {})

        async def announce(branch: Mapping[str, str]) -> None:
            await self._store_row(replace(self._row, branch=branch))

        return await self._publisher.publish(order, token, announce)

    async def _deploy(self, hunks: Sequence[str] | None, *, preview: bool) -> Deployment:
        base, now = await self._states()
        since = self._deployed(base)
        chosen = now if hunks is None else choose(since, now, hunks)
        if chosen == since:
            raise Conflict("there are no edits to deploy", fix="Make an edit first.", code="no_edits")
        request = DeployRequest(
            self._row.repository,
            app=self.app,
            own=self._origin.own,
            reason="preview" if preview else "edits",
            commit=self._row.commit,
            patch=patch_text(base, chosen),
            preview=preview,
        )
        deployment = await self._pipeline.deploy(request)
        if not preview:
            await self._store_row(replace(self._row, deployed=request.patch, deployment=deployment.id))
        return deployment

    async def _states(self) -> tuple[Files, Files]:
        """The edited files as they are in the commit, and as they are now."""
        now = await asyncio.to_thread(self._state, self._history)
        return await asyncio.to_thread(self._base, now), now

    def _state(self, history: History) -> Files:
        edits = history.edits(history.head)
        known = {path for edit in edits for path in touched(edit)}
        known |= {file.path for patch in (self._origin.patch, self._live) for file in parse_patch(patch)}
        base = self._base(known)
        now = replay(base, edits)
        for path, text in now.items():
            if text is not None and base[path] is None:
                check_new(self._root, path)
        return now

    def _base(self, paths: Sequence[str] | set[str] | Files) -> Files:
        return {path: read_text(self._root, path) for path in paths}

    def _deployed(self, base: Files) -> Files:
        """The edited files as they are deployed; of the commit that they are edited of, if that is another one."""
        if self.is_behind:
            return base
        return {**base, **apply_patch(base, self._origin.patch)}

    async def _keep(self, history: History) -> str | None:
        await self._store_row(replace(self._row, history=history.to_json()))
        self._history = history
        return history.head

    async def _store_row(self, row: WorkspaceRow) -> None:
        async with self._store.write() as transaction:
            self._row = await transaction.workspaces.put(row)


def _begun(app: str, conversation: str, origin: Origin) -> WorkspaceRow:
    history = History()
    if origin.patch:
        history = history.add([Reset(origin.patch)], "What was edited before")
    return WorkspaceRow(
        app, conversation, origin.repository, origin.commit, history.to_json(), origin.patch, origin.deployment
    )


def _search(root: Path, paths: Sequence[str], now: Files, wanted: str, limit: int) -> list[Match]:
    found: list[Match] = []
    for path in paths:
        try:
            text = now[path] if path in now else read_text(root, path)
        except InvalidInput:  # no text
            continue
        if text is None or wanted not in text.casefold():
            continue
        for number, line in enumerate(split(text), 1):
            if wanted in line.casefold():
                found.append(Match(path, number, line.rstrip("\r\n")[:_LINE_LIMIT]))
            if len(found) == limit:
                return found
    return found
