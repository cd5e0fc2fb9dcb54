"""The state of the world as the model is told it: small, fresh, and made of DevGem's own facts only."""

import re
from collections.abc import Collection, Sequence

from devgem.agent.parts import Parts
from devgem.domain.app import Instance
from devgem.domain.deployment import Status
from devgem.domain.errors import DevGemError
from devgem.llm.planner import KnownApp, World
from devgem.store import AppRow, DeploymentRow

_APPS = 50
_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")


def status_of(row: AppRow, last: DeploymentRow | None, instances: Sequence[Instance]) -> str:
    """One word for an app: new, deploying, live, stopped, failed or crashed."""
    if last is not None and not last.state.status.is_terminal:
        return "deploying"
    if row.live is None:
        return "failed" if last is not None and last.state.status is Status.FAILED else "new"
    states = {instance.state for instance in instances if instance.revision == row.live}
    if "crashed" in states:
        return "crashed"
    return "stopped" if states and states <= {"stopped"} else "live"


async def look(parts: Parts, *, conversation: str, spoken: Sequence[str]) -> World:
    """The world of the conversation's owner as it is now; `spoken` is what was spoken of in it, the newest first. A
    failure is told by its code alone: its words may come from a repository or a log."""
    owner = await parts.store.owner_of(conversation)
    async with parts.store.read(owner=owner) as transaction:
        rows = await transaction.apps.page(limit=_APPS)
        latest = await transaction.deployments.latest()
        opened = [row.name for row in rows if await transaction.workspaces.find(row.name, conversation)]
        served = {row.name: await transaction.revisions.served(row.name) for row in rows}
    instances = {row.name: await _instances(parts, row) for row in rows}
    edited = [app for app in opened if await (await parts.workspaces.open(app, conversation)).is_pending()]
    apps = [_known(row, latest.get(row.name), instances[row.name], served[row.name]) for row in rows]
    ended = sorted((row for row in latest.values() if row.state.status is Status.FAILED), key=lambda row: row.id)
    failed = ended[-1] if ended else None
    return World(
        apps=tuple(apps),
        last_app=last_spoken(spoken, {row.name for row in rows}),
        running=tuple(app.name for app in apps if app.status == "deploying"),
        failed=failed.app if failed else None,
        failure=str((failed.state.failure or {}).get("code", "")) if failed else "",
        edited=tuple(edited),
    )


async def _instances(parts: Parts, row: AppRow) -> Sequence[Instance]:
    try:
        return await parts.clouds[row.app.cloud].instances(row.name)
    except DevGemError:
        return ()  # a cloud that does not answer must not end the conversation about it


def last_spoken(spoken: Sequence[str], apps: Collection[str]) -> str | None:
    """The app that was named last."""
    for text in spoken:
        for word in reversed(_WORD.findall(text.lower())):
            if word in apps:
                return str(word)
    return None


def _known(row: AppRow, last: DeploymentRow | None, instances: Sequence[Instance], served: Sequence[int]) -> KnownApp:
    repository = row.app.repository
    return KnownApp(
        name=row.name,
        repository=repository.location,
        dir=repository.dir,
        ref=repository.ref,
        url=row.url or "",
        status=status_of(row, last, instances),
        revision=row.live,
        revisions=tuple(served),
    )
