"""The offline planner as a model: it answers with tool calls, then with what their results say. Nothing leaves here.

A message is planned once. A plan of several calls is carried out one by one, since the second may need the first; what
is left of it travels in the responses, so that a turn goes on with it after a restart.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponseStreamEvent,
    SystemPromptPart,
    TextContent,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from devgem.llm.planner import Ask, Call, NeedsModel, Plan, Say, Several, World, understand, world_in
from devgem.llm.planner.replies import reply_to

MODEL_NAME = "offline-planner"
_ACTIONS, _LEFT = "actions", "planned"
_QUOTE_LIMIT, _TEXT_LIMIT = 6_000, 20_000


@dataclass(frozen=True)
class Answer:
    """`call` or `text`; `left` are the calls that come after it, `actions` what may be said next."""

    text: str = ""
    call: Call | None = None
    left: tuple[Call, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        """What a response keeps of it besides its parts."""
        left = [{"tool": call.tool, "arguments": dict(call.arguments)} for call in self.left]
        return {_LEFT: left, _ACTIONS: [{"label": said, "say": said} for said in self.actions]}


def actions_of(response: ModelResponse) -> list[dict[str, str]]:
    """What a response offers to say next, as the `actions` of a message; empty for another model's response."""
    details = response.provider_details or {}
    return [action for action in details.get(_ACTIONS, ()) if response.model_name == MODEL_NAME]


def answer(messages: Sequence[ModelMessage], instructions: str, tools: frozenset[str]) -> Answer:
    """The answer to a conversation whose last message is the user's, or the results of this turn's calls."""
    start = _turn_start(messages)
    if start < 0:
        return Answer("Say what to do, such as `deploy owner/repo`.")
    turn = messages[start:]
    results = [part for part in _parts(turn) if isinstance(part, ToolReturnPart)]
    if results:
        return _after(results, _left(turn))
    plan = _planned(messages, start, world_in(instructions))
    return _first(plan, tools)


class OfflineModel(Model[None]):
    """Speaks for the planner in the words of pydantic-ai; uses no tokens."""

    @property
    def model_name(self) -> str:
        return MODEL_NAME

    @property
    def system(self) -> str:
        return "devgem"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        found = _answer_to(messages, model_request_parameters)
        part = TextPart(found.text) if found.call is None else _call_part(found.call, len(messages))
        return ModelResponse(parts=[part], model_name=MODEL_NAME, provider_details=found.details, finish_reason="stop")

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        found = _answer_to(messages, model_request_parameters)
        yield OfflineStream(model_request_parameters, found, len(messages))


class OfflineStream(StreamedResponse):
    """The whole answer as one event."""

    def __init__(self, parameters: ModelRequestParameters, answer: Answer, number: int) -> None:
        super().__init__(parameters)
        self._answer, self._number = answer, number
        self._at = datetime.now(UTC)
        self.provider_details = answer.details
        self.finish_reason = "stop"

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        if self._answer.call is None:
            for event in self._parts_manager.handle_text_delta(vendor_part_id="text", content=self._answer.text):
                yield event
            return
        part = _call_part(self._answer.call, self._number)
        yield self._parts_manager.handle_tool_call_part(
            vendor_part_id=part.tool_call_id,
            tool_name=part.tool_name,
            args=part.args,
            tool_call_id=part.tool_call_id,
        )

    async def close_stream(self) -> None:
        """There is no connection to close."""

    @property
    def model_name(self) -> str:
        return MODEL_NAME

    @property
    def provider_name(self) -> str:
        return "devgem"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self._at


def _answer_to(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> Answer:
    tools = frozenset(tool.name for tool in parameters.function_tools)
    return answer(messages, _instructions(messages, parameters.instruction_parts), tools)


def _call_part(call: Call, number: int) -> ToolCallPart:
    """The id is unique in a conversation, whose messages only grow."""
    return ToolCallPart(call.tool, json.dumps(dict(call.arguments)), tool_call_id=f"offline-{number}-{call.tool}")


def _instructions(messages: Sequence[ModelMessage], parts: Sequence[InstructionPart] | None) -> str:
    """What the instructions say, the newest last. Messages of the user and results of tools are no part of them."""
    said = [part.content for part in _parts(messages) if isinstance(part, SystemPromptPart)]
    said += [m.instructions for m in messages if isinstance(m, ModelRequest) and m.instructions]
    return "\n".join([*said, *(part.content for part in parts or ())])


def _parts(messages: Sequence[ModelMessage]) -> list[Any]:
    return [part for message in messages for part in message.parts]


def _turn_start(messages: Sequence[ModelMessage]) -> int:
    for position in range(len(messages) - 1, -1, -1):
        if any(isinstance(part, UserPromptPart) for part in messages[position].parts):
            return position
    return -1


def _said(message: ModelMessage) -> str:
    texts: list[str] = []
    for part in message.parts:
        if isinstance(part, UserPromptPart):
            pieces = [part.content] if isinstance(part.content, str) else part.content
            texts += [piece for piece in pieces if isinstance(piece, str)]
            texts += [piece.content for piece in pieces if isinstance(piece, TextContent)]
    return "\n".join(texts)


def _planned(messages: Sequence[ModelMessage], start: int, world: World) -> Plan:
    """The plan for the last message, read as the reply to a question where the one before it was asked back."""
    text = _said(messages[start])
    before = _turn_start(messages[:start])
    asked = understand(_said(messages[before]), world) if before >= 0 else None
    reply = reply_to(asked, text, world) if isinstance(asked, Ask) else None
    return understand(reply or text, world)


def _first(plan: Plan, tools: frozenset[str]) -> Answer:
    match plan:
        case Call():
            return _called((plan,), tools)
        case Several(calls):
            return _called(calls, tools)
        case Ask(question, choices):
            return Answer(question + _listed(choices), actions=choices)
        case Say(text):
            return Answer(text)
        case NeedsModel(reason, instead):
            return Answer(reason + (" Without one you can say:" + _listed(instead) if instead else ""))


def _called(calls: tuple[Call, ...], tools: frozenset[str]) -> Answer:
    missing = next((call.tool for call in calls if call.tool not in tools), None)
    if missing is not None:
        return Answer(f"That takes `{missing}`, which is not offered here. Nothing was done.")
    return Answer(call=calls[0], left=calls[1:])


def _listed(choices: Sequence[str]) -> str:
    return "".join(f"\n- `{choice}`" for choice in choices)


def _left(turn: Sequence[ModelMessage]) -> tuple[Call, ...]:
    last = next((message for message in reversed(turn) if isinstance(message, ModelResponse)), None)
    planned = (last.provider_details or {}).get(_LEFT, ()) if last else ()
    return tuple(Call(call["tool"], call["arguments"]) for call in planned)


def _after(results: Sequence[ToolReturnPart], left: tuple[Call, ...]) -> Answer:
    """The next call of the plan, or the summaries of all; after a failure the rest is not done, and that is said."""
    failed = not _is_ok(results[-1])
    if left and not failed:
        return Answer(call=left[0], left=left[1:])
    lines = [_summary(result) for result in results]
    if left:
        undone = ", ".join(f"`{call.tool}`" for call in left)
        lines.append(f"I stopped there; not done: {undone}.")
    return Answer("\n".join(line for line in lines if line)[:_TEXT_LIMIT] or "Done.")


def _is_ok(result: ToolReturnPart) -> bool:
    content: object = result.content
    refused = result.outcome not in ("success",)
    return not refused and not (isinstance(content, Mapping) and content.get("ok") is False)


def _summary(result: ToolReturnPart) -> str:
    content: object = result.content
    if isinstance(content, Mapping):
        return str(content.get("summary", "")).strip() + _quoted(content.get("data"))
    return content.strip()[:500] if isinstance(content, str) else ""


def _quoted(data: object) -> str:
    """What a tool read from others, such as a log, as a quotation. No fence in it counts."""
    text = data.get("text") if isinstance(data, Mapping) and data.get("untrusted") else None
    if not isinstance(text, str) or not text.strip():
        return ""
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, Mapping):
            told = document.get("explanation")
            scalars = {key: value for key, value in document.items() if isinstance(value, str | int) and value != ""}
            text = told if isinstance(told, str) else "\n".join(f"{key}: {value}" for key, value in scalars.items())
    text = text.strip()[:_QUOTE_LIMIT].replace("```", "'''")
    return f"\n```\n{text}\n```" if text else ""
