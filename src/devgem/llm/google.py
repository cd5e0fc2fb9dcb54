"""pydantic-ai's Google models over one shared HTTP client, one per address. Nothing here retries: every attempt is a
lease of its own."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import httpx2
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.google_cloud import GoogleCloudProvider

from devgem.llm.endpoints import VERTEX, Address

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_kept: ContextVar[list[httpx2.Response] | None] = ContextVar("_kept", default=None)

_CONNECT_SECONDS = 5.0
_MOST_MODELS = 256
"""Users' own keys come and go; the models of those long unused are dropped."""


class GoogleModels:
    """`read_seconds` bounds the silence between two reads. `credentials`: Application Default Credentials when None."""

    def __init__(self, *, read_seconds: float, credentials: "Credentials | None" = None) -> None:
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(read_seconds, connect=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=60),
            event_hooks={"request": [_connect_soon], "response": [_keep]},
        )
        self._credentials = credentials
        self._models: OrderedDict[tuple[str, str], GoogleModel] = OrderedDict()

    def at(self, address: Address) -> GoogleModel:
        name = (address.endpoint.id, address.credentials)
        model = self._models.pop(name, None) or GoogleModel(address.endpoint.model, provider=self._provider(address))
        self._models[name] = model
        if len(self._models) > _MOST_MODELS:
            self._models.popitem(last=False)
        return model

    def _provider(self, address: Address) -> GoogleProvider | GoogleCloudProvider:
        base_url = address.base_url or None
        if address.endpoint.provider == VERTEX:
            return GoogleCloudProvider(
                project=address.project,
                location=address.endpoint.region,
                credentials=self._credentials,
                base_url=base_url,
                http_client=self._http,
            )
        return GoogleProvider(api_key=address.api_key, base_url=base_url, http_client=self._http)

    async def close(self) -> None:
        await self._http.aclose()


async def _connect_soon(request: httpx2.Request) -> None:
    # The client library sets one number for all phases, so a host that drops packets would cost a whole read timeout.
    timeout = request.extensions.get("timeout")
    if isinstance(timeout, dict):
        timeout["connect"] = _CONNECT_SECONDS


async def _keep(response: httpx2.Response) -> None:
    kept = _kept.get()
    if kept is not None:
        kept.append(response)


@contextmanager
def keep_responses(responses: list[httpx2.Response]) -> Iterator[None]:
    """Collects the responses that arrive inside, for their caller to close: the client library leaves the connection of
    a stream that breaks open until the garbage is collected."""
    token = _kept.set(responses)
    try:
        yield
    finally:
        _kept.reset(token)
