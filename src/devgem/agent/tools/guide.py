"""Tools about DevGem itself: what can be said, and how much of the models' quota is used."""

from pydantic import Field

from devgem.agent.tools.apps import NoArguments
from devgem.agent.tools.tool import Arguments, Context, Tier, Tool, ToolResult

_TOPICS = {
    "deploy": "Say `deploy owner/repo`, a git URL or a folder; add `as <name>`, `branch <ref>` or `in <folder>`.",
    "logs": "Say `logs of <app>`, or `build log of <app>`.",
    "fix": "Say `why did <app> fail?`.",
    "rollback": "Say `roll back <app>`, or `roll back <app> to v3`.",
    "restart": "Say `restart <app>`.",
    "cancel": "Say `cancel <app>` while it is being deployed.",
    "env": "Say `set NAME=value on <app>`: the value is hidden at once, and you approve it before it is kept.",
    "edit": "Say what is to change, such as `make the background of <app> blue`; you see the diff before it goes live.",
    "remove": "Say `remove <app>`; you type its name to approve.",
    "list": "Say `list`.",
}


class HelpArguments(Arguments):
    topic: str | None = Field(default=None, max_length=100, description=", ".join(_TOPICS))


async def help(context: Context, arguments: HelpArguments) -> ToolResult:
    if (text := _TOPICS.get((arguments.topic or "").lower())) is not None:
        return ToolResult(text)
    return ToolResult("\n".join(_TOPICS.values()))


async def quota(context: Context, arguments: NoArguments) -> ToolResult:
    if context.parts.board is None:
        return ToolResult("No model is configured, so there is no quota: answers come from DevGem's own rules.")
    board = await context.parts.board(context.user)
    endpoints = [
        {
            "endpoint": state.endpoint.id,
            "circuit": state.circuit,
            "requests_per_minute": [state.rpm.used, state.rpm.limit],
            "tokens_per_minute": [state.tpm.used, state.tpm.limit],
        }
        for state in board.endpoints
    ]
    closed = sum(state.circuit == "closed" for state in board.endpoints)
    waiting = sum(board.waiting.values())
    summary = f"{closed} of {len(endpoints)} endpoints take calls; {waiting} calls wait."
    return ToolResult(summary, {"endpoints": endpoints})


TOOLS = (
    Tool(
        name="help",
        description="What can be said to DevGem.",
        tier=Tier.OWN,
        arguments=HelpArguments,
        run=help,
        title=lambda _: "Looking up the help",
    ),
    Tool(
        name="quota",
        description="Used and left quota of the model's endpoints.",
        tier=Tier.OWN,
        arguments=NoArguments,
        run=quota,
        title=lambda _: "Looking at the quota",
    ),
)
