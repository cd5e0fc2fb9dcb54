"""One attempt at a call: one lease, one endpoint, one stream, under deadlines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from opentelemetry.trace import Span
from pydantic_ai.messages import (
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import StreamedResponse

from devgem.llm.classify import CallFailed, Failing, cut_short, runaway, too_slow, unusable
from devgem.llm.endpoints import Address
from devgem.llm.google import keep_responses
from devgem.llm.runaway import Meter
from devgem.quota.ask import Lease, Outcome, Verdict

_RUNAWAY = {
    "answer_too_long": "the answer is longer than the model's output limit allows",
    "answer_repeats": "the answer repeats the same passage without end",
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """In seconds. `wait` is for a lease. A model is silent while it thinks before its first token, and while it writes
    a tool call, which comes in one piece; so a trickle is told by its pace: `trickle` after the first token, an answer
    must have come at `slowest_characters_per_second`."""

    wait: float = 60.0
    first_token: float = 90.0
    between_tokens: float = 45.0
    trickle: float = 60.0
    slowest_characters_per_second: float = 2.0
    call: float = 300.0
    turn: float = 900.0


@dataclass(slots=True)
class Attempt:
    """`started_at` and `ends_at` are in the loop's time."""

    address: Address
    lease: Lease
    span: Span
    deadlines: Deadlines
    meter: Meter
    started_at: float
    ends_at: float
    stream: StreamedResponse | None = None
    has_started: bool = False
    is_settled: bool = False
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    _responses: list[httpx2.Response] = field(default_factory=list)

    async def events(
        self, opening: AbstractAsyncContextManager[StreamedResponse]
    ) -> AsyncGenerator[ModelResponseStreamEvent]:
        """The stream's events, to its proper end. Raises one of `classify.ERRORS`."""
        async with self._patience("no answer", self.deadlines.first_token):
            with keep_responses(self._responses):
                self.stream = await self._opened.enter_async_context(opening)
        iterator, patience = aiter(self.stream), self.deadlines.first_token
        first_at = asyncio.get_running_loop().time()
        while True:
            async with self._patience("no further token", patience):
                event = await anext(iterator, None)
            if event is None:
                break
            patience = self.deadlines.between_tokens
            if piece := _text_of(event):
                self._measure(piece, first_at)
            yield event
        self._check_end(self.stream)

    @asynccontextmanager
    async def _patience(self, what: str, seconds: float) -> AsyncIterator[None]:
        now = asyncio.get_running_loop().time()
        is_last = now + seconds >= self.ends_at
        try:
            async with asyncio.timeout_at(self.ends_at if is_last else now + seconds):
                yield
        except TimeoutError as error:
            if is_last:
                raise too_slow("no whole answer", self.ends_at - self.started_at) from error
            raise too_slow(what, seconds) from error

    def _measure(self, piece: str, first_at: float) -> None:
        if wrong := self.meter.add(piece):
            raise runaway(wrong, _RUNAWAY[wrong])
        elapsed = asyncio.get_running_loop().time() - first_at
        slowest = self.deadlines.slowest_characters_per_second
        if elapsed > self.deadlines.trickle and self.meter.characters < slowest * elapsed:
            raise too_slow(f"no more than {self.meter.characters} characters", elapsed)

    def _check_end(self, stream: StreamedResponse) -> None:
        details = stream.provider_details or {}
        said = details.get("block_reason") or details.get("finish_reason")
        if stream.finish_reason is None and not said:
            raise cut_short()
        parts = stream.get().parts
        if stream.finish_reason == "content_filter" and not parts:
            reason = f"the provider's safety filter blocks this request ({said})"
            raise CallFailed(Failing(Verdict.REJECTED, reason, "prompt_rejected", goes_on=False))
        if stream.finish_reason == "error" or not parts:
            raise unusable(str(said))

    def outcome(self, failing: Failing | None, *, is_over: bool = True) -> Outcome:
        """What the ledger is told. A refused call used nothing; one that broke, what it told before it did."""
        if failing is not None and failing.verdict in (Verdict.REFUSED, Verdict.ABSENT, Verdict.DENIED):
            return Outcome(failing.verdict, 0, 0, failing.retry_after_seconds)
        verdict = failing.verdict if failing is not None else Verdict.OK if is_over else Verdict.ABANDONED
        usage = None if self.stream is None else self.stream.usage
        if usage is None or not usage.input_tokens or not (usage.output_tokens or verdict is Verdict.OK):
            return Outcome(verdict)
        return Outcome(verdict, usage.input_tokens, usage.output_tokens)

    async def close(self) -> None:
        await self._opened.aclose()

    async def hang_up(self) -> None:
        for response in self._responses:
            await response.aclose()


def _text_of(event: ModelResponseStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart() | ThinkingPart() as part):
            return part.content
        case PartDeltaEvent(delta=TextPartDelta() | ThinkingPartDelta() as delta):
            return delta.content_delta or ""
        case PartStartEvent(part=ToolCallPart() as part):
            return part.args_as_json_str()
        case PartDeltaEvent(delta=ToolCallPartDelta(args_delta=str() as args)):
            return args
        case _:
            return ""
