"""What the model says: replies that a test supplies, as a list or as a function of the call."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the model sees it. `contents` is Gemini's own JSON."""

    place: str
    model: str
    body: Mapping[str, Any]

    @property
    def contents(self) -> Sequence[Mapping[str, Any]]:
        return self.body.get("contents") or ()

    @property
    def tools(self) -> list[str]:
        return [one["name"] for tool in self.body.get("tools") or () for one in tool.get("functionDeclarations") or ()]

    @property
    def last_parts(self) -> Sequence[Mapping[str, Any]]:
        return (self.contents[-1].get("parts") or ()) if self.contents else ()

    @property
    def last_text(self) -> str:
        return " ".join(str(part["text"]) for part in self.last_parts if "text" in part)

    @property
    def tool_results(self) -> list[Mapping[str, Any]]:
        return [part["functionResponse"] for part in self.last_parts if "functionResponse" in part]


@dataclass(frozen=True, slots=True)
class Reply:
    """`chunks` are the parts of each chunk of the stream, in Gemini's own JSON. Tokens of None are counted from the
    texts at 4 characters each. `when`: only for a call whose last content has this text in it."""

    chunks: Sequence[Sequence[Part]] = ((),)
    finish: str | None = "STOP"
    finish_message: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    thought_tokens: int = 0
    cached_tokens: int = 0
    delay_seconds: float = 0.0
    chunk_seconds: float = 0.0
    block_reason: str = ""
    when: str = ""

    @classmethod
    def say(cls, *pieces: str, **more: Any) -> "Reply":
        """A text, one chunk per piece."""
        return cls(chunks=[[{"text": piece}] for piece in pieces], **more)

    @classmethod
    def call(
        cls, name: str, args: Mapping[str, Any], *, signature: str | None = "c2lnbmF0dXJl", **more: Any
    ) -> "Reply":
        return cls(chunks=[[function_call(name, args, signature=signature)]], **more)

    @classmethod
    def calls(cls, *calls: tuple[str, Mapping[str, Any]], **more: Any) -> "Reply":
        """Parallel calls in one chunk; as Gemini does, only the first carries a signature."""
        parts = [
            function_call(name, args, id=f"call-{n}", signature="cGFyYWxsZWw=" if n == 0 else None)
            for n, (name, args) in enumerate(calls)
        ]
        return cls(chunks=[parts], **more)

    @classmethod
    def parse(cls, stated: Mapping[str, Any]) -> "Reply":
        known = {one.name for one in fields(cls)}
        if unknown := stated.keys() - known:
            raise ValueError(f"a reply has no {', '.join(sorted(unknown))}")
        return cls(**stated)

    @property
    def counted_output_tokens(self) -> int:
        return self.output_tokens if self.output_tokens is not None else tokens(self.chunks)


def function_call(name: str, args: Mapping[str, Any], *, id: str | None = None, signature: str | None = None) -> Part:
    part: Part = {"functionCall": {"name": name, "args": dict(args)} | ({} if id is None else {"id": id})}
    return part if signature is None else part | {"thoughtSignature": signature}


def tokens(value: object) -> int:
    """4 characters each of whatever it is as JSON, at least 1."""
    return max(1, len(value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)) // 4)


Brain = Callable[[Call], Reply]


@dataclass(slots=True)
class Script:
    """Replies in order; when they have run out, the last is repeated."""

    replies: list[Reply]
    _last: Reply = field(default_factory=lambda: Reply.say("Hello from ", "the stand-in."))

    def __call__(self, call: Call) -> Reply:
        for n, reply in enumerate(self.replies):
            if not reply.when or reply.when in json.dumps(call.last_parts, ensure_ascii=False):
                del self.replies[n]
                self._last = reply if not reply.when else self._last
                return reply
        return self._last
