"""Tools about what went wrong lately with an app, and where it can be reached."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from devgem.agent.tools.tool import AppArguments, Context, Tier, Tool, ToolResult
from devgem.domain.event import EventType
from devgem.domain.ids import parent_of

_EVENTS = 500
_LOOKED_BACK = timedelta(hours=24)
_TOLD = {
    EventType.DEPLOYMENT_FAILED: "a deployment failed",
    EventType.DEPLOYMENT_ROLLED_BACK: "it was rolled back",
    EventType.INSTANCE_EXITED: "an instance crashed",
}


async def list_incidents(context: Context, arguments: AppArguments) -> ToolResult:
    """Crashes, failed deployments and rollbacks from the app's own stream, and the share of 5xx by revision."""
    async with context.parts.store.read(owner=context.user) as transaction:
        row = await transaction.apps.get(arguments.name)
        stream = f"app:{row.name}"
        head = (await transaction.events.state(stream)).head
        events = await transaction.events.read(stream, after=max(0, head - _EVENTS))
    since = datetime.now(UTC) - _LOOKED_BACK
    incidents = [
        {"at": event.at.isoformat(), "what": _TOLD[EventType(event.type)], "revision": event.data.get("revision")}
        for event in events
        if event.at >= since and event.type in _TOLD and event.data.get("crashed", True)
    ]
    found = await context.parts.clouds[row.app.cloud].signals(row.name, timedelta(hours=1))
    errors = {f"v{r.revision}": r.by_status["5xx"] for r in found.revisions if r.by_status.get("5xx")}
    told = f"{row.name}: incidents in the last 24 hours: {len(incidents)}, answers with a 5xx: {sum(errors.values())}."
    return ToolResult(told, {"incidents": incidents[-50:], "answers_5xx": errors})


async def list_domains(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        row = await transaction.apps.get(arguments.name)
        previews = [preview for preview in await transaction.apps.previews() if parent_of(preview.name) == row.name]
    hosts = [{"host": urlsplit(one.url).netloc, "of": one.name} for one in (row, *previews) if one.url]
    told = ", ".join(host["host"] for host in hosts) or "no address yet"
    own = await context.parts.domains.list(row.name) if context.parts.domains else ()
    names = [{"host": one.host, "state": one.state, "detail": one.detail} for one in own]
    note = " ".join(f"{one.host} is {one.state}." for one in own) or "It has no host name of its own."
    return ToolResult(f"{row.name} answers at {told}. {note}", {"hosts": hosts, "custom": names})


TOOLS = (
    Tool(
        name="list_incidents",
        description="Crashes, failed deployments, rollbacks and 5xx of the last 24 hours.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=list_incidents,
        title=lambda a: f"Looking for incidents of {a.app}",
    ),
    Tool(
        name="list_domains",
        description="The host names of an app and its preview, custom ones too.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=list_domains,
        title=lambda a: f"Listing the addresses of {a.app}",
    ),
)
