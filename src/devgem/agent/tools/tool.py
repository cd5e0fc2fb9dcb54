"""What a tool is: a typed call with an effect tier, the same for the model, the offline planner and MCP."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from devgem.agent.parts import Parts
from devgem.domain.errors import DevGemError

RESULT_LIMIT_CHARACTERS = 16_000


class Tier(IntEnum):
    """What a call can do at worst; the policy decides by it."""

    OWN = 0
    """Reads DevGem's own facts."""
    UNTRUSTED = 1
    """Reads what others wrote: it taints the turn."""
    WORKSPACE = 2
    """Changes a workspace, and can be undone."""
    VISIBLE = 3
    """Others can see it; it can be reversed."""
    SENSITIVE = 4
    """Touches secrets."""
    DESTRUCTIVE = 5
    """Cannot be undone."""
    NEVER = 6
    """Is not done by the agent, whoever asks: what no tool is for."""


class Arguments(BaseModel):
    """A tool's arguments. Unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class AppArguments(Arguments):
    """`app` may be left out where there is exactly one."""

    app: str | None = None

    @property
    def name(self) -> str:
        assert self.app is not None  # the call was completed before
        return self.app


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True)
class Context:
    """Where a call is made, and for which user. `values` are config vars' values that they gave, and no model
    has seen."""

    parts: Parts
    conversation: str
    user: str
    call: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ToolResult:
    """`summary`: one plain sentence that holds nothing untrusted. `untrusted` names where `content` came from when
    others wrote it. `deployment` is the one that was started."""

    summary: str
    content: Mapping[str, Any] = field(default_factory=dict)
    untrusted: str | None = None
    deployment: str | None = None
    ok: bool = True

    def to_json(self) -> dict[str, Any]:
        """What the model is given; untrusted content is one text, marked as data, and bounded."""
        document: dict[str, Any] = {"summary": self.summary, "ok": self.ok}
        if self.deployment is not None:
            document["deployment"] = self.deployment
        if not self.content:
            return document
        text = json.dumps(self.content, ensure_ascii=False, separators=(",", ":"))
        if self.untrusted is not None:
            inner = self.content["text"] if set(self.content) == {"text"} else text
            document["data"] = {"untrusted": True, "origin": self.untrusted, "text": clip(str(inner))}
        elif len(text) > RESULT_LIMIT_CHARACTERS:
            document["data"] = {"text": clip(text)}
        else:
            document["data"] = dict(self.content)
        return document


@dataclass(frozen=True)
class Tool(Generic[A]):
    """`title` says in a few plain words what a call does. `reads_private`, `reads_untrusted` and `egress` are what
    may not come together in one turn; `source` names the argument that says where egress goes."""

    name: str
    description: str
    tier: Tier
    arguments: type[A]
    run: Callable[[Context, A], Awaitable[ToolResult]]
    title: Callable[[A], str]
    reads_private: bool = False
    reads_untrusted: bool = False
    egress: bool = False

    @property
    def acts(self) -> bool:
        """Whether others can see what it does, so that it must never be done twice."""
        return self.tier >= Tier.VISIBLE

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments, as models and MCP clients are given it."""
        schema = self.arguments.model_json_schema()
        properties = {name: _plain(field) for name, field in schema.get("properties", {}).items()}
        required = {"required": schema["required"]} if "required" in schema else {}
        return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema without what its being optional says already; it is paid for with every request."""
    kept = {name: value for name, value in field.items() if name not in ("title", "anyOf")}
    if "default" in kept and not kept["default"]:
        del kept["default"]
    variants = [variant for variant in field.get("anyOf", ()) if variant != {"type": "null"}]
    return {**variants[0], **kept} if variants else kept


def digest(tool: str, arguments: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical JSON of a call: what an approval is bound to."""
    canonical = json.dumps([tool, arguments], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def told(error: DevGemError) -> str:
    """What went wrong and what to do, as sentences."""
    text = f"{error.message}. {error.fix}".strip()
    return text[:1].upper() + text[1:]


def clip(text: str, limit: int = RESULT_LIMIT_CHARACTERS) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[{len(text) - limit} more characters are left out]"
