"""Edits as a conversation shows them: proposed with their diff, then applied or reverted, by an id that names what was
shown."""

import hashlib
import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from devgem.agent import diffs
from devgem.agent.parts import Parts
from devgem.domain.errors import Conflict, NotFound
from devgem.domain.event import Event, EventType
from devgem.domain.ids import new_id
from devgem.pipeline import OpenWorkspace
from devgem.store import CallRow, CallStatus, Fact


def edit_id(conversation: str, app: str, checkpoint: str | None) -> str:
    """Of one state of a workspace: the same state is proposed once."""
    return "edt_" + hashlib.sha256(f"{conversation}\0{app}\0{checkpoint}".encode()).hexdigest()[:26]


def checks_in(rows: Sequence[CallRow]) -> list[dict[str, Any]]:
    """What the last run of the checks found."""
    for row in reversed(rows):
        if row.tool == "run_checks" and row.result and "data" in row.result:
            with suppress(ValueError):  # it was cut
                found: list[dict[str, Any]] = json.loads(row.result["data"]["text"])["checks"]
                return found
    return []


async def propose(
    parts: Parts, conversation: str, apps: Collection[str], checks: Sequence[dict[str, Any]] = ()
) -> None:
    """Shows what is edited and not deployed of these apps, unless it was shown before."""
    for app in sorted(apps):
        workspace = await parts.workspaces.open(app, conversation)
        if not await workspace.is_pending():
            continue
        diff = await workspace.diff()
        id = edit_id(conversation, app, workspace.checkpoint)
        shown = diffs.first_page(diff)
        names = ", ".join(file.path for file in diff.files[:5])
        data = {
            "edit": id,
            "app": app,
            "checkpoint": workspace.checkpoint,
            "summary": f"{app}: {names}{' and others' if len(diff.files) > 5 else ''}",
            "files": shown.files,
            "rest": shown.rest,
            "flags": [vars(flag) for flag in diff.flags],
            "checks": list(checks),
        }
        await parts.store.append(f"conversation:{conversation}", [Fact(EventType.EDIT_PROPOSED, data, f"edit:{id}")])


async def find(parts: Parts, conversation: str, edit: str) -> Event:
    """Raises NotFound."""
    async with parts.store.read() as transaction:
        await transaction.conversations.get(conversation)
        found = await transaction.events.find(f"conversation:{conversation}", f"edit:{edit}")
    if found is None:
        raise NotFound(f"there is no edit {edit!r} in this conversation")
    return found


async def rest(parts: Parts, conversation: str, edit: str, after: int) -> diffs.DiffPage:
    """What of a proposed edit comes after the first `after` hunks. Raises Conflict as `accept` does."""
    _, workspace = await _as_shown(parts, conversation, edit)
    return diffs.page(await workspace.diff(), after)


async def _as_shown(parts: Parts, conversation: str, edit: str) -> tuple[Event, OpenWorkspace]:
    proposed = await find(parts, conversation, edit)
    workspace = await parts.workspaces.open(proposed.data["app"], conversation)
    if workspace.checkpoint != proposed.data["checkpoint"]:
        raise Conflict(
            "the edits have changed since they were shown", fix="Look at the newest diff.", code="edit_stale"
        )
    return proposed, workspace


async def accept(parts: Parts, conversation: str, edit: str, hunks: Sequence[str] | None) -> CallRow:
    """Deploys what was shown, or only some hunks of it, as a call of `deploy_edits` that is done. Raises Conflict when
    the workspace has changed since it was shown."""
    proposed, workspace = await _as_shown(parts, conversation, edit)
    app = proposed.data["app"]
    if hunks is None and proposed.data.get("rest"):
        fix = "Look at the rest of it in the dashboard, or accept it hunk by hunk."
        raise Conflict("the diff was not shown whole", fix=fix, code="edit_not_shown")
    deployment = await workspace.deploy(hunks)
    await told(parts, conversation, app, workspace.checkpoint, deployment.id, accepted=hunks)
    call = CallRow(
        id=new_id("cal"),
        conversation=conversation,
        turn=deployment.id,  # no turn has made it
        position=0,
        asked_as=edit,
        tool="deploy_edits",
        arguments={"app": app},
        status=CallStatus.DONE,
        result={"summary": f"Deploying the edits of {app}.", "ok": True},
        deployment=deployment.id,
    )
    async with parts.store.write() as transaction:
        await transaction.calls.add(call)
    return call


async def told(
    parts: Parts,
    conversation: str,
    app: str,
    checkpoint: str | None,
    deployment: str,
    *,
    accepted: Sequence[str] | None = None,
) -> None:
    """Notes that edits are being made live."""
    id = edit_id(conversation, app, checkpoint)
    data = {
        "edit": id,
        "app": app,
        "checkpoint": checkpoint,
        "accepted": None if accepted is None else list(accepted),
        "deployment": deployment,
    }
    fact = Fact(EventType.EDIT_APPLIED, data, f"applied:{deployment}")
    await parts.store.append(f"conversation:{conversation}", [fact])


async def discard(parts: Parts, conversation: str, app: str) -> str | None:
    """Takes a workspace back to what is live; the checkpoint then."""
    workspace = await parts.workspaces.open(app, conversation)
    edit = edit_id(conversation, app, workspace.checkpoint)
    checkpoint = await workspace.discard()
    data = {"edit": edit, "app": app, "checkpoint": checkpoint}
    await parts.store.append(f"conversation:{conversation}", [Fact(EventType.EDIT_REVERTED, data)])
    return checkpoint
