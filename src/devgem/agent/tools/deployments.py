"""Tools about deployments: starting one, what became of them, and ending one."""

from typing import Literal

from pydantic import Field

from devgem.agent.tools.tool import AppArguments, Arguments, Context, Tier, Tool, ToolResult
from devgem.pipeline import DeployRequest

_LISTED = 10


class DeployArguments(Arguments):
    source: str = Field(min_length=1, max_length=2000, description="owner/repo, a git URL, or a folder of this machine")
    name: str | None = Field(default=None, max_length=40, description="The app's name")
    ref: str | None = Field(default=None, max_length=250, description="A branch, tag or commit")
    dir: str | None = Field(default=None, max_length=500, description="The app's folder in the repository")
    cloud: Literal["local", "google"] | None = Field(default=None, description="Where; only when the user names it")


async def deploy(context: Context, arguments: DeployArguments) -> ToolResult:
    repository = context.parts.parse(arguments.source, arguments.ref, arguments.dir or ".")
    request = DeployRequest(
        repository, app=arguments.name, cloud=arguments.cloud, own=repository.is_folder, owner=context.user
    )
    deployment = await context.parts.pipeline.deploy(request)
    summary = f"Deploying {deployment.app}. It goes on by itself, and this conversation shows it."
    return ToolResult(summary, {"app": deployment.app}, deployment=deployment.id)


async def list_deployments(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        await transaction.apps.get(arguments.name)
        rows = await transaction.deployments.page(app=arguments.name, limit=_LISTED)
    deployments = [
        {
            "id": row.id,
            "status": row.state.status.value,
            "commit": (row.state.commit or "")[:12] or None,
            "requested_at": row.state.requested_at,
            "seconds": row.state.seconds,
            "failed_step": row.state.failed_step,
            "failure": (row.state.failure or {}).get("code"),
        }
        for row in rows
    ]
    last = f"; the last one is {deployments[0]['status']}" if deployments else ""
    return ToolResult(f"{arguments.name} has had {len(rows)} deployments{last}.", {"deployments": deployments})


async def cancel(context: Context, arguments: AppArguments) -> ToolResult:
    cancelled = await context.parts.pipeline.cancel_app(arguments.name)
    if not cancelled:
        return ToolResult(f"Nothing of {arguments.name} is being deployed, so there is nothing to cancel.")
    return ToolResult(f"The deployment of {arguments.name} was cancelled.", {"cancelled": cancelled})


def _deploy_title(arguments: DeployArguments) -> str:
    of = f" at {arguments.ref}" if arguments.ref else ""
    named = f" as {arguments.name}" if arguments.name else ""
    where = f" on the {arguments.cloud} cloud" if arguments.cloud else ""
    return f"Deploying {arguments.source}{of}{named}{where}"


TOOLS = (
    Tool(
        name="deploy",
        description="Deploy a repository. Returns at once; the deployment goes on by itself.",
        tier=Tier.VISIBLE,
        arguments=DeployArguments,
        run=deploy,
        title=_deploy_title,
        egress=True,
    ),
    Tool(
        name="list_deployments",
        description="The last 10 deployments of an app and what became of them.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=list_deployments,
        title=lambda a: f"Listing the deployments of {a.app}",
    ),
    Tool(
        name="cancel",
        description="Cancel what waits or runs of an app's deployments.",
        tier=Tier.VISIBLE,
        arguments=AppArguments,
        run=cancel,
        title=lambda a: f"Cancelling the deployment of {a.app}",
    ),
)
