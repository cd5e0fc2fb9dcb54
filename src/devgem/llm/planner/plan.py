"""What a message comes to: one value of a closed union, which the offline model turns into tool calls or text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call of a tool of the agent, with exactly the arguments that the message gave."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Several:
    """Calls in the order in which the message asked for them."""

    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Ask:
    """A question back. Each choice is a whole message: sent as it is, it is understood without the question."""

    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Say:
    """Text and no act. `topic` names what it is about, such as `greeting`, `url` or `help:rollback`."""

    text: str
    topic: str


@dataclass(frozen=True)
class NeedsModel:
    """`reason` says what a model would be needed for, `instead` what can be said to get on without one."""

    reason: str
    instead: tuple[str, ...] = ()


Plan = Call | Several | Ask | Say | NeedsModel
