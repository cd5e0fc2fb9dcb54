"""A conversation's history as models take it. Imports pydantic-ai: not to be imported while DevGem starts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    TextPart,
    ToolReturnPart,
    UserPromptPart,
)

from devgem.store import CallRow, Turn

_WHOLE_TURNS = 3
_HISTORY_CHARACTERS = 300_000
_NOT_DONE = {"summary": "This was not done.", "ok": False}


def dump(messages: Sequence[ModelMessage]) -> list[Any]:
    """Without instructions: each request is given fresh ones."""
    bare = [replace(m, instructions=None) if isinstance(m, ModelRequest) else m for m in messages]
    document: list[Any] = ModelMessagesTypeAdapter.dump_python(bare, mode="json")
    return document


def load(document: Sequence[Any]) -> list[ModelMessage]:
    return ModelMessagesTypeAdapter.validate_python(list(document))


def said(text: str) -> ModelRequest:
    return ModelRequest(parts=[UserPromptPart(text)])


def text_of(response: ModelResponse) -> str:
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def returns(response: ModelResponse, rows: Iterable[CallRow]) -> ModelRequest:
    """The results of an answer's calls, in its order; a call without one was not done."""
    results = {row.asked_as: row.result for row in rows}
    parts: list[ModelRequestPart] = [
        ToolReturnPart(part.tool_name, dict(results.get(part.tool_call_id) or _NOT_DONE), part.tool_call_id)
        for part in response.tool_calls
    ]
    return ModelRequest(parts=parts)


def closed(messages: Sequence[ModelMessage], rows: Iterable[CallRow], closing: str) -> list[ModelMessage]:
    """Messages that end with an answer, as what comes next must find them."""
    messages = list(messages)
    last = messages[-1] if messages else None
    if isinstance(last, ModelResponse) and last.tool_calls:
        messages.append(returns(last, rows))
    if not messages or isinstance(messages[-1], ModelRequest):
        messages.append(ModelResponse(parts=[TextPart(closing or "(no answer)")]))
    return messages


def joined(turns: Sequence[Turn], calls: Mapping[str, Sequence[CallRow]]) -> list[ModelMessage]:
    """What earlier turns said. What tools returned in all but the last few is cut down to its summary, and the oldest
    turns are left out where all would be too long."""
    whole: list[list[ModelMessage]] = []
    size = 0
    for age, turn in enumerate(reversed(turns)):
        if not turn.messages:
            continue
        closing = str(turn.tally.get("closing", ""))
        try:
            messages = closed(load(turn.messages), calls.get(turn.id, ()), closing)
        except ValidationError:  # written by another version; better forgotten than a conversation that ends here
            continue
        if age >= _WHOLE_TURNS:
            messages = [_summarized(message) for message in messages]
        size += len(ModelMessagesTypeAdapter.dump_json(messages))
        if size > _HISTORY_CHARACTERS:
            break
        whole.append(messages)
    return [message for messages in reversed(whole) for message in messages]


def _summarized(message: ModelMessage) -> ModelMessage:
    if not isinstance(message, ModelRequest):
        return message
    return replace(message, parts=[_summary(part) for part in message.parts])


def _summary(part: ModelRequestPart) -> ModelRequestPart:
    if not isinstance(part, ToolReturnPart):
        return part
    content: Any = part.content
    kept = {name: content[name] for name in ("summary", "ok", "deployment") if name in content}
    return ToolReturnPart(part.tool_name, kept, part.tool_call_id)
