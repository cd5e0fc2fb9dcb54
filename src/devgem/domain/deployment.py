"""The deployment state table and its fold: the one place that says what may follow what.

The UI folds the same events the same way (ui/src/lib/fold.ts); tests/golden holds logs on which both must agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from devgem.domain.errors import IllegalTransition
from devgem.domain.event import Event
from devgem.domain.event import EventType as E


class Step(StrEnum):
    FETCH = "fetch"
    PLAN = "plan"
    BUILD = "build"
    RELEASE = "release"
    VERIFY = "verify"
    SHIFT = "shift"


class Status(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    LIVE = "live"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"

    @property
    def is_terminal(self) -> bool:
        return self not in (Status.WAITING, Status.RUNNING)


TRANSITIONS: Mapping[tuple[Status | None, E], Status] = {
    (None, E.DEPLOYMENT_REQUESTED): Status.WAITING,
    (Status.WAITING, E.DEPLOYMENT_STARTED): Status.RUNNING,
    (Status.WAITING, E.DEPLOYMENT_SUPERSEDED): Status.SUPERSEDED,
    (Status.WAITING, E.DEPLOYMENT_CANCELLED): Status.CANCELLED,
    (Status.WAITING, E.DEPLOYMENT_FAILED): Status.FAILED,
    (Status.RUNNING, E.DEPLOYMENT_LIVE): Status.LIVE,
    (Status.RUNNING, E.DEPLOYMENT_FAILED): Status.FAILED,
    (Status.RUNNING, E.DEPLOYMENT_CANCELLED): Status.CANCELLED,
}


def advance(status: Status | None, event_type: str) -> Status:
    """The status after an event that moves a deployment. Raises IllegalTransition when the table has no such move."""
    try:
        return TRANSITIONS[status, E(event_type)]
    except (KeyError, ValueError):
        raise IllegalTransition(f"{event_type!r} cannot follow status {status and status.value!r}") from None


@dataclass(frozen=True)
class StepState:
    """`status`: waiting, running, done, skipped, failed. Seconds are wall-clock."""

    status: str = "waiting"
    seconds: float | None = None
    usual_seconds: float | None = None
    message: str = ""
    fraction: float | None = None
    started_at: str | None = None


@dataclass(frozen=True)
class Deployment:
    """What anyone sees of a deployment: a fold over the events of its stream. Times are RFC 3339."""

    id: str
    app: str
    status: Status
    requested_at: str
    repository: str = ""
    ref: str | None = None
    dir: str = "."
    commit: str | None = None
    steps: Mapping[str, StepState] = field(default_factory=lambda: {step.value: StepState() for step in Step})
    url: str | None = None
    revision: int | None = None
    seconds: float | None = None
    http_status: int | None = None
    first_byte_seconds: float | None = None
    notes: Sequence[str] = ()
    failure: Mapping[str, Any] | None = None
    failed_step: str | None = None
    superseded_by: str | None = None
    log_lines: int = 0
    seq: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        steps = {name: StepState(**state) for name, state in document["steps"].items()}
        return cls(**{**document, "status": Status(document["status"]), "steps": steps})


_MOVES = {event for _, event in TRANSITIONS}
_STEPS = {step.value for step in Step}


def fold(deployment: Deployment | None, event: Event) -> Deployment | None:
    """The state after one more event. Unknown types change `seq` alone: a newer writer may know more."""
    if event.type in _MOVES:
        deployment = _move(deployment, event)
    if deployment is None:
        return None
    deployment = replace(deployment, seq=event.seq)
    if event.type == E.LOG:
        return replace(deployment, log_lines=deployment.log_lines + 1)
    if event.type.startswith("step.") and event.data.get("step") in _STEPS:
        return _step(deployment, event)
    return deployment


def fold_all(events: Iterable[Event]) -> Deployment | None:
    state: Deployment | None = None
    for event in events:
        state = fold(state, event)
    return state


def _move(deployment: Deployment | None, event: Event) -> Deployment:
    status = advance(deployment.status if deployment else None, event.type)
    data = event.data
    if deployment is None:
        return Deployment(
            id=data["deployment"],
            app=data["app"],
            status=status,
            requested_at=event.at.isoformat(),
            repository=data.get("repository", ""),
            ref=data.get("ref"),
            dir=data.get("dir", "."),
        )
    return replace(
        deployment,
        status=status,
        url=data.get("url", deployment.url),
        revision=data.get("revision", deployment.revision),
        seconds=data.get("seconds", deployment.seconds),
        failure=data.get("failure", deployment.failure),
        http_status=data.get("status", deployment.http_status),
        first_byte_seconds=data.get("first_byte_seconds", deployment.first_byte_seconds),
        notes=data.get("notes", deployment.notes),
        failed_step=data.get("step", deployment.failed_step),
        superseded_by=data.get("by", deployment.superseded_by),
    )


def _step(deployment: Deployment, event: Event) -> Deployment:
    data = event.data
    old = deployment.steps[data["step"]]
    match event.type:
        case E.STEP_STARTED:
            new = StepState("running", usual_seconds=data.get("usual_seconds"), started_at=event.at.isoformat())
        case E.STEP_PROGRESSED:
            new = replace(old, message=data.get("message", ""), fraction=data.get("fraction"))
        case E.STEP_FINISHED:
            new = replace(old, status="skipped" if data.get("skipped") else "done", seconds=data.get("seconds"))
        case E.STEP_FAILED:
            new = replace(old, status="failed", seconds=data.get("seconds"))
        case _:
            return deployment
    return replace(
        deployment,
        steps={**deployment.steps, data["step"]: new},
        commit=data.get("commit", deployment.commit),
    )
