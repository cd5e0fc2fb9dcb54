"""Tools about an app's files: what there is, what stands in them, and what the workspace has changed."""

import json

from pydantic import Field

from devgem.agent.diffs import first_page
from devgem.agent.masking import hide_tokens
from devgem.agent.tools.logs import redactor
from devgem.agent.tools.tool import AppArguments, Context, Tier, Tool, ToolResult
from devgem.pipeline import OpenWorkspace

_LISTED = 400
_FOUND = 40
_READ_LINES = 600


class ListArguments(AppArguments):
    under: str = Field(default="", max_length=500, description="A folder; left out: all")


class ReadArguments(AppArguments):
    path: str = Field(min_length=1, max_length=500)
    line: int = Field(default=1, ge=1, description="The first line to read")


class SearchArguments(AppArguments):
    text: str = Field(min_length=1, max_length=200)


async def workspace(context: Context, app: str) -> OpenWorkspace:
    return await context.parts.workspaces.open(app, context.conversation)


async def list_files(context: Context, arguments: ListArguments) -> ToolResult:
    paths = await (await workspace(context, arguments.name)).files(arguments.under)
    left_out = f"\n({len(paths) - _LISTED} more)" if len(paths) > _LISTED else ""
    text = "\n".join(json.dumps(path, ensure_ascii=False)[1:-1] for path in paths[:_LISTED]) + left_out
    return ToolResult(f"{arguments.name} has {len(paths)} files there.", {"text": text}, untrusted=_origin(arguments))


async def read_file(context: Context, arguments: ReadArguments) -> ToolResult:
    text = await (await workspace(context, arguments.name)).read(arguments.path)
    redact = await redactor(context, arguments.name)
    lines = hide_tokens(redact(text)).splitlines(keepends=True)
    chosen = lines[arguments.line - 1 : arguments.line - 1 + _READ_LINES]
    last = arguments.line + len(chosen) - 1
    summary = f"Lines {arguments.line} to {last} of {len(lines)} of a file of {arguments.name}."
    return ToolResult(summary, {"text": "".join(chosen)}, untrusted=f"{arguments.path} of {arguments.name}")


async def search_files(context: Context, arguments: SearchArguments) -> ToolResult:
    found = await (await workspace(context, arguments.name)).search(arguments.text, limit=_FOUND)
    redact = await redactor(context, arguments.name)
    text = "\n".join(f"{match.path}:{match.line}: {hide_tokens(redact(match.text))}" for match in found)
    if not found:
        return ToolResult(f"Nothing in {arguments.name} holds that.")
    return ToolResult(
        f"{len(found)} lines of {arguments.name} hold that.", {"text": text}, untrusted=_origin(arguments)
    )


async def show_diff(context: Context, arguments: AppArguments) -> ToolResult:
    diff = await (await workspace(context, arguments.name)).diff()
    if not diff.files:
        return ToolResult(f"{arguments.name} has no edits that are not live.")
    flags = [vars(flag) for flag in diff.flags]
    summary = f"{len(diff.files)} files of {arguments.name} are edited and not live; {len(flags)} things to look at."
    shown = first_page(diff)
    data = {"files": shown.files, "rest": shown.rest, "flags": flags}
    return ToolResult(summary, data, untrusted=_origin(arguments))


def _origin(arguments: AppArguments) -> str:
    return f"the files of {arguments.name}"


TOOLS = (
    Tool(
        name="list_files",
        description="Paths of an app's files, in a folder or all.",
        tier=Tier.UNTRUSTED,
        arguments=ListArguments,
        run=list_files,
        title=lambda a: f"Listing the files of {a.app}",
        reads_private=True,
        reads_untrusted=True,
    ),
    Tool(
        name="read_file",
        description="A file of an app, with this conversation's edits; 600 lines at a time.",
        tier=Tier.UNTRUSTED,
        arguments=ReadArguments,
        run=read_file,
        title=lambda a: f"Reading {a.path} of {a.app}",
        reads_private=True,
        reads_untrusted=True,
    ),
    Tool(
        name="search_files",
        description="Lines of an app's files that hold a text, whatever its case.",
        tier=Tier.UNTRUSTED,
        arguments=SearchArguments,
        run=search_files,
        title=lambda a: f"Searching {a.app} for {a.text!r}",
        reads_private=True,
        reads_untrusted=True,
    ),
    Tool(
        name="show_diff",
        description="What this conversation has edited of an app and is not live.",
        tier=Tier.UNTRUSTED,
        arguments=AppArguments,
        run=show_diff,
        title=lambda a: f"Showing the edits of {a.app}",
        reads_private=True,
        reads_untrusted=True,
    ),
)
