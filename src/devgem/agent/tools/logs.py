"""Tools about logs: lines of a build or of a running app, those that tell of a failure first."""

from collections.abc import Sequence

from pydantic import Field

from devgem.agent.diagnosis import summary, to_json
from devgem.agent.failures import explain
from devgem.agent.masking import hide_tokens
from devgem.agent.tools.tool import AppArguments, Context, Tier, Tool, ToolResult
from devgem.domain.deployment import Status
from devgem.domain.errors import NotFound
from devgem.domain.event import EventType
from devgem.domain.log import Redactor, at_least

_LINE_CHARACTERS = 500
_SEARCHED_LINES = 5000
_GRAVE_LINES = 20


class LogArguments(AppArguments):
    build: bool = Field(default=False, description="The log of the last deployment instead of the running app's")
    lines: int = Field(default=40, ge=1, le=200)
    grep: str | None = Field(default=None, max_length=200, description="Only lines that hold this text")


async def read_logs(context: Context, arguments: LogArguments) -> ToolResult:
    found = await (_build_lines if arguments.build else _run_lines)(context, arguments)
    lines = [line for line in found if arguments.grep is None or arguments.grep.lower() in line.lower()]
    of = f"{'build' if arguments.build else 'run-time'} log of {arguments.name}"
    if not lines:
        return ToolResult(f"The {of} has no {'such ' if arguments.grep else ''}lines.")
    redact = await redactor(context, arguments.name)
    text = "\n".join(hide_tokens(redact(line))[:_LINE_CHARACTERS] for line in ordered(lines, arguments.lines))
    shown = min(arguments.lines, len(lines))
    return ToolResult(f"Here are {shown} lines of the {of}.", {"text": text}, untrusted=of)


async def explain_failure(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        await transaction.apps.get(arguments.name)
        ended = await transaction.deployments.page(app=arguments.name, statuses=[Status.LIVE, Status.FAILED], limit=1)
    if not ended or ended[0].state.status is not Status.FAILED:
        return ToolResult(f"The last deployment of {arguments.name} did not fail.")
    row = ended[0]
    failure, diagnosis = await explain(context.parts, row)
    content = {"explanation": summary(failure, diagnosis), "diagnosis": to_json(diagnosis) if diagnosis else None}
    told = (
        f"The {row.state.failed_step} step of {arguments.name} failed; the cause is told with the line that shows it."
    )
    return ToolResult(told, content, untrusted=f"the log of {arguments.name}")


def ordered(lines: Sequence[str], limit: int) -> list[str]:
    """The last `limit` lines; before them, under a heading, the grave ones that these leave out."""
    tail, earlier = list(lines[-limit:]), lines[:-limit]
    grave = [line for line in earlier if at_least(line, "error")][-min(_GRAVE_LINES, limit) :]
    return ["Earlier errors:", *grave, "The last lines:", *tail] if grave else tail


async def redactor(context: Context, app: str) -> Redactor:
    """Masks the values of an app's config vars: no model is to see one."""
    async with context.parts.store.read(owner=context.user) as transaction:
        values = [await transaction.config_vars.values(app, build=build) for build in (True, False)]
    return Redactor(value for found in values for value in found.values())


async def _run_lines(context: Context, arguments: LogArguments) -> list[str]:
    async with context.parts.store.read(owner=context.user) as transaction:
        row = await transaction.apps.get(arguments.name)
    cloud = context.parts.clouds[row.app.cloud]
    return [line.text async for line in cloud.logs(row.name, tail=_SEARCHED_LINES)]


async def _build_lines(context: Context, arguments: LogArguments) -> list[str]:
    async with context.parts.store.read(owner=context.user) as transaction:
        await transaction.apps.get(arguments.name)
        rows = await transaction.deployments.page(app=arguments.name, limit=1)
        if not rows:
            raise NotFound(f"{arguments.name!r} has never been deployed", fix="Deploy it first.")
        stream = f"deployment:{rows[0].id}"
        head = (await transaction.events.state(stream)).head
        events = await transaction.events.read(stream, after=max(0, head - _SEARCHED_LINES), limit=_SEARCHED_LINES)
    return [event.data["text"] for event in events if event.type == EventType.LOG]


TOOLS = (
    Tool(
        name="read_logs",
        description="Log lines of a running app, or of its last build; errors first.",
        tier=Tier.UNTRUSTED,
        arguments=LogArguments,
        run=read_logs,
        title=lambda a: f"Reading the {'build' if a.build else 'run-time'} log of {a.app}",
        reads_private=True,
        reads_untrusted=True,
    ),
    Tool(
        name="explain_failure",
        description="Why the last deployment of an app failed: cause, evidence and fixes, by rules.",
        tier=Tier.UNTRUSTED,
        arguments=AppArguments,
        run=explain_failure,
        title=lambda a: f"Finding out why {a.app} failed",
        reads_private=True,
        reads_untrusted=True,
    ),
)
