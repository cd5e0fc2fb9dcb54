"""Tools about repositories: which there are, and what one is made of."""

from pydantic import Field

from devgem.agent.tools.tool import Arguments, Context, Tier, Tool, ToolResult
from devgem.domain.plan import Unplannable
from devgem.pipeline.intake import check_source

_LISTED = 30


class SearchArguments(Arguments):
    query: str = Field(default="", max_length=200)


class InspectArguments(Arguments):
    source: str = Field(min_length=1, max_length=2000, description="owner/repo, a git URL, or a folder of this machine")
    ref: str | None = Field(default=None, max_length=250, description="A branch, tag or commit")
    dir: str | None = Field(default=None, max_length=500)


async def list_repositories(context: Context, arguments: SearchArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        rows = await transaction.apps.page()
    query = arguments.query.lower()
    known = sorted({row.app.repository.location for row in rows})
    found = [location for location in known if query in location.lower()]
    if context.parts.repositories is not None:
        found += [name for name in await context.parts.repositories(context.user, arguments.query) if name not in found]
    if not found:
        return ToolResult("No repository is known yet: name one as owner/repo, a git URL or a folder.")
    return ToolResult(f"{len(found)} repositories are known.", {"repositories": found[:_LISTED]})


async def inspect_repository(context: Context, arguments: InspectArguments) -> ToolResult:
    repository = context.parts.parse(arguments.source, arguments.ref, arguments.dir or ".")
    check_source(repository, context.user)
    plan, _ = await context.parts.plan(repository, context.user)
    content = plan.to_json()
    if isinstance(plan, Unplannable):
        summary = f"{arguments.source} cannot be deployed as it is."
    else:
        summary = f"{arguments.source} is a {plan.stack.language} {plan.stack.kind.value} that can be deployed."
    return ToolResult(
        summary, content, untrusted=f"the repository {arguments.source}", ok=not isinstance(plan, Unplannable)
    )


TOOLS = (
    Tool(
        name="list_repositories",
        description="Repositories that can be deployed, by name.",
        tier=Tier.OWN,
        arguments=SearchArguments,
        run=list_repositories,
        title=lambda a: f"Looking for repositories {a.query!r}" if a.query else "Listing repositories",
    ),
    Tool(
        name="inspect_repository",
        description="What a repository is written in and how it would be built, with the files that show it.",
        tier=Tier.UNTRUSTED,
        arguments=InspectArguments,
        run=inspect_repository,
        title=lambda a: f"Inspecting {a.source}",
        reads_untrusted=True,
        egress=True,
    ),
)
