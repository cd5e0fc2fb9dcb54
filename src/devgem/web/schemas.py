"""What requests bring and responses carry. Requests refuse unknown fields; no response carries a config var's value."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from devgem.domain.deployment import Deployment

T = TypeVar("T")
EnvVars = Annotated[dict[str, Annotated[str, Field(max_length=64 << 10)]], Field(max_length=500)]


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
    """`client_id` is the sender's own name for the message: sent twice, it is taken once."""

    text: str = Field(min_length=1, max_length=20_000)
    client_id: str | None = Field(default=None, max_length=100)


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


class SessionView(BaseModel):
    signed_in: bool
    user: str | None
    version: str
    isolation: IsolationView | None


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
    id: str
    title: str
    created_at: datetime


class MessageView(BaseModel):
    message: str


class DetectView(BaseModel):
    """The `devgem detect --json` document, with the Dockerfile that the plan compiles to."""

    model_config = ConfigDict(extra="allow")

    language: str | None
    kind: str
    confidence: str
    evidence: list[dict[str, Any]]
    reason: str | None
    dockerfile: str
