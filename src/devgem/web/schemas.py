"""What requests bring and responses carry. Requests refuse unknown fields; no response carries a config var's value."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from devgem.domain.deployment import Deployment

T = TypeVar("T")
EnvVars = Annotated[dict[str, Annotated[str, Field(max_length=64 << 10)]], Field(max_length=500)]

# PostgreSQL takes no NUL in a text.
NO_NUL = r"^[^\x00]*$"


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class DeployBody(Request):
    """`source` is a folder of this machine, a git URL or owner/repo."""

    source: str = Field(min_length=1, max_length=2000)
    name: str | None = None
    ref: str | None = Field(default=None, max_length=300)
    dir: str = Field(default=".", max_length=500)
    env: EnvVars = Field(default={}, repr=False)
    build_env: EnvVars = Field(default={}, repr=False)
    cloud: str | None = None


class DetectBody(Request):
    source: str = Field(min_length=1, max_length=2000)
    ref: str | None = Field(default=None, max_length=300)
    dir: str = Field(default=".", max_length=500)


class RollbackBody(Request):
    to: int | None = Field(default=None, ge=1)


class EnvPatch(Request):
    set: EnvVars = Field(default={}, repr=False)
    unset: list[str] = Field(default=[], max_length=500)
    build: bool = False


class MessageBody(Request):
    """`client_id` is the sender's own name for the message: sent twice, it is taken once. `replaces` is the id of the
    user's message that this one was edited from; the conversation goes on from there."""

    text: str = Field(min_length=1, max_length=20_000, pattern=NO_NUL)
    client_id: str | None = Field(default=None, max_length=100, pattern=NO_NUL)
    replaces: str | None = Field(default=None, max_length=100, pattern=NO_NUL)


class ApprovalBody(Request):
    """`digest` is the one of the approval that was shown: consent is bound to exactly these arguments. `typed_name` and
    `values` are what the approval asks to be typed."""

    granted: bool
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    typed_name: str | None = Field(default=None, max_length=200, pattern=NO_NUL)
    values: EnvVars | None = Field(default=None, repr=False)


class EditBody(Request):
    """`hunks` are the ids of those that are accepted; all when it is left out."""

    action: Literal["accept", "discard"]
    hunks: list[Annotated[str, Field(max_length=200, pattern=NO_NUL)]] | None = Field(default=None, max_length=5000)


class InstanceView(BaseModel):
    revision: int
    state: str
    started_at: datetime
    restarts: int
    exit_code: int | None


class AppView(BaseModel):
    """`status`: new, deploying, live, stopped, failed, crashed. `url`: null for a worker and before the first link."""

    name: str
    repository: str
    dir: str
    cloud: str
    url: str | None
    status: str
    revision: int | None
    traffic: dict[int, int]
    created_at: datetime
    push_paused: bool
    instances: list[InstanceView]
    last_deployment: Deployment | None


class RevisionView(BaseModel):
    number: int
    deployment: str
    commit: str
    image: str
    created_at: datetime
    traffic: int


class EnvName(BaseModel):
    name: str
    build: bool
    updated_at: datetime


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


class EnvNames(BaseModel):
    items: list[EnvName]
    note: str | None = None


class RolledBack(BaseModel):
    """`from` and `to` are revision numbers; `warning` says what a rollback cannot undo."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_: int = Field(alias="from")
    to: int
    url: str | None
    warning: str


class Cancelled(BaseModel):
    cancelled: list[str]


class LogLineView(BaseModel):
    seq: int
    at: datetime
    stream: str
    text: str


class IsolationView(BaseModel):
    level: str
    detail: str


class SignInUrl(BaseModel):
    url: str


class CheckView(BaseModel):
    name: str
    ok: bool
    detail: str
    fix: str
    needed: bool


class Checks(BaseModel):
    checks: list[CheckView]


class ConversationView(BaseModel):
    """`updated_at` is when something was said in it last."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    pinned: bool


class ConversationPatch(Request):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    pinned: bool | None = None


class MessageView(BaseModel):
    message: str


class FieldView(BaseModel):
    """What an approval asks to be typed; a secret is not shown while it is."""

    name: str
    secret: bool


class ApprovalView(BaseModel):
    """A tool call that waits for the user's consent. `typed_name` is what must be typed, null when nothing must."""

    approval: str
    call: str
    tool: str
    arguments: dict[str, Any]
    digest: str
    tier: int
    title: str
    why: str
    typed_name: str | None
    fields: list[FieldView]
    turn: str


class ApprovalAnswered(BaseModel):
    approval: str
    granted: bool


class HunkView(BaseModel):
    """`lines` begin with ` `, `-` or `+`."""

    hunk: str
    header: str
    lines: list[str]


class FileChangeView(BaseModel):
    """`change`: added, modified or deleted."""

    path: str
    change: str
    hunks: list[HunkView]


class EditRest(BaseModel):
    """What comes after a page; `next` is to be sent back as `after`."""

    files: int
    lines: int
    next: int


class EditPage(BaseModel):
    files: list[FileChangeView]
    rest: EditRest | None


class EditAnswered(BaseModel):
    edit: str
    action: str


class SignedInBrowser(BaseModel):
    """`id` names the session and is no token; `current` is the one that asks."""

    id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class DetectView(BaseModel):
    """The `devgem detect --json` document, with the Dockerfile that the plan compiles to."""

    model_config = ConfigDict(extra="allow")

    language: str | None
    kind: str
    confidence: str
    evidence: list[dict[str, Any]]
    reason: str | None
    dockerfile: str


class UsageView(BaseModel):
    """`limit` is null where it is not known; `frees_in_seconds` is when the oldest of what is used leaves the
    window."""

    used: int
    limit: int | None
    frees_in_seconds: float | None


class EndpointView(BaseModel):
    """`circuit`: closed, cooling (after a 429), open, probing, ramping or off; `reason` says why it is not closed.
    `rpm` and `tpm` count any 60 s, `rph` and `tph` any hour. `ceiling` is the learned share of the limits."""

    id: str
    provider: str
    model: str
    region: str
    rpm: UsageView
    tpm: UsageView
    rph: UsageView
    tph: UsageView
    circuit: str
    reason: str
    retry_in_seconds: float | None
    ceiling: float
    refused_ago_seconds: float | None


class SpentView(BaseModel):
    """Since midnight UTC; `day_limit` null where none is set, `cost_usd` null where a price is not known."""

    day_tokens: int
    day_limit: int | None
    cost_usd: float | None


class QuotaView(BaseModel):
    """`waiting` counts by priority over the fleet; `processes` share the limits; `degraded` says what is wrong with the
    shared ledger, empty when nothing is."""

    as_of: datetime
    endpoints: list[EndpointView]
    waiting: dict[str, int]
    processes: int
    degraded: str
    spent: SpentView


class QuotaMinuteView(BaseModel):
    """What was asked of an endpoint in the minute up to `at`; `refused`: it answered 429 in it."""

    at: datetime
    requests: int
    tokens: int
    refused: bool
    circuit: str


class QuotaHistoryView(BaseModel):
    """By the endpoints' ids, oldest minute first."""

    step_seconds: int
    endpoints: dict[str, list[QuotaMinuteView]]


class ConversationSpentView(BaseModel):
    """`title` is null for a conversation that is gone, `cost_usd` where a price is not known."""

    conversation: str
    title: str | None
    tokens: int
    cost_usd: float | None


class GeminiKeyBody(Request):
    key: SecretStr = Field(min_length=8, max_length=200)


class GeminiKeyView(BaseModel):
    """`ends_with` are its last characters; the rest is never shown."""

    is_set: bool
    ends_with: str


class DomainBody(Request):
    host: str = Field(min_length=1, max_length=300, pattern=NO_NUL)


class BaseDomainBody(Request):
    """`zone` is a managed zone of the cloud's own DNS that the records are added to."""

    domain: str = Field(min_length=1, max_length=300, pattern=NO_NUL)
    zone: str = Field(default="", max_length=63, pattern=r"^[a-z0-9-]*$")


class DnsRecordView(BaseModel):
    name: str
    type: str
    value: str


class DomainStepView(BaseModel):
    """`state`: waiting, working, done, failed, left."""

    name: str
    state: str
    detail: str


class DomainView(BaseModel):
    """`state`: setting up, waiting for dns, waiting for the certificate, live, failed, tearing down, gone. `app` is
    null for the domain of all apps; `records` are to be added to the domain's DNS."""

    host: str
    state: str
    app: str | None
    detail: str
    fix: str
    records: list[DnsRecordView]
    steps: list[DomainStepView]
