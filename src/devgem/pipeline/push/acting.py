"""What a webhook brings about. Each act may be done again after a crash: its deployments have the same ids then."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import Conflict, DevGemError, NotFound, SourceError, Unavailable
from devgem.domain.ids import id_of, preview_of
from devgem.pipeline.clock import now
from devgem.pipeline.intake import REMOVING
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.request import DeployRequest
from devgem.source import Tokens
from devgem.source.github import Comparison, GitHub
from devgem.source.hooks import PullRequestClosed, PullRequestShown, Pushed
from devgem.source.location import check_ref
from devgem.source.watching import is_watched
from devgem.store import AppRow, AppSettings, Delivery, PullRow, PullState, Store

_SHA_CHARACTERS = 40
_NOTHING = "0" * _SHA_CHARACTERS
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_PREVIEWS_AT_ONCE = 10
"""More pull requests of one app than these wait for a member's consent, whoever they are of."""


class Acting:
    """`token_of` gives a user's token for GitHub, None without one. Everything here answers with what it did, in a few
    words for the log; it raises Unavailable, and Conflict with REMOVING, for what is to be tried again."""

    def __init__(self, store: Store, pipeline: Pipeline, github: GitHub, token_of: Tokens) -> None:
        self._store = store
        self._pipeline = pipeline
        self._github = github
        self._token_of = token_of

    async def push(self, event: Pushed, delivery: Delivery) -> str:
        """Deploys the commit for every app of this repository and branch that watches what changed."""
        said = []
        for row, settings in await self._apps(event.slug):
            if settings.push and event.branch == branch_of(row, settings, event.default_branch):
                said.append(f"{row.name}: {await self._push(row, settings, event, delivery)}")
        return "; ".join(said) or "no app is deployed from this branch"

    async def _push(self, row: AppRow, settings: AppSettings, event: Pushed, delivery: Delivery) -> str:
        if settings.watch_paths:
            paths = event.paths
            if paths is None and event.before != _NOTHING:
                paths = await self._changed(event.slug, event.before, event.sha, row.owner)
            if paths is not None and not is_watched(settings.watch_paths, paths):
                return "nothing that it watches has changed"
        id = id_of("dep", delivery.at, delivery.id, row.name)
        request = DeployRequest(
            _at(row.app.repository, event.branch),
            app=row.name,
            commit=Commit(event.sha, subject=event.subject),
            reason="push",
        )
        return await self._deploy(row, request, id, slug=event.slug, sha=event.sha)

    async def show(self, event: PullRequestShown, delivery: Delivery) -> str:
        """Deploys the pull request beside every app that its base branch is deployed to, or has it wait for consent."""
        said = []
        for row, settings in await self._apps(event.slug):
            if settings.previews and event.branch == branch_of(row, settings, event.branch):
                said.append(f"{row.name}: {await self._show(row, settings, event, delivery)}")
        return "; ".join(said) or "no app has previews of this branch"

    async def _show(self, row: AppRow, settings: AppSettings, event: PullRequestShown, delivery: Delivery) -> str:
        if settings.watch_paths:
            paths = await self._files_of(event, row.owner)
            if paths is not None and not is_watched(settings.watch_paths, paths):
                return "nothing that it watches has changed"
        id = id_of("dep", delivery.at, delivery.id, row.name, str(event.number))
        changed_at = datetime.fromisoformat(event.changed_at) if event.changed_at else delivery.at
        async with self._store.write() as transaction:
            await transaction.apps.get(row.name, lock=True)
            known = await transaction.pull_requests.find(row.name, event.number, lock=True)
            if known and known.changed_at > changed_at:
                return "older than what is known of it"
            shown = [one for one in await transaction.pull_requests.of(row.name) if one.number != event.number]
            is_agreed = known is not None and known.consented == event.sha
            secrets = bool(await transaction.config_vars.of(row.name))
            waits = not is_agreed and ((event.is_outside and secrets) or len(shown) >= _PREVIEWS_AT_ONCE)
            pull = _pull(row, event, known, changed_at)
            pull = replace(pull, state=PullState.WAITING) if waits else replace(pull, deployment=id)
            await transaction.pull_requests.put(pull)
        if waits:
            return "waits for consent"
        return await self._preview(row, pull, id, bare=event.is_outside and not is_agreed)

    async def agree(self, app: str, number: int, sha: str, delivery: Delivery) -> str:
        """Deploys the commit of a pull request that a member has agreed to, with the app's config vars."""
        id = id_of("dep", delivery.at, delivery.id)
        async with self._store.write() as transaction:
            row = await transaction.apps.get(app, lock=True)
            pull = await transaction.pull_requests.get(app, number, lock=True)
            if pull.sha != sha or pull.state is PullState.CLOSED:
                return "the pull request has changed since"
            pull = replace(pull, state=PullState.SHOWN, consented=sha, deployment=id, next_at=now())
            await transaction.pull_requests.put(pull)
        return await self._preview(row, pull, id, bare=False)

    async def close(self, event: PullRequestClosed, delivery: Delivery) -> str:
        """Removes the previews of a pull request."""
        at = datetime.fromisoformat(event.changed_at) if event.changed_at else delivery.at
        closed = []
        for row, _ in await self._apps(event.slug):
            async with self._store.write() as transaction:
                pull = await transaction.pull_requests.find(row.name, event.number, lock=True)
                if pull is None:
                    continue
                pull = replace(pull, state=PullState.CLOSED, changed_at=at, next_at=now())
                await transaction.pull_requests.put(pull)
            await self._pipeline.discard_preview(row.name, event.number)
            await self._until_removing(preview_of(row.name, event.number))
            closed.append(row.name)
        return f"removed the previews of {', '.join(closed)}" if closed else "there is no preview of it"

    async def _until_removing(self, preview: str) -> None:
        """What comes next may open the pull request again: it must find a preview that goes, and wait, or none."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            async with self._store.read() as transaction:
                row = await transaction.apps.find(preview)
            if row is None or row.removing:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise Conflict(f"{preview!r} is not being removed yet", code=REMOVING)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _preview(self, row: AppRow, pull: PullRow, id: str, *, bare: bool) -> str:
        request = DeployRequest(
            _at(row.app.repository, f"refs/pull/{pull.number}/head"),
            app=row.name,
            commit=Commit(pull.sha, subject=pull.title),
            reason="pull_request",
            preview=True,
            pull_request=pull.number,
            bare=bare,
        )
        return await self._deploy(row, request, id, slug=pull.slug, sha=pull.sha)

    async def _deploy(self, row: AppRow, request: DeployRequest, id: str, *, slug: str, sha: str) -> str:
        try:
            deployment = await self._pipeline.deploy(request, id=id)
        except (Conflict, NotFound) as error:
            if error.code == REMOVING:
                raise
            return error.message
        async with self._store.write() as transaction:
            await transaction.commit_reports.add(id, app=deployment.app, owner=row.owner, slug=slug, sha=sha, now=now())
        return f"deploys {sha[:12]}"

    async def _apps(self, slug: str) -> list[tuple[AppRow, AppSettings]]:
        async with self._store.read() as transaction:
            rows = [row for row in await transaction.apps.from_github(slug) if not row.removing]
            return [(row, await transaction.settings.of(row.name)) for row in rows]

    async def _changed(self, slug: str, before: str, sha: str, owner: str) -> Sequence[str] | None:
        """None where it cannot be told: then it counts as a change of everything."""
        with contextlib.suppress(SourceError, Unavailable):
            token = await self._token(owner)
            gained = await self._github.compare(slug, before, sha, token)
            if not gained.behind:
                return _paths(gained)
            lost = await self._github.compare(slug, sha, before, token)  # by a force push
            return [*gained.paths, *lost.paths] if gained.whole and lost.whole else None
        return None

    async def _files_of(self, event: PullRequestShown, owner: str) -> Sequence[str] | None:
        """As `_changed`."""
        with contextlib.suppress(SourceError, Unavailable):
            return _paths(await self._github.pull_files(event.slug, event.number, await self._token(owner)))
        return None

    async def _token(self, owner: str) -> str | None:
        with contextlib.suppress(DevGemError):
            return await self._token_of(owner)
        return None


def _paths(found: Comparison) -> Sequence[str] | None:
    return found.paths if found.whole else None


def branch_of(row: AppRow, settings: AppSettings, default: str) -> str:
    """The branch whose pushes deploy an app: the one that was set, or that it was deployed from, or the default one."""
    ref = row.app.repository.ref
    if settings.branch:
        return settings.branch
    return default if ref is None or _is_sha(ref) else ref.removeprefix("refs/heads/")


def _is_sha(ref: str) -> bool:
    return len(ref) == _SHA_CHARACTERS and all(digit in "0123456789abcdef" for digit in ref)


def _at(repository: Repository, ref: str) -> Repository:
    """The repository at a ref as GitHub tells it, which is shown only: the commit is what is deployed."""
    try:
        return replace(repository, ref=check_ref(ref))
    except SourceError:
        return replace(repository, ref=None)


def _pull(row: AppRow, event: PullRequestShown, known: PullRow | None, changed_at: datetime) -> PullRow:
    return PullRow(
        app=row.name,
        number=event.number,
        owner=row.owner,
        slug=event.slug,
        sha=event.sha,
        title=event.title,
        author=event.author,
        origin=event.origin,
        is_outside=event.is_outside,
        state=PullState.SHOWN,
        changed_at=changed_at,
        next_at=now(),
        consented=known.consented if known else "",
        comment=known.comment if known else None,
        told=known.told if known else "",
    )
