"""What other tests rely on in the stand-in: it counts and refuses on its own, and shows faults to the byte."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.standins.gemini import Config, Fault, GeminiStandIn, Limits, Reply

MODEL = "gemini-3.8-flash"
VERTEX = "/v1beta1/projects/p/locations/{region}/publishers/google/models/" + MODEL
BODY = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
SSE = "streamGenerateContent?alt=sse"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=5, headers={"authorization": "Bearer t", "x-goog-api-key": "k"}) as client:
        yield client


async def ask(
    http: httpx2.AsyncClient, url: str, region: str = "us-central1", method: str = "generateContent", body: Any = BODY
) -> httpx2.Response:
    return await http.post(f"{url}{VERTEX.format(region=region)}:{method}", json=body)


async def test_it_lets_in_what_its_limit_allows_and_tells_when_the_next_may_come(http: httpx2.AsyncClient) -> None:
    async with GeminiStandIn(Config(limits={"us-central1": Limits(rpm=3)}, window_seconds=0.5)) as google:
        answers = [await ask(http, google.url) for _ in range(5)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
        details = answers[3].json()["error"]["details"]
        delay = next(float(one["retryDelay"][:-1]) for one in details if one["@type"].endswith("RetryInfo"))
        assert 0 < delay <= 0.5
        assert (await ask(http, google.url, "europe-west1")).status_code == 200
        await asyncio.sleep(delay + 0.01)
        assert (await ask(http, google.url)).status_code == 200
        peak = google.peaks()["us-central1"]
        assert (peak.requests, peak.arrived) == (3, 5)


async def test_it_counts_the_tokens_of_answers_where_the_place_does(http: httpx2.AsyncClient) -> None:
    limits = {"us-central1": Limits(tpm=250), "gemini": Limits(tpm=250, counts_output=False)}
    async with GeminiStandIn(Config(limits=limits)) as google:
        google.script(Reply.say("hi", prompt_tokens=100, output_tokens=60, thought_tokens=40))
        assert [(await ask(http, google.url)).status_code for _ in range(3)] == [200, 429, 429]
        gemini = f"{google.url}/v1beta/models/{MODEL}:generateContent"
        assert [(await http.post(gemini, json=BODY)).status_code for _ in range(3)] == [200, 200, 429]
        assert google.peaks()["us-central1"].tokens == 200
        assert google.peaks()["gemini"].tokens == 200


async def test_a_stream_is_cut_at_the_byte_asked_for(http: httpx2.AsyncClient) -> None:
    async with GeminiStandIn() as google:
        google.script(Reply.say("gr", "üße"))
        whole = (await ask(http, google.url, method=SSE)).content
        assert whole.count(b"data: ") == 2
        for kind in ("cut", "eof", "reset"):
            for at in (0, 7, len(whole) - 1):
                google.fault("us-central1", Fault(kind, at_byte=at))
                got = b""
                try:
                    async with http.stream(
                        "POST", f"{google.url}{VERTEX.format(region='us-central1')}:{SSE}", json=BODY
                    ) as r:
                        async for piece in r.aiter_raw():
                            got += piece
                    assert kind == "eof"
                except (httpx2.RemoteProtocolError, httpx2.ReadError):
                    assert kind != "eof"
                assert got == whole[:at]


async def test_it_refuses_what_gemini_refuses_in_a_history(http: httpx2.AsyncClient) -> None:
    async with GeminiStandIn() as google:
        called: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
        answer = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}
        asked = BODY["contents"][0]
        unsigned = {"contents": [asked, {"role": "model", "parts": [called]}, answer]}
        said = (await ask(http, google.url, body=unsigned)).json()["error"]["message"]
        assert "thought_signature" in said
        signed = {"contents": [asked, {"role": "model", "parts": [called | {"thoughtSignature": "c2ln"}]}, answer]}
        assert (await ask(http, google.url, body=signed)).status_code == 200
        two = {"contents": [asked, {"role": "model", "parts": [called | {"thoughtSignature": "c2ln"}, called]}, answer]}
        assert "number of function response parts" in (await ask(http, google.url, body=two)).json()["error"]["message"]


async def test_a_process_of_it_is_steered_over_http(http: httpx2.AsyncClient) -> None:
    config = json.dumps({"limits": {"us-east1": {"rpm": 2}}})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.standins.gemini", "--config", config, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        await http.post(url + "/_standin/script", json=[{"chunks": [[{"text": "scripted"}]]}])
        await http.post(url + "/_standin/faults", json={"us-east1": [{"kind": "503", "times": 1}]})
        answers = [await ask(http, url, "us-east1") for _ in range(4)]
        assert [one.status_code for one in answers] == [503, 200, 200, 429]
        assert "scripted" in answers[1].text
        arrivals = (await http.get(url + "/_standin/arrivals?since=1")).json()
        assert [one["status"] for one in arrivals] == [200, 200, 429]
        assert (await http.get(url + "/_standin/peaks")).json()["us-east1"]["requests"] == 2
        wrong = await http.post(url + "/_standin/faults", json={"us-east1": [{"kind": "flood"}]})
        assert wrong.status_code == 400 and "flood" in wrong.text
    finally:
        process.terminate()
        await process.wait()
