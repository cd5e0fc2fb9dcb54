"""Events: immutable facts, numbered in their stream, stored before they are sent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """One enum, one meaning each. `data` is described beside each; every lifecycle event also carries `app`."""

    DEPLOYMENT_REQUESTED = "deployment.requested"
    """A deployment waits its turn: {deployment, app, repository, ref, dir, cloud, reason}"""
    DEPLOYMENT_STARTED = "deployment.started"
    """Its turn has come: {deployment}"""
    DEPLOYMENT_LIVE = "deployment.live"
    """Traffic has shifted: {deployment, url, revision, seconds, status, first_byte_seconds, notes};
    url, status and first_byte_seconds null for a worker"""
    DEPLOYMENT_FAILED = "deployment.failed"
    """A step failed: {deployment, step, failure: {code, cause, fix, evidence, retryable, candidates}, seconds}"""
    DEPLOYMENT_CANCELLED = "deployment.cancelled"
    """Someone cancelled it: {deployment, seconds}"""
    DEPLOYMENT_SUPERSEDED = "deployment.superseded"
    """A newer deployment of the app took its place before it started: {deployment, by}"""
    DEPLOYMENT_ROLLED_BACK = "deployment.rolled_back"
    """Traffic went back to an older revision: {app, from, to, warning} (in the app's stream)"""
    APP_REMOVED = "app.removed"
    """An app is gone with all it had: {app}"""

    STEP_STARTED = "step.started"
    """{step, usual_seconds}"""
    STEP_PROGRESSED = "step.progressed"
    """{step, message, fraction}; fraction null where unknown"""
    STEP_FINISHED = "step.finished"
    """{step, seconds, skipped, ...what the step found: commit, stack, image, port}"""
    STEP_FAILED = "step.failed"
    """{step, seconds, failure}"""

    LOG = "log"
    """One log line: {text, stream, step}"""

    REVISION_RELEASED = "revision.released"
    """A revision runs, without traffic: {revision, deployment}"""
    TRAFFIC_SHIFTED = "traffic.shifted"
    """{shares: {"3": 100}}"""
    INSTANCE_STARTED = "instance.started"
    """{revision}"""
    INSTANCE_EXITED = "instance.exited"
    """{revision, exit_code, crashed, restarts}"""

    MESSAGE_STARTED = "message.started"
    """{message, role}"""
    MESSAGE_DELTA = "message.delta"
    """{message, text}"""
    MESSAGE_FINISHED = "message.finished"
    """{message, role, text, deployment}; deployment null when none is linked"""
    TOOL_CALLED = "tool.called"
    TOOL_FINISHED = "tool.finished"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_GRANTED = "approval.granted"
    APPROVAL_DENIED = "approval.denied"
    EDIT_PROPOSED = "edit.proposed"
    EDIT_APPLIED = "edit.applied"
    EDIT_REVERTED = "edit.reverted"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_UPDATED = "incident.updated"
    INCIDENT_CLOSED = "incident.closed"
    QUOTA_REFUSED = "quota.refused"
    ENDPOINT_SWITCHED = "endpoint.switched"


@dataclass(frozen=True)
class Event:
    """`seq` counts from 1 without a gap in `stream`; `type` is a string since a newer writer may know more types."""

    stream: str
    seq: int
    type: str
    at: datetime
    data: dict[str, Any]
