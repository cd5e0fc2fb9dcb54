"""What a client may send over the socket. Every field is bounded; an unknown one is a bad frame."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from devgem.web.schemas import ApprovalBody, MessageBody

SUBSCRIPTIONS = 64

StreamName = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    v: Literal[1] = 1


class Position(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stream: StreamName
    after: int = Field(default=0, ge=0)
    epoch: str | None = Field(default=None, max_length=100)


class Hello(_Frame):
    type: Literal["hello"]
    resume: list[Position] = Field(default=[], max_length=SUBSCRIPTIONS)


class Subscribe(_Frame, Position):
    type: Literal["subscribe"]


class Unsubscribe(_Frame):
    type: Literal["unsubscribe"]
    stream: StreamName


class Ping(_Frame):
    type: Literal["ping"]


class Pong(_Frame):
    type: Literal["pong"]


class Message(_Frame, MessageBody):
    """As POST .../messages."""

    type: Literal["message"]
    conversation: Id


class Approve(_Frame, ApprovalBody):
    """As POST .../approvals/{approval}."""

    type: Literal["approve"]
    conversation: Id
    approval: Id


class Cancel(_Frame):
    """As POST .../stop."""

    type: Literal["cancel"]
    conversation: Id


Act = Message | Approve | Cancel
ClientFrame = Hello | Subscribe | Unsubscribe | Ping | Pong | Act

FRAMES: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])
