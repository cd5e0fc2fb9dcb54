"""Why a deployment failed, explained by rules from its log and its files."""

from collections.abc import Sequence
from typing import Any

from devgem.agent.diagnosis import Diagnosis, Evidence, diagnose, wanted
from devgem.agent.parts import Parts
from devgem.domain.deployment import Step
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import LogLine
from devgem.source import FolderTree
from devgem.store import DeploymentRow

_LINES = 4000
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
    return failure, diagnose(evidence)


def actions(app: str, diagnosis: Diagnosis | None, *, is_live: bool) -> list[dict[str, Any]]:
    """The buttons below a failure: each says something for the user."""
    offered = [
        {"label": "Try again", "say": f"deploy {app} again"},
        {"label": "Show the log", "say": f"build log of {app}"},
    ]
    return offered


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
        tree = FolderTree(await parts.sources.checkout(row.order.repository, row.commit, row.order.patch))
        paths = await tree.paths()
        found = {path: await tree.read(path, _FILE_BYTES) for path in wanted(row.plan, lines, paths)}
    except DevGemError:
        return (), {}  # the repository cannot be reached now: the log must do
    return paths, {path: content.decode("utf-8", "replace") for path, content in found.items()}
