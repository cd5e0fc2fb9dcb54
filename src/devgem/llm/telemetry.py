"""Spans and metrics of model calls by OpenTelemetry's conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/), through its API alone: without an SDK they cost nothing.
"""

from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue
from pydantic_ai.messages import ModelResponse

from devgem.llm.endpoints import VERTEX, Address

_SCOPE = "devgem.llm"
_TOKEN_BOUNDS = [4**n for n in range(14)]
_SECOND_BOUNDS = [0.01 * 2**n for n in range(14)]


class Telemetry:
    """One span per attempt: `chat {model}`. Never the texts themselves."""

    def __init__(self, tracer: trace.Tracer | None = None, meter: metrics.Meter | None = None) -> None:
        self._tracer = tracer or trace.get_tracer(_SCOPE)
        meter = meter or metrics.get_meter(_SCOPE)
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens of model calls.",
            explicit_bucket_boundaries_advisory=_TOKEN_BOUNDS,
        )
        self._seconds = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="How long model calls take.",
            explicit_bucket_boundaries_advisory=_SECOND_BOUNDS,
        )

    def start(self, address: Address) -> Span:
        attributes = _attributes(address)
        if address.endpoint.region:
            attributes["cloud.region"] = address.endpoint.region
        return self._tracer.start_span(f"chat {address.endpoint.model}", kind=SpanKind.CLIENT, attributes=attributes)

    def answered(self, span: Span, address: Address, response: ModelResponse, seconds: float) -> None:
        attributes = _attributes(address)
        if response.model_name:
            attributes["gen_ai.response.model"] = response.model_name
        for kind, tokens in (("input", response.usage.input_tokens), ("output", response.usage.output_tokens)):
            span.set_attribute(f"gen_ai.usage.{kind}_tokens", tokens)
            self._tokens.record(tokens, {**attributes, "gen_ai.token.type": kind})
        if response.provider_response_id:
            span.set_attribute("gen_ai.response.id", response.provider_response_id)
        if response.finish_reason:
            span.set_attribute("gen_ai.response.finish_reasons", (response.finish_reason,))
        span.set_attributes(attributes)
        self._seconds.record(seconds, attributes)
        span.end()

    def failed(self, span: Span, address: Address, error_type: str, reason: str, seconds: float) -> None:
        span.set_attribute("error.type", error_type)
        span.set_status(StatusCode.ERROR, reason)
        self._seconds.record(seconds, {**_attributes(address), "error.type": error_type})
        span.end()


def _attributes(address: Address) -> dict[str, AttributeValue]:
    is_vertex = address.endpoint.provider == VERTEX
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.vertex_ai" if is_vertex else "gcp.gemini",
        "gen_ai.request.model": address.endpoint.model,
    }
    host, port = _server(address)
    return attributes | {"server.address": host, "server.port": port}


def _server(address: Address) -> tuple[str, int]:
    if address.base_url:
        parts = urlsplit(address.base_url)
        return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    if address.endpoint.provider != VERTEX:
        return "generativelanguage.googleapis.com", 443
    region = address.endpoint.region
    return "aiplatform.googleapis.com" if region == "global" else f"{region}-aiplatform.googleapis.com", 443
