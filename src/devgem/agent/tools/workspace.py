"""Tools that edit: in a workspace of the conversation's own, where every edit can be undone."""

from pydantic import Field

from devgem.agent import edits
from devgem.agent.masking import MASK
from devgem.agent.tools.files import workspace
from devgem.agent.tools.logs import redactor
from devgem.agent.tools.tool import AppArguments, Context, Tier, Tool, ToolResult
from devgem.domain.errors import InvalidInput
from devgem.llm.planner import NeedsModel
from devgem.llm.planner.edits import Unclear, propose, wish_of
from devgem.source.workspace import Replacement

_TEXT = 64 << 10
_DETAIL = 500
_FILES_LOOKED_AT = 200
_STYLED = (
    *(".css", ".scss", ".less", ".html", ".htm", ".jsx", ".tsx", ".js", ".ts", ".vue", ".svelte", ".astro"),
    *(".erb", ".hbs", ".ejs", ".j2", ".jinja", ".jinja2", ".php", ".twig", ".liquid", ".md", ".mdx", ".py"),
)


class EditArguments(AppArguments):
    path: str = Field(min_length=1, max_length=500)
    search: str = Field(min_length=1, max_length=_TEXT, description="Text that stands exactly once in the file")
    replace: str = Field(max_length=_TEXT)


class WriteArguments(AppArguments):
    path: str = Field(min_length=1, max_length=500)
    text: str = Field(max_length=_TEXT, description="The whole file")


class PullRequestArguments(AppArguments):
    title: str = Field(min_length=1, max_length=200)


class StyleArguments(AppArguments):
    what: str = Field(min_length=1, max_length=300, description="Such as `page background`, `title`, `button text`")
    value: str = Field(min_length=1, max_length=2000, description="A colour, a size or a text")


class RestoreArguments(AppArguments):
    checkpoint: str | None = Field(default=None, max_length=40, description="Left out: the commit without any edit")


async def edit_file(context: Context, arguments: EditArguments) -> ToolResult:
    opened = await workspace(context, arguments.name)
    checkpoint = await opened.edit(arguments.path, arguments.search, arguments.replace)
    return ToolResult(f"{arguments.path} was edited.", {"checkpoint": checkpoint.id})


async def write_file(context: Context, arguments: WriteArguments) -> ToolResult:
    if MASK in arguments.text:
        raise InvalidInput(
            f"the text holds {MASK}, which stands for a secret that was hidden from it",
            fix="Change the file by edit_file, around the secret.",
        )
    checkpoint = await (await workspace(context, arguments.name)).write(arguments.path, arguments.text)
    return ToolResult(f"{arguments.path} was written.", {"checkpoint": checkpoint.id})


async def change_style(context: Context, arguments: StyleArguments) -> ToolResult:
    wish = wish_of(arguments.what, arguments.value)
    if wish is None:
        raise InvalidInput(f"{arguments.what!r} is no simple change", fix="Edit the files with edit_file.")
    opened = await workspace(context, arguments.name)
    paths = [wish.path] if wish.path else [path for path in await opened.files() if path.endswith(_STYLED)]
    files = {path: await opened.read(path) for path in paths[:_FILES_LOOKED_AT]}
    match propose(files, wish):
        case Unclear(question, choices):
            return ToolResult(
                question, {"choices": list(choices)}, untrusted=f"the files of {arguments.name}", ok=False
            )
        case NeedsModel(reason, instead):
            return ToolResult(f"{reason}. {' '.join(instead)}".strip(), ok=False)
        case []:
            return ToolResult(f"The {arguments.what} is that already.")
        case found:
            replacements = [Replacement(place.path, place.search, place.replace) for place in found]
            checkpoint = await opened.apply(replacements, f"Change the {arguments.what}")
            names = ", ".join(dict.fromkeys(place.path for place in replacements))
            return ToolResult(f"The {arguments.what} is changed, in {names}.", {"checkpoint": checkpoint.id})


async def run_checks(context: Context, arguments: AppArguments) -> ToolResult:
    found = await (await workspace(context, arguments.name)).check()
    redact = await redactor(context, arguments.name)
    checks = [{"name": f.name, "ok": f.passed, "detail": redact(f.detail)[:_DETAIL]} for f in found]
    failed = sum(f.passed is False for f in found)
    summary = f"{len(found)} checks of {arguments.name}: {failed or 'none'} failed."
    origin = f"the checks of {arguments.name}"
    return ToolResult(summary, {"checks": checks}, untrusted=origin, ok=not failed)


async def undo_edit(context: Context, arguments: AppArguments) -> ToolResult:
    checkpoint = await (await workspace(context, arguments.name)).undo()
    return ToolResult(f"The last edit of {arguments.name} was undone.", {"checkpoint": checkpoint})


async def redo_edit(context: Context, arguments: AppArguments) -> ToolResult:
    checkpoint = await (await workspace(context, arguments.name)).redo()
    return ToolResult(f"The edit of {arguments.name} was made again.", {"checkpoint": checkpoint})


async def restore_checkpoint(context: Context, arguments: RestoreArguments) -> ToolResult:
    checkpoint = await (await workspace(context, arguments.name)).restore(arguments.checkpoint)
    where = f"at checkpoint {checkpoint}" if checkpoint else "as they are in the commit"
    return ToolResult(f"The files of {arguments.name} are {where}.", {"checkpoint": checkpoint})


async def discard_edits(context: Context, arguments: AppArguments) -> ToolResult:
    checkpoint = await edits.discard(context.parts, context.conversation, arguments.name)
    return ToolResult(f"The edits of {arguments.name} were discarded.", {"checkpoint": checkpoint})


async def deploy_edits(context: Context, arguments: AppArguments) -> ToolResult:
    await edits.propose(context.parts, context.conversation, [arguments.name])  # the diff is seen, whatever comes of it
    opened = await workspace(context, arguments.name)
    deployment = await opened.deploy()
    await edits.told(context.parts, context.conversation, arguments.name, opened.checkpoint, deployment.id)
    return ToolResult(f"Deploying the edits of {arguments.name}.", {"app": arguments.name}, deployment=deployment.id)


async def preview_edits(context: Context, arguments: AppArguments) -> ToolResult:
    deployment = await (await workspace(context, arguments.name)).preview()
    summary = f"Deploying a preview of the edits of {arguments.name}, at an address of its own."
    return ToolResult(summary, {"app": deployment.app}, deployment=deployment.id)


async def open_pull_request(context: Context, arguments: PullRequestArguments) -> ToolResult:
    give = context.parts.push_token
    token = await give(context.user) if give is not None else None
    published = await (await workspace(context, arguments.name)).publish(arguments.title, token=token)
    if published.url is not None:
        return ToolResult(f"The pull request is open: {published.url}", {"url": published.url})
    pushed = f"The edits are pushed as the branch {published.branch}. " if published.branch else ""
    return ToolResult(f"{pushed}{published.detail}", ok=published.branch is not None)


TOOLS = (
    Tool(
        name="edit_file",
        description="Replace a text that stands exactly once in a file of an app.",
        tier=Tier.WORKSPACE,
        arguments=EditArguments,
        run=edit_file,
        title=lambda a: f"Editing {a.path} of {a.app}",
    ),
    Tool(
        name="write_file",
        description="Write a small new file of an app, or a whole one anew.",
        tier=Tier.WORKSPACE,
        arguments=WriteArguments,
        run=write_file,
        title=lambda a: f"Writing {a.path} of {a.app}",
    ),
    Tool(
        name="change_style",
        description="A simple change of a colour, a size or a text, by rules.",
        tier=Tier.WORKSPACE,
        arguments=StyleArguments,
        run=change_style,
        title=lambda a: f"Changing the {a.what} of {a.app}",
    ),
    Tool(
        name="run_checks",
        description="Whether the edits apply and parse, and what the app's own tests and linters say.",
        tier=Tier.WORKSPACE,
        arguments=AppArguments,
        run=run_checks,
        title=lambda a: f"Checking the edits of {a.app}",
        reads_private=True,
        reads_untrusted=True,
    ),
    Tool(
        name="undo_edit",
        description="Undo the last edit of an app.",
        tier=Tier.WORKSPACE,
        arguments=AppArguments,
        run=undo_edit,
        title=lambda a: f"Undoing an edit of {a.app}",
    ),
    Tool(
        name="redo_edit",
        description="Make the edit again that was undone last.",
        tier=Tier.WORKSPACE,
        arguments=AppArguments,
        run=redo_edit,
        title=lambda a: f"Redoing an edit of {a.app}",
    ),
    Tool(
        name="restore_checkpoint",
        description="Take an app's files to the state after an earlier edit.",
        tier=Tier.WORKSPACE,
        arguments=RestoreArguments,
        run=restore_checkpoint,
        title=lambda a: f"Restoring {a.checkpoint or 'the commit'} of {a.app}",
    ),
    Tool(
        name="discard_edits",
        description="Take an app's files back to what is live.",
        tier=Tier.WORKSPACE,
        arguments=AppArguments,
        run=discard_edits,
        title=lambda a: f"Discarding the edits of {a.app}",
    ),
    Tool(
        name="deploy_edits",
        description="Make this conversation's edits of an app live.",
        tier=Tier.VISIBLE,
        arguments=AppArguments,
        run=deploy_edits,
        title=lambda a: f"Deploying the edits of {a.app}",
    ),
    Tool(
        name="preview_edits",
        description="Deploy the edits beside the live app, at an address of their own.",
        tier=Tier.VISIBLE,
        arguments=AppArguments,
        run=preview_edits,
        title=lambda a: f"Previewing the edits of {a.app}",
    ),
    Tool(
        name="open_pull_request",
        description="Push the edits as a branch of their own, and open a pull request for it.",
        tier=Tier.VISIBLE,
        arguments=PullRequestArguments,
        run=open_pull_request,
        title=lambda a: f"Opening a pull request for {a.app}: {a.title}",
        egress=True,
    ),
)
