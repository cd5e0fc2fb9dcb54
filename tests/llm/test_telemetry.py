"""Spans and metrics by the conventions for generative AI, and no text of anybody's in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.trace import Status, StatusCode
from pydantic_ai import Agent

from tests.llm.rig import MODEL, routed
from tests.standins.gemini import Fault, Reply


@dataclass
class Recorded:
    name: str
    kind: Any
    attributes: dict[str, Any]
    status: StatusCode = StatusCode.UNSET
    ended: int = 0


class RecordedSpan(trace.NonRecordingSpan):
    """A span of OpenTelemetry's API that keeps what it is told."""

    def __init__(self, record: Recorded) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self._record = record

    def set_attribute(self, key: str, value: Any) -> None:
        self._record.attributes[key] = value

    def set_attributes(self, attributes: Any) -> None:
        self._record.attributes.update(attributes)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self._record.status = status if isinstance(status, StatusCode) else status.status_code

    def end(self, end_time: int | None = None) -> None:
        self._record.ended += 1


class RecordingTracer(trace.NoOpTracer):
    def __init__(self) -> None:
        self.spans: list[Recorded] = []

    def start_span(self, name: str, *args: Any, **more: Any) -> trace.Span:
        record = Recorded(name, more.get("kind"), dict(more.get("attributes") or {}))
        self.spans.append(record)
        return RecordedSpan(record)


@dataclass
class Histogram:
    unit: str
    values: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def record(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        self.values.append((amount, dict(attributes or {})))


class RecordingMeter(metrics.NoOpMeter):
    def __init__(self) -> None:
        super().__init__("test")
        self.histograms: dict[str, Histogram] = {}

    def create_histogram(  # type: ignore[override]  # the recorder need not be the API's own class
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> Histogram:
        return self.histograms.setdefault(name, Histogram(unit))


@contextmanager
def recording() -> Iterator[tuple[RecordingTracer, RecordingMeter]]:
    yield RecordingTracer(), RecordingMeter()


async def test_every_attempt_is_a_span_with_its_model_place_tokens_and_end() -> None:
    with recording() as (tracer, meter):
        async with routed(tracer=tracer, meter=meter) as rig:
            rig.google.fault("us-central1", Fault("503"))
            rig.google.script(Reply.say("hi", prompt_tokens=100, output_tokens=20))
            await Agent(rig.model()).run("a secret prompt")
        failed, answered = tracer.spans
        assert [one.name for one in tracer.spans] == [f"chat {MODEL}"] * 2
        assert {one.kind for one in tracer.spans} == {trace.SpanKind.CLIENT}
        assert [one.ended for one in tracer.spans] == [1, 1]
        assert failed.status is StatusCode.ERROR
        assert failed.attributes["error.type"] == "503"
        assert answered.attributes | {"server.port": 0} == {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "gcp.vertex_ai",
            "gen_ai.request.model": MODEL,
            "gen_ai.response.model": MODEL,
            "gen_ai.response.id": "stand-in",
            "gen_ai.response.finish_reasons": ("stop",),
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 20,
            "cloud.region": "us-east1",
            "server.address": "127.0.0.1",
            "server.port": 0,
        }
        assert "secret" not in repr(tracer.spans)
        tokens = meter.histograms["gen_ai.client.token.usage"]
        assert [(amount, more["gen_ai.token.type"]) for amount, more in tokens.values] == [
            (100, "input"),
            (20, "output"),
        ]
        seconds = meter.histograms["gen_ai.client.operation.duration"]
        assert seconds.unit == "s" and len(seconds.values) == 2
        assert "error.type" in seconds.values[0][1] and "error.type" not in seconds.values[1][1]


async def test_a_call_that_was_given_up_ends_its_span_once() -> None:
    with recording() as (tracer, meter):
        async with routed(tracer=tracer, meter=meter) as rig:
            rig.google.script(Reply.say("one ", "two"))
            async with Agent(rig.model()).run_stream("hi") as stream:
                async for _ in stream.stream_text(delta=True):
                    break
        assert [one.ended for one in tracer.spans] == [1]
