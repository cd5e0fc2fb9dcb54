"""The routed Gemini model: a pydantic-ai model that takes a lease, tries the next endpoint, and settles."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse, check_allow_model_requests
from pydantic_ai.profiles.google import google_model_profile
from pydantic_ai.settings import ModelSettings

from devgem.llm.call import Call, Request
from devgem.llm.endpoints import DEFAULT_MODEL
from devgem.llm.routes import Purpose, Routes
from devgem.llm.stream import RoutedStream


class RoutedModel(Model[Any]):
    """For one turn: its deadline begins now. Raises DevGemError (see errors.py) when no endpoint answers."""

    def __init__(self, routes: Routes, purpose: Purpose) -> None:
        self._first_model = purpose.addresses[0].endpoint.model if purpose.addresses else DEFAULT_MODEL
        super().__init__(profile=google_model_profile(self._first_model))
        self._routes = routes
        self._purpose = purpose
        self._ends_at = asyncio.get_running_loop().time() + routes.deadlines.turn

    @property
    def model_name(self) -> str:
        return self._first_model

    @property
    def system(self) -> str:
        return "google"

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        # Left to the model of the endpoint that is tried, which knows its own profile.
        return model_settings, model_request_parameters

    def prepare_messages(
        self, messages: list[ModelMessage], model_request_parameters: ModelRequestParameters | None = None
    ) -> list[ModelMessage]:
        return messages

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        # Streamed too: silence between tokens is noticed only there.
        async with self.request_stream(messages, model_settings, model_request_parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        check_allow_model_requests()
        request = Request(messages, model_settings, model_request_parameters)
        call = Call(self._routes, self._purpose, request, self._ends_at)
        stream = RoutedStream(call, model_name=self._first_model, timestamp=datetime.now(UTC))
        try:
            yield stream
        finally:
            await stream.finish()
