"""The routed model's stream: text passes at once, tool calls wait until the answer is whole, and an answer that breaks
is replaced by another endpoint's within the same stream."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime

from pydantic_ai.messages import (
    FinalResultEvent,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import StreamedResponse
from pydantic_ai.usage import RequestUsage

from devgem.llm.attempt import Attempt
from devgem.llm.call import Call
from devgem.llm.classify import ERRORS


@dataclass(repr=False, kw_only=True)
class Restart(PartStartEvent):
    """The first part of an answer that replaces all that was streamed of this response."""


@dataclass(frozen=True, slots=True)
class Delta:
    """`replace`: the text stands for all that was streamed of this message."""

    text: str
    replace: bool = False


def read_delta(event: object) -> Delta | None:
    """What an event adds to the text that a user sees; None when it adds nothing."""
    match event:
        case Restart(part=TextPart(content=text)):
            return Delta(text, replace=True)
        case Restart():
            return Delta("", replace=True)
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return Delta(text) if text else None
        case _:
            return None


class RoutedStream(StreamedResponse):
    """Iterated once. Its response is that of the last attempt; earlier ones leave nothing in it."""

    def __init__(self, call: Call, *, model_name: str, timestamp: datetime) -> None:
        super().__init__(call.request.parameters)
        self._call = call
        self._first_model_name = model_name
        self._started = timestamp
        self._attempt: Attempt | None = None
        self._sent = False
        self._must_restart = False
        self._events_of_all: AsyncGenerator[ModelResponseStreamEvent] | None = None

    def __aiter__(self) -> AsyncIterator[ModelResponseStreamEvent]:
        if self._events_of_all is None:
            self._events_of_all = self._events()
        return self._events_of_all

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        # The attempts' own streams have put part ends and the final result between the events already.
        async for event in self:
            yield event

    async def _events(self) -> AsyncGenerator[ModelResponseStreamEvent]:
        while True:
            attempt = self._attempt = await self._call.begin(replaces=self._sent)
            held: list[ModelResponseStreamEvent] = []
            try:
                async with aclosing(attempt.events(self._call.open(attempt))) as events:
                    async for event in events:
                        self._call.note_start(attempt)
                        if held or not _may_pass(event):
                            held.append(event)
                        else:
                            yield self._pass(event)
            except ERRORS as error:
                await self._call.close(attempt)
                if self.cancelled:
                    await self._call.abandon(attempt)
                    return
                await self._call.fail(attempt, error)
                self._must_restart = self._sent
                continue
            await self._call.succeed(attempt)
            self._finished = not self.cancelled
            for event in held:
                yield self._pass(event)
            return

    def _pass(self, event: ModelResponseStreamEvent) -> ModelResponseStreamEvent:
        self._sent = True
        if isinstance(event, FinalResultEvent):
            self.final_result_event = event
        elif self._must_restart and isinstance(event, PartStartEvent):
            self._must_restart = False
            return Restart(index=event.index, part=event.part, canonical_system=event.canonical_system)
        return event

    async def finish(self) -> None:
        """Whatever became of it: the connection is closed, the lease settled."""
        if self._events_of_all is not None:
            with suppress(RuntimeError):  # another task is waiting in it, and is being cancelled
                await self._events_of_all.aclose()
        if self._attempt is not None:
            await self._call.abandon(self._attempt)
            await self._call.close(self._attempt)

    async def close_stream(self) -> None:
        if self._inner is not None:
            await self._inner.close_stream()

    @property
    def _inner(self) -> StreamedResponse | None:
        return None if self._attempt is None else self._attempt.stream

    def get(self) -> ModelResponse:
        if self._inner is None or self._attempt is None:
            return super().get()
        response = self._inner.get()
        response.state = "complete" if self._finished else "interrupted" if self.cancelled else "incomplete"
        response.metadata = {**(response.metadata or {}), "endpoint": self._attempt.address.endpoint.id}
        return response

    @property
    def usage(self) -> RequestUsage:
        return RequestUsage() if self._inner is None else self._inner.usage

    @property
    def model_name(self) -> str:
        return self._first_model_name if self._inner is None else self._inner.model_name

    @property
    def provider_name(self) -> str | None:
        return None if self._inner is None else self._inner.provider_name

    @property
    def provider_url(self) -> str | None:
        return None if self._inner is None else self._inner.provider_url

    @property
    def timestamp(self) -> datetime:
        return self._started if self._inner is None else self._inner.timestamp


def _may_pass(event: ModelResponseStreamEvent) -> bool:
    """Texts and thoughts. Everything else could make something happen, and waits."""
    match event:
        case PartStartEvent(part=TextPart() | ThinkingPart()) | PartEndEvent(part=TextPart() | ThinkingPart()):
            return True
        case PartDeltaEvent(delta=TextPartDelta() | ThinkingPartDelta()):
            return True
        case FinalResultEvent(tool_name=None):
            return True
        case _:
            return False
