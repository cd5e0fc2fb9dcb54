"""A client of the HTTP API: JSON requests, and streams of events that resume by themselves."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from devgem.domain.errors import (
    Conflict,
    DevGemError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Unavailable,
)

_ERRORS: dict[int, type[DevGemError]] = {
    400: InvalidInput,
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: InvalidInput,
    503: Unavailable,
}
_RECONNECT_SECONDS = (0.2, 0.5, 1, 2, 5, 5, 5, 5, 5, 5)


@dataclass(frozen=True)
class StreamEvent:
    seq: int
    type: str
    at: str
    data: dict[str, Any]


class Client:
    """Speaks to one DevGem server. `token` is a bearer token; empty for who is not signed in yet."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"X-DevGem": "1", **({"Authorization": f"Bearer {token}"} if token else {})},
            timeout=httpx2.Timeout(30, connect=5),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        return self._request("GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._request("POST", path, json={} if body is None else body, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self._request("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        return self._request("DELETE", path)

    def _request(self, method: str, path: str, **more: Any) -> Any:
        try:
            response = self._http.request(method, path, **more)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _error(response)
        return response.json() if response.content else None

    def events(self, stream: str, after: int = 0) -> Iterator[StreamEvent]:
        """The events of a stream from `after` on, for ever: a lost connection is resumed where it stopped.
        Raises Unavailable when the server stays away for about 30 seconds."""
        failures = 0
        while True:
            try:
                for event in self._connection(stream, after):
                    failures, after = 0, event.seq
                    yield event
                # The server ended the stream (a restart): come back.
                error: httpx2.TransportError | None = None
            except httpx2.TransportError as lost:
                error = lost
            if failures == len(_RECONNECT_SECONDS):
                raise self._unreachable(error or httpx2.TransportError("the stream ends at once"))
            time.sleep(_RECONNECT_SECONDS[failures])
            failures += 1

    def _connection(self, stream: str, after: int) -> Iterator[StreamEvent]:
        timeout = httpx2.Timeout(60, connect=5)
        with self._http.stream(
            "GET", f"/api/v1/streams/{stream}", params={"after": after}, timeout=timeout
        ) as response:
            if response.is_error:
                response.read()
                raise _error(response)
            for line in response.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line[5:])
                    yield StreamEvent(event["seq"], event["type"], event["at"], event["data"])

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"DevGem at {self.url} does not answer: {str(error) or type(error).__name__}",
            fix="See `devgem status`; `devgem up` starts it.",
        )


def _error(response: httpx2.Response) -> DevGemError:
    kind = _ERRORS.get(response.status_code, DevGemError)
    try:
        problem = response.json()
        message = problem.get("detail") or problem.get("title") or response.reason_phrase
        return kind(message, fix=problem.get("fix") or "", code=problem.get("code") if kind is DevGemError else None)
    except ValueError:
        return kind(f"HTTP {response.status_code} {response.reason_phrase} from {response.url}")
