"""Events: immutable facts, numbered in their stream, stored before they are sent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """One enum, one meaning each. `data` is described beside each; every lifecycle event also carries `app`."""

    DEPLOYMENT_REQUESTED = "deployment.requested"
    """A deployment waits its turn: {deployment, app, repository, ref, dir, cloud, reason}; with edits, also
    {edits}, the digest of their patch"""
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
    """The assistant begins to say something: {message, role, turn}"""
    MESSAGE_DELTA = "message.delta"
    """{message, text, replace}; replace: `text` stands for all that was streamed of the message so far"""
    MESSAGE_FINISHED = "message.finished"
    """A whole message: {message, role, text, deployment}; deployment null when none is linked. A user's has `replaces`,
    the message that it is an edited version of, or null, and `client_id`, its sender's own name for it, or null. The
    assistant's has {turn, stopped, usage, actions}: turn null when DevGem speaks by itself; stopped null, or user,
    budget, steps, time, error; usage null for a model that costs nothing, else {input_tokens, output_tokens,
    turn_tokens, conversation_tokens, day_tokens, day_limit, cost_usd}; actions [{label, say}], each sends `say` as the
    user's message"""
    TOOL_CALLED = "tool.called"
    """{call, tool, arguments, tier, turn, title}; title in a few plain words"""
    TOOL_FINISHED = "tool.finished"
    """{call, tool, ok, summary, deployment, turn}; deployment: the one that it started, or null"""
    APPROVAL_REQUESTED = "approval.requested"
    """A call waits for the user's consent: {approval, call, tool, arguments, digest, tier, title, why, typed_name,
    fields, turn}; typed_name null, or what must be typed; fields [{name, secret}], values to be typed in"""
    APPROVAL_GRANTED = "approval.granted"
    """{approval, by}"""
    APPROVAL_DENIED = "approval.denied"
    """{approval, by, reason}"""
    EDIT_PROPOSED = "edit.proposed"
    """What is edited and not live: {edit, app, checkpoint, summary, files: [{path, change: added, modified or deleted,
    hunks: [{hunk, header, lines}]}], rest, flags: [{path, line, kind, detail}], checks: [{name, ok, detail}]}; rest:
    what of the diff is not in `files`, {files, lines, next}, or null"""
    EDIT_APPLIED = "edit.applied"
    """It is being made live: {edit, app, checkpoint, accepted, deployment}; accepted: ids of hunks, null for all"""
    EDIT_REVERTED = "edit.reverted"
    """It was taken back: {edit, app, checkpoint}"""
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_UPDATED = "incident.updated"
    INCIDENT_CLOSED = "incident.closed"
    QUOTA_REFUSED = "quota.refused"
    """No endpoint of the model is free: {seconds, ahead, reasons, turn}"""
    ENDPOINT_SWITCHED = "endpoint.switched"
    """The model is asked elsewhere: {from, to, reason, turn}"""


@dataclass(frozen=True)
class Event:
    """`seq` counts from 1 without a gap in `stream`; `type` is a string since a newer writer may know more types."""

    stream: str
    seq: int
    type: str
    at: datetime
    data: dict[str, Any]
