"""Tools about apps: what there is, how each one does, and what can be done to one."""

from datetime import timedelta

from pydantic import Field

from devgem.agent.tools.tool import AppArguments, Arguments, Context, Tier, Tool, ToolResult
from devgem.agent.world import status_of

_PAGE = 100


class NoArguments(Arguments):
    """Nothing to say."""


class RollbackArguments(AppArguments):
    to: int | None = Field(
        default=None, ge=1, description="The revision's number; left out: the one that was live before"
    )


async def list_apps(context: Context, arguments: NoArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        rows = await transaction.apps.page(limit=_PAGE)
        latest = await transaction.deployments.latest()
    apps = []
    for row in rows:
        instances = await context.parts.clouds[row.app.cloud].instances(row.name)
        status = status_of(row, latest.get(row.name), instances)
        apps.append({"name": row.name, "status": status, "url": row.url, "revision": row.live})
    if not apps:
        return ToolResult("There are no apps yet. Say `deploy owner/repo`.")
    told = "; ".join(_told(app["name"], app["status"], app["url"]) for app in apps)
    return ToolResult(f"{told}.", {"apps": apps})


async def app_status(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        row = await transaction.apps.get(arguments.name)
        last = next(iter(await transaction.deployments.page(app=row.name, limit=1)), None)
    instances = await context.parts.clouds[row.app.cloud].instances(row.name)
    status = status_of(row, last, instances)
    content: dict[str, object] = {
        "name": row.name,
        "status": status,
        "url": row.url,
        "revision": row.live,
        "repository": row.app.repository.location,
        "dir": row.app.repository.dir,
        "push_paused": row.push_paused,
        "instances": [{"revision": i.revision, "state": i.state, "restarts": i.restarts} for i in instances],
    }
    if last is not None:
        failure = last.state.failure or {}
        content["last_deployment"] = {
            "id": last.id,
            "status": last.state.status.value,
            "failed_step": last.state.failed_step,
            "failure": failure.get("code"),
        }
    return ToolResult(f"{_told(row.name, status, row.url)}.", content)


async def list_revisions(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        app = await transaction.apps.get(arguments.name)
        rows = await transaction.revisions.of(app.name, limit=20)
    revisions = [
        {
            "number": row.number,
            "commit": row.commit[:12],
            "created_at": row.created_at.isoformat(),
            "traffic": app.traffic.get(row.number, 0),
            "can_be_rolled_back_to": row.served,
        }
        for row in rows
    ]
    live = f"v{app.live} is live" if app.live is not None else "nothing is live"
    return ToolResult(f"{app.name} has {len(rows)} revisions; {live}.", {"revisions": revisions})


async def signals(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        row = await transaction.apps.get(arguments.name)
    found = await context.parts.clouds[row.app.cloud].signals(row.name, timedelta(hours=1))
    revisions = [
        {
            "revision": r.revision,
            "requests": r.requests,
            "by_status": dict(r.by_status),
            "latency_p50_seconds": r.latency_p50_seconds,
            "latency_p99_seconds": r.latency_p99_seconds,
            "in_flight": r.in_flight,
        }
        for r in found.revisions
    ]
    requests = sum(r.requests for r in found.revisions)
    errors = sum(r.by_status.get("5xx", 0) for r in found.revisions)
    return ToolResult(f"{row.name} has had {requests} requests, {errors} with a 5xx.", {"revisions": revisions})


async def restart(context: Context, arguments: AppArguments) -> ToolResult:
    await context.parts.pipeline.restart(arguments.name)
    return ToolResult(f"{arguments.name} was restarted.")


async def rollback(context: Context, arguments: RollbackArguments) -> ToolResult:
    done = await context.parts.pipeline.rollback(arguments.name, arguments.to)
    summary = f"{done.app} went back from v{done.from_revision} to v{done.to_revision}. {done.warning}".strip()
    return ToolResult(summary, {"from": done.from_revision, "to": done.to_revision, "url": done.url})


async def remove_app(context: Context, arguments: AppArguments) -> ToolResult:
    await context.parts.pipeline.remove(arguments.name)
    return ToolResult(f"{arguments.name} was removed with everything it had.")


def _told(name: object, status: object, url: object) -> str:
    return f"{name} is {status} at {url}" if url else f"{name} is {status}"


def _rollback_title(arguments: RollbackArguments) -> str:
    return f"Rolling back {arguments.app}" + (f" to v{arguments.to}" if arguments.to else "")


TOOLS = (
    Tool(
        name="list_apps",
        description="All apps with status, URL and live revision.",
        tier=Tier.OWN,
        arguments=NoArguments,
        run=list_apps,
        title=lambda _: "Listing the apps",
    ),
    Tool(
        name="app_status",
        description="One app: status, URL, live revision, instances, last deployment.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=app_status,
        title=lambda a: f"Looking at {a.app}",
    ),
    Tool(
        name="list_revisions",
        description="The newest 20 revisions of an app with commit and share of traffic.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=list_revisions,
        title=lambda a: f"Listing the revisions of {a.app}",
    ),
    Tool(
        name="signals",
        description="Requests, status classes and latency of an app, per revision.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=signals,
        title=lambda a: f"Measuring {a.app}",
    ),
    Tool(
        name="restart",
        description="Start new instances of what is live, without a gap.",
        tier=Tier.VISIBLE,
        arguments=AppArguments,
        run=restart,
        title=lambda a: f"Restarting {a.app}",
    ),
    Tool(
        name="rollback",
        description="Give the traffic to an earlier revision; builds nothing.",
        tier=Tier.VISIBLE,
        arguments=RollbackArguments,
        run=rollback,
        title=_rollback_title,
    ),
    Tool(
        name="remove_app",
        description="Remove an app with everything it has. The user must type its name to approve.",
        tier=Tier.DESTRUCTIVE,
        arguments=AppArguments,
        run=remove_app,
        title=lambda a: f"Removing {a.app}",
    ),
)
