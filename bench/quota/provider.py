"""The provider's side: the stand-in for Gemini in a process of its own, which counts what arrives, and calls to it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

PATH = "/v1beta1/projects/bench/locations/{endpoint}/publishers/google/models/gemini-bench:generateContent"
HEADERS = {"Authorization": "Bearer none", "Content-Type": "application/json"}
_EMPTY_BODY = len(json.dumps({"contents": [{"role": "user", "parts": [{"text": ""}]}]}))
CHARACTERS_PER_TOKEN = 4


@contextmanager
def provider(config: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yields its URL. Its answers are empty, so that a call uses what its body is worth."""
    command = [sys.executable, "-m", "tests.standins.gemini", "--config", json.dumps(config or {})]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        steer(url, "script", [{"output_tokens": 0}])
        yield url
    finally:
        process.terminate()
        process.wait(10)


def steer(url: str, what: str, stated: object = None) -> Any:
    """A GET without `stated`, a POST with it."""
    body = None if stated is None else json.dumps(stated).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_standin/{what}", body), timeout=30) as answer:
        return json.load(answer)


@dataclass(frozen=True)
class Arrival:
    endpoint: str
    at: float
    """seconds of CLOCK_MONOTONIC"""
    tokens: int
    status: int


def arrivals(url: str, since: int = 0) -> Sequence[Arrival]:
    return [
        Arrival(one["place"], one["at_seconds"], one["input_tokens"] + one["output_tokens"], one["status"])
        for one in steer(url, f"arrivals?since={since}")
    ]


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after_seconds: float | None = None


class Caller:
    """Plain calls, without a retry, of one process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def call(self, endpoint: str, tokens: int) -> Answer:
        text = "x" * (tokens * CHARACTERS_PER_TOKEN - _EMPTY_BODY)
        body = json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]})
        url = self._url + PATH.format(endpoint=endpoint)
        async with self._session.post(url, data=body, headers=HEADERS) as answer:
            return Answer(answer.status, _retry_after(await answer.json()) if answer.status == 429 else None)

    async def close(self) -> None:
        await self._session.close()


def _retry_after(body: Mapping[str, Any]) -> float | None:
    for detail in body["error"]["details"]:
        if detail["@type"].endswith("RetryInfo"):
            return float(detail["retryDelay"].removesuffix("s"))
    return None
