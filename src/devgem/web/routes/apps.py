"""Apps: what there is, and what can be done to one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from devgem.domain.app import Instance, Metrics, Signals
from devgem.domain.deployment import Deployment, Status
from devgem.domain.errors import InvalidInput
from devgem.domain.log import LEVELS, at_least
from devgem.store import AppRow, DeploymentRow
from devgem.web.parts import Parts, SignedIn, Who
from devgem.web.schemas import (
    AppView,
    Cancelled,
    EnvName,
    EnvNames,
    EnvPatch,
    InstanceView,
    LogLineView,
    Page,
    RevisionView,
    RollbackBody,
    RolledBack,
)

router = APIRouter(prefix="/api/v1/apps")

Limit = Annotated[int, Query(ge=1, le=100)]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_LINES = 10_000


@router.get("")
async def list_apps(parts: SignedIn, who: Who, limit: Limit = 100, cursor: str = "") -> Page[AppView]:
    """The sender's apps by name; `cursor` is where the last page ended."""
    async with parts.store.read(owner=who.user) as transaction:
        rows = await transaction.apps.page(after=cursor, limit=limit)
        latest = await transaction.deployments.latest()
    items = [await _view(parts, row, latest.get(row.name)) for row in rows]
    return Page(items=items, next_cursor=rows[-1].name if len(rows) == limit else None)


@router.get("/{app}")
async def get_app(app: str, parts: SignedIn) -> AppView:
    async with parts.store.read() as transaction:
        row = await transaction.apps.get(app)
        last = await transaction.deployments.page(app=app, limit=1)
    return await _view(parts, row, last[0] if last else None)


@router.delete("/{app}", status_code=204)
async def remove_app(app: str, parts: SignedIn) -> None:
    """Removes the app with everything it has."""
    await parts.pipeline.remove(app)


@router.get("/{app}/deployments")
async def list_deployments(app: str, parts: SignedIn, limit: Limit = 20, cursor: str | None = None) -> Page[Deployment]:
    """Newest first."""
    async with parts.store.read() as transaction:
        await transaction.apps.get(app)
        rows = await transaction.deployments.page(app=app, before=cursor, limit=limit)
    return Page(items=[row.state for row in rows], next_cursor=rows[-1].id if len(rows) == limit else None)


@router.get("/{app}/revisions")
async def list_revisions(app: str, parts: SignedIn) -> Page[RevisionView]:
    """The newest 100, newest first, with their share of the traffic in percent."""
    async with parts.store.read() as transaction:
        traffic = (await transaction.apps.get(app)).traffic
        rows = await transaction.revisions.of(app)
    return Page(
        items=[
            RevisionView(
                number=row.number,
                deployment=row.deployment,
                commit=row.commit,
                image=row.image.digest,
                created_at=row.created_at,
                traffic=traffic.get(row.number, 0),
            )
            for row in rows
        ]
    )


@router.post("/{app}/rollback")
async def rollback(app: str, body: RollbackBody, parts: SignedIn) -> RolledBack:
    """Shifts traffic to an older revision (the one before, when none is named) and pauses push-to-deploy."""
    done = await parts.pipeline.rollback(app, body.to)
    return RolledBack.model_validate(
        {"from": done.from_revision, "to": done.to_revision, "url": done.url, "warning": done.warning}
    )


@router.post("/{app}/restart", status_code=202)
async def restart(app: str, parts: SignedIn) -> None:
    await parts.pipeline.restart(app)


@router.post("/{app}/cancel", status_code=202)
async def cancel(app: str, parts: SignedIn) -> Cancelled:
    """Cancels what waits or runs."""
    return Cancelled(cancelled=list(await parts.pipeline.cancel_app(app)))


@router.get("/{app}/env")
async def list_env(app: str, parts: SignedIn) -> EnvNames:
    """Names only: a value is never given back."""
    async with parts.store.read() as transaction:
        await transaction.apps.get(app)
        return EnvNames(items=[EnvName(**vars(var)) for var in await transaction.config_vars.of(app)])


@router.patch("/{app}/env")
async def change_env(app: str, body: EnvPatch, parts: SignedIn) -> EnvNames:
    """Sets and unsets config vars of the running app, or of its builds."""
    await parts.pipeline.set_env(app, set=body.set, unset=body.unset, build=body.build)
    names = await list_env(app, parts)
    return names.model_copy(update={"note": "It takes effect with the next deployment."})


@router.get("/{app}/logs")
async def logs(
    app: str,
    parts: SignedIn,
    after: Annotated[int, Query(ge=0)] = 0,
    since: str | None = None,
    lines: Annotated[int | None, Query(ge=0, le=_MAX_LINES)] = None,
    level: str | None = None,
    grep: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[LogLineView]:
    """The last `lines` (default 1,000) run-time log lines that fit; those to come are in the stream `logs:<app>`."""
    async with parts.store.read() as transaction:
        cloud = parts.clouds[(await transaction.apps.get(app)).app.cloud]
    fits = _filter(level, grep)
    wanted = 1000 if lines is None else lines
    # Without a filter the cloud finds the tail by itself; with one all lines must be looked at.
    tail = wanted if level is None and grep is None else None
    found = [
        LogLineView(seq=line.seq, at=line.at, stream=line.stream, text=line.text)
        async for line in cloud.logs(app, after=after, since=_since(since), tail=tail)
        if fits(line.text)
    ]
    return Page(items=found[len(found) - wanted :] if len(found) > wanted else found)


@router.get("/{app}/signals")
async def signals(app: str, parts: SignedIn) -> Signals:
    async with parts.store.read() as transaction:
        cloud = parts.clouds[(await transaction.apps.get(app)).app.cloud]
    return await cloud.signals(app, timedelta(hours=1))


@router.get("/{app}/metrics")
async def metrics(app: str, parts: SignedIn, window: str = "1h") -> Metrics:
    """What was asked of the app, step by step: requests, errors (5xx), latency; steps without a request are left out.
    `window` is `1m` to `24h`."""
    async with parts.store.read() as transaction:
        cloud = parts.clouds[(await transaction.apps.get(app)).app.cloud]
    return await cloud.metrics(app, _window(window))


def _window(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([mh])", text)
    window = timedelta(seconds=int(match.group(1)) * _UNITS[match.group(2)]) if match else timedelta()
    if not timedelta(minutes=1) <= window <= timedelta(days=1):
        raise InvalidInput(f"{text!r} is no window", fix="Use 1m to 24h, such as 10m, 1h or 24h.")
    return window


class _Filter:
    def __init__(self, level: str | None, pattern: re.Pattern[str] | None) -> None:
        self._level = level
        self._pattern = pattern

    def __call__(self, text: str) -> bool:
        return (self._level is None or at_least(text, self._level)) and (
            self._pattern is None or self._pattern.search(text) is not None
        )


def _filter(level: str | None, grep: str | None) -> _Filter:
    if level is not None and level not in LEVELS:
        raise InvalidInput(f"{level!r} is no level", fix=f"Use one of {', '.join(LEVELS)}.")
    try:
        return _Filter(level, re.compile(grep) if grep else None)
    except re.error as error:
        raise InvalidInput(f"{grep!r} is no regular expression: {error}", fix="Quote special characters.") from error


def _since(text: str | None) -> datetime | None:
    """`30s`, `10m`, `1h`, `2d`, or an RFC 3339 time."""
    if text is None:
        return None
    if match := re.fullmatch(r"(\d{1,9})([smhd])", text):
        return datetime.now(UTC) - timedelta(seconds=int(match.group(1)) * _UNITS[match.group(2)])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no time", fix="Use 30s, 10m, 1h, 2d or 2026-01-31T12:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _view(parts: Parts, row: AppRow, last: DeploymentRow | None) -> AppView:
    instances = list(await parts.clouds[row.app.cloud].instances(row.name))
    return AppView(
        name=row.name,
        repository=row.app.repository.location,
        dir=row.app.repository.dir,
        cloud=row.app.cloud,
        url=row.url,
        status=_status(row, last, instances),
        revision=row.live,
        traffic=dict(row.traffic),
        created_at=row.app.created_at,
        push_paused=row.push_paused,
        instances=[
            InstanceView(
                revision=i.revision,
                state=i.state,
                started_at=i.started_at,
                restarts=i.restarts,
                exit_code=i.exit_code,
            )
            for i in instances
        ],
        last_deployment=last.state if last else None,
    )


def _status(row: AppRow, last: DeploymentRow | None, instances: list[Instance]) -> str:
    if last is not None and not last.state.status.is_terminal:
        return "deploying"
    if row.live is None:
        return "failed" if last is not None and last.state.status is Status.FAILED else "new"
    states = {instance.state for instance in instances if instance.revision == row.live}
    if "crashed" in states:
        return "crashed"
    return "stopped" if states and states <= {"stopped"} else "live"
