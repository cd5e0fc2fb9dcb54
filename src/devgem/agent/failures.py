"""Why a deployment failed, explained by rules from its log and its files."""

import asyncio
from collections.abc import Sequence
from typing import Any

from devgem.agent import edits
from devgem.agent.budget import failed_rounds
from devgem.agent.diagnosis import Button, ConfigVar, Diagnosis, Diff, Evidence, diagnose, wanted
from devgem.agent.parts import Parts
from devgem.domain.deployment import Step
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import LogLine
from devgem.pipeline.reading import deployed_files
from devgem.source.workspace import Edit, Replacement, Write
from devgem.store import DeploymentRow, Transaction

_LINES = 4000
_ROUNDS_SEEN = 20
_FILE_BYTES = 128 << 10


async def explain(parts: Parts, row: DeploymentRow) -> tuple[Failure, Diagnosis | None]:
    """The failure of a deployment that has failed, and what the rules know of it."""
    failure = Failure(**(row.state.failure or {"code": "unknown", "cause": "The deployment failed"}))
    if row.state.failed_step is None:
        return failure, None
    lines = await _lines(parts, row)
    paths, files = await _files(parts, row, lines)
    app = parent_of(row.app) or row.app
    async with parts.store.read() as transaction:
        env = [var.name for var in await transaction.config_vars.of(app)]
        served = await transaction.revisions.served(app)
    evidence = Evidence(
        app=app,
        step=Step(row.state.failed_step),
        failure=failure,
        lines=lines,
        plan=row.plan,
        files=files,
        paths=paths,
        env=env,
        served_before=bool(served),
    )
    return failure, await asyncio.to_thread(diagnose, evidence)


async def failed_in_a_row(transaction: Transaction, conversation: str, app: str) -> int:
    """How many deployments of an app, previews too, this conversation has seen fail one after the other."""
    ids = await transaction.calls.deployments(conversation, limit=_ROUNDS_SEEN)
    rows = [await transaction.deployments.find(id) for id in ids]
    return failed_rounds([row.state.status for row in rows if row and app in (row.app, parent_of(row.app))])


async def offer_fix(parts: Parts, conversation: str, app: str, diagnosis: Diagnosis | None) -> str | None:
    """Makes the best fix an edit of the conversation's workspace, shown with its diff, where it is one and nothing
    else is being edited; the id of that edit."""
    if diagnosis is None or not diagnosis.remedies or not isinstance(fix := diagnosis.remedies[0], Diff):
        return None
    summary = f"Fix: {diagnosis.id}"
    try:
        workspace = await parts.workspaces.open(app, conversation)
        if not await workspace.is_pending():
            await workspace.apply([_edit(fix)], summary)
        elif workspace.checkpoints[-1].summary != summary:
            return None
        await edits.propose(parts, conversation, [app])
    except DevGemError:
        return None  # the words of the diagnosis must do
    return edits.edit_id(conversation, app, workspace.checkpoint)


def actions(app: str, diagnosis: Diagnosis | None, edit: str | None) -> list[dict[str, Any]]:
    """The buttons below a failure: each accepts an edit, or says something for the user."""
    offered: list[dict[str, Any]] = []
    if edit is not None:
        offered.append({"label": "Apply and redeploy", "edit": edit, "accept": True})
    for remedy in diagnosis.remedies if diagnosis else ():
        if isinstance(remedy, ConfigVar) and not remedy.build:
            names = " and ".join(remedy.names)
            offered.append({"label": f"Set {names}", "say": f"set {names} on {app}"})
    buttons = diagnosis.buttons if diagnosis else (Button.RETRY, Button.LOGS)
    said = {
        Button.RETRY: {"label": "Try again", "say": f"redeploy {app}"},
        Button.LOGS: {"label": "Show the log", "say": f"build log of {app}"},
        Button.ROLL_BACK: {"label": "Roll back", "say": f"roll back {app}"},
    }
    return offered + [said[button] for button in buttons if button in said]


def _edit(fix: Diff) -> Edit:
    return Write(fix.path, fix.replace) if fix.search is None else Replacement(fix.path, fix.search, fix.replace)


async def _lines(parts: Parts, row: DeploymentRow) -> list[LogLine]:
    """Those of the failing step."""
    stream = f"deployment:{row.id}"
    async with parts.store.read() as transaction:
        head = (await transaction.events.state(stream)).head
        events = await transaction.events.read(stream, after=max(0, head - _LINES), limit=_LINES)
    return [
        LogLine(event.data["text"], event.data["stream"], event.at, event.seq)
        for event in events
        if event.type == EventType.LOG and event.data.get("step") in (None, row.state.failed_step)
    ]


async def _files(parts: Parts, row: DeploymentRow, lines: Sequence[LogLine]) -> tuple[Sequence[str], dict[str, str]]:
    """All paths of what was deployed, and the contents of those that the rules want to see."""
    if row.commit is None:
        return (), {}
    try:
        async with parts.store.read() as transaction:
            user = (await transaction.apps.get(row.app)).owner
        tree = await deployed_files(parts.sources, parts.clouds[row.order.cloud], row, user)
        paths = await tree.paths()
        found = {path: await tree.read(path, _FILE_BYTES) for path in wanted(row.plan, lines, paths)}
    except DevGemError:
        return (), {}  # the repository cannot be reached now: the log must do
    return paths, {path: content.decode("utf-8", "replace") for path, content in found.items()}
