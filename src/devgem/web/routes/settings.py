"""What an app's owner sets: which pushes deploy it, and its previews of pull requests."""

from dataclasses import replace

from fastapi import APIRouter

from devgem.domain.errors import InvalidInput, SourceError
from devgem.source.location import check_ref
from devgem.source.watching import check_watch_paths
from devgem.store import AppRow, AppSettings, DeploymentRow, PullRow
from devgem.web.parts import SignedIn
from devgem.web.push_schemas import (
    AppSettingsPatch,
    AppSettingsView,
    ConsentBody,
    PreviewsView,
    PullRequestView,
    PushView,
)
from devgem.web.schemas import Page

router = APIRouter(prefix="/api/v1/apps")


@router.get("/{app}/settings")
async def get_settings(app: str, parts: SignedIn) -> AppSettingsView:
    async with parts.store.read() as transaction:
        row = await transaction.apps.get(app)
        return _view(row, await transaction.settings.of(app))


@router.patch("/{app}/settings")
async def change_settings(app: str, body: AppSettingsPatch, parts: SignedIn) -> AppSettingsView:
    """Changes what is given, and leaves the rest. `push_paused: false` takes pushes again after a rollback."""
    async with parts.store.write() as transaction:
        row = await transaction.apps.get(app, lock=True)
        settings = _changed(await transaction.settings.of(app), body)
        await transaction.settings.set(app, settings)
        if body.push_paused is not None:
            await transaction.apps.set_push_paused(app, body.push_paused)
            row = await transaction.apps.get(app)
    return _view(row, settings)


@router.get("/{app}/previews")
async def list_previews(app: str, parts: SignedIn) -> Page[PullRequestView]:
    """The pull requests that are shown beside the app, or wait for consent; newest first."""
    async with parts.store.read() as transaction:
        await transaction.apps.get(app)
        pulls = await transaction.pull_requests.of(app)
        rows = [await transaction.deployments.find(pull.deployment) if pull.deployment else None for pull in pulls]
    return Page(items=[_pull_view(pull, row) for pull, row in zip(pulls, rows, strict=True)])


@router.post("/{app}/previews/{number}/consent", status_code=202)
async def consent(app: str, number: int, body: ConsentBody, parts: SignedIn) -> Page[PullRequestView]:
    """Agrees that exactly this commit is deployed with the app's config vars; 409 when the pull request has another
    one by now."""
    await parts.pushes.consent(app, number, body.sha)
    return await list_previews(app, parts)


@router.delete("/{app}/previews/{number}", status_code=204)
async def discard_preview(app: str, number: int, parts: SignedIn) -> None:
    """Removes a preview; it comes back with the pull request's next commit."""
    await parts.pushes.discard(app, number)


def _changed(settings: AppSettings, body: AppSettingsPatch) -> AppSettings:
    if body.push is not None:
        if body.push.enabled is not None:
            settings = replace(settings, push=body.push.enabled)
        if "branch" in body.push.model_fields_set:
            settings = replace(settings, branch=_branch(body.push.branch))
        if body.push.watch_paths is not None:
            settings = replace(settings, watch_paths=check_watch_paths(body.push.watch_paths))
    if body.previews is not None:
        settings = replace(settings, previews=body.previews.enabled)
    return settings


def _branch(name: str | None) -> str | None:
    try:
        return check_ref(name.strip()) if name and name.strip() else None
    except SourceError as error:
        raise InvalidInput(error.message, fix="Name a branch, such as main.") from error


def _view(row: AppRow, settings: AppSettings) -> AppSettingsView:
    return AppSettingsView(
        push=PushView(enabled=settings.push, branch=settings.branch, watch_paths=list(settings.watch_paths)),
        previews=PreviewsView(enabled=settings.previews),
        push_paused=row.push_paused,
    )


def _pull_view(pull: PullRow, row: DeploymentRow | None) -> PullRequestView:
    return PullRequestView(
        number=pull.number,
        title=pull.title,
        author=pull.author,
        origin=pull.origin,
        is_outside=pull.is_outside,
        commit=pull.sha,
        state=pull.state,
        deployment=pull.deployment if row else None,
        status=row.state.status if row else None,
        url=row.state.url if row else None,
        address=f"https://github.com/{pull.slug}/pull/{pull.number}",
    )
