"""How many tokens a request of pydantic-ai's messages will take in: system, history, tools, images, thoughts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

from pydantic_ai.messages import BinaryContent, ImageUrl, ModelMessage, ModelRequest, TextContent
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from devgem.llm.pictures import picture_size
from devgem.quota.estimate import floor_tokens, image_tokens, text_tokens

_PART_OVERHEAD_TOKENS = 4
"""Role, kind and name around each part."""
_UNSEEN_FILE_TOKENS = 4096
"""For a file that only its URL is known of."""
_BYTES_PER_DOCUMENT_TOKEN = 8
_SKIPPED = frozenset({"timestamp", "provider_url", "usage", "metadata", "identifier", "canonical_system"})


@dataclass(frozen=True, slots=True)
class Estimate:
    """`tokens` before what the model has taught; `floor` is below what it can be: a quarter of the characters."""

    tokens: int
    floor: int

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.tokens + other.tokens, self.floor + other.floor)


_NOTHING = Estimate(0, 0)


def estimate(messages: Sequence[ModelMessage], parameters: ModelRequestParameters, model: str) -> Estimate:
    """Never raises: what it does not know, it takes for its text."""
    counted = _NOTHING
    instructions: str | None = None
    for message in messages:
        for part in message.parts:
            counted += _part(part, model)
        if isinstance(message, ModelRequest) and message.instructions:
            instructions = message.instructions
    for instruction in parameters.instruction_parts or ():
        counted += _text(instruction.content)
    if instructions and not parameters.instruction_parts:
        counted += _text(instructions)
    return counted + _tools((*parameters.function_tools, *parameters.output_tools))


def _tools(tools: Iterable[ToolDefinition]) -> Estimate:
    counted = _NOTHING
    for tool in tools:
        counted += _text(f"{tool.name}{tool.description or ''}{_json(tool.parameters_json_schema)}")
    return counted


def _part(part: object, model: str) -> Estimate:
    return _value(part, model, 0) + Estimate(_PART_OVERHEAD_TOKENS, 0)


def _value(value: object, model: str, depth: int) -> Estimate:
    """Any value inside a part, by what it is made of."""
    if value is None or isinstance(value, bool) or depth > 40:
        return _NOTHING
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, BinaryContent):
        return _binary(value, model)
    if isinstance(value, ImageUrl):
        return Estimate(image_tokens(None, None, model), 0)
    if isinstance(value, TextContent):
        return _text(value.content)
    if isinstance(value, Mapping):
        return _sum((*value.keys(), *value.values()), model, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _sum(value, model, depth)
    if isinstance(value, (bytes, bytearray)):
        return Estimate(len(value) // _BYTES_PER_DOCUMENT_TOKEN + 1, 0)
    if is_dataclass(value) and not isinstance(value, type):
        if getattr(value, "kind", "").endswith("-url"):
            return Estimate(_UNSEEN_FILE_TOKENS, 0)
        return _sum([getattr(value, one.name, None) for one in fields(value) if one.name not in _SKIPPED], model, depth)
    return _text(_json(value))


def _sum(values: Iterable[object], model: str, depth: int) -> Estimate:
    counted = _NOTHING
    for value in values:
        counted += _value(value, model, depth + 1)
    return counted


def _text(text: str) -> Estimate:
    return Estimate(text_tokens(text), floor_tokens(len(text)))


def _binary(content: BinaryContent, model: str) -> Estimate:
    if content.is_image:
        width, height = picture_size(content.data)
        return Estimate(image_tokens(width, height, model), 0)
    return Estimate(len(content.data) // _BYTES_PER_DOCUMENT_TOKEN + _UNSEEN_FILE_TOKENS // 16, 0)


def _json(value: object) -> str:
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
