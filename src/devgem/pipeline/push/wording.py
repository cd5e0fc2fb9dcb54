"""How GitHub is told: a status of a commit, and the one comment of a pull request."""

import re
from collections.abc import Mapping
from typing import Any

from devgem.domain.deployment import Deployment, Status
from devgem.domain.ids import parent_of, pull_request_of
from devgem.domain.log import clean
from devgem.source.github import Status as CommitStatus
from devgem.store import PullRow, PullState

_DESCRIPTION_CHARACTERS = 140
_CAUSE_CHARACTERS = 500
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_STATES: Mapping[Status, str] = {
    Status.WAITING: "pending",
    Status.RUNNING: "pending",
    Status.LIVE: "success",
    Status.FAILED: "failure",
    Status.CANCELLED: "error",
    Status.SUPERSEDED: "error",
}


def status_of(deployment: Deployment, site: str) -> CommitStatus:
    """`site` is the dashboard's address."""
    page = f"{site}/deployments/{deployment.id}"
    is_live = deployment.status is Status.LIVE
    return CommitStatus(
        state=_STATES[deployment.status],
        url=deployment.url or page if is_live else page,
        description=_cut(_description(deployment), _DESCRIPTION_CHARACTERS),
        context=context_of(deployment.app),
    )


def context_of(app: str) -> str:
    """One line among a commit's checks for an app, and one for its previews."""
    return f"devgem/{parent_of(app)} (preview)" if pull_request_of(app) is not None else f"devgem/{app}"


def mark_of(pull: PullRow) -> str:
    """What a comment begins with, unseen: it is found by it again."""
    return f"<!-- devgem preview of {pull.app} -->"


def comment_of(pull: PullRow, deployment: Deployment | None, site: str) -> str:
    """The whole comment. `deployment` None: the one of this commit is gone with its preview."""
    lines = [mark_of(pull), f"**DevGem preview of `{pull.app}`**", "", _told(pull, deployment, site)]
    return "\n".join(lines)


def _told(pull: PullRow, deployment: Deployment | None, site: str) -> str:
    commit = f"`{pull.sha[:12]}`"
    if pull.state is PullState.CLOSED:
        return "The preview is removed."
    if pull.state is PullState.WAITING:
        page = f"{site}/apps/{pull.app}/settings"
        return f"{commit} waits for a member's consent before it is deployed: {page}"
    if deployment is None:
        return "The preview was removed, since nothing was pushed for two weeks. It comes back with the next commit."
    page = f"{site}/deployments/{deployment.id}"
    match deployment.status:
        case Status.LIVE:
            return f"{commit} is live: {deployment.url or page}"
        case Status.FAILED:
            step = deployment.failed_step or "first"
            return f"{commit} was not deployed, the {step} step failed: {_code(_cause(deployment.failure))}\n\n{page}"
        case Status.CANCELLED:
            return f"{commit} was cancelled. {page}"
        case Status.SUPERSEDED:
            return f"{commit} was not deployed: a newer commit took its place."
        case _:
            return f"{commit} is being deployed: {page}"


def _description(deployment: Deployment) -> str:
    match deployment.status:
        case Status.WAITING:
            return "Waits its turn"
        case Status.RUNNING:
            return "Is being deployed"
        case Status.LIVE:
            took = f" after {deployment.seconds:.0f} s" if deployment.seconds is not None else ""
            return f"Live as v{deployment.revision}{took}"
        case Status.FAILED:
            return _first_sentence(_cause(deployment.failure))
        case Status.CANCELLED:
            return "Cancelled"
        case Status.SUPERSEDED:
            return "A newer deployment took its place"


def _cause(failure: Mapping[str, Any] | None) -> str:
    """In one line; it may quote what a repository or its log says."""
    text = str((failure or {}).get("cause") or "It failed")
    return _cut(" ".join(_COLOURS.sub("", clean(text)).split()), _CAUSE_CHARACTERS)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def _code(text: str) -> str:
    """As code: nobody is mentioned, nothing is linked, no markup counts in it."""
    return "`" + text.replace("`", "'") + "`"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."
