"""The socket's frames: resumed without loss or duplicates, and closed with the code that the contract names."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from devgem.store import Fact
from tests.web.conftest import TOKEN, Dashboard, dashboard_on

DEVGEM = [Subprotocol("devgem.v1")]


@asynccontextmanager
async def opened(dashboard: Dashboard) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(dashboard.socket_url, subprotocols=DEVGEM, additional_headers=headers) as socket:
        yield socket


async def send(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


async def receive(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        frame: dict[str, Any] = json.loads(await socket.recv())
        return frame


async def seqs_until(socket: ClientConnection, last: int) -> list[int]:
    seqs: list[int] = []
    while not seqs or seqs[-1] < last:
        frame = await receive(socket)
        if frame["type"] == "batch":
            seqs += [event["seq"] for event in frame["data"]["events"]]
    return seqs


async def fill(dashboard: Dashboard, count: int, text: str = "line") -> str:
    conversation = await dashboard.parts.conversations.open()
    stream = f"conversation:{conversation.id}"
    await dashboard.store.append(stream, [Fact("log", {"text": f"{text} {n}", "stream": "out"}) for n in range(count)])
    return stream


async def test_a_stream_is_resumed_after_the_last_event_seen(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 2500)
    async with opened(dashboard) as socket:
        await send(socket, type="hello")
        assert (await receive(socket))["type"] == "welcome"
        await send(socket, type="subscribe", stream=stream, after=0)
        first = await seqs_until(socket, 1000)
    epoch = dashboard.store.epoch
    async with opened(dashboard) as socket:
        await send(socket, type="hello", resume=[{"stream": stream, "after": first[-1], "epoch": epoch}])
        await dashboard.store.append(stream, [Fact("log", {"text": "new", "stream": "out"})])
        second = await seqs_until(socket, 2501)
    assert first + second == list(range(1, 2502))


async def test_frames_stay_under_64_kib(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 500, text="x" * 1000)
    async with opened(dashboard) as socket:
        await send(socket, type="subscribe", stream=stream)
        seen = 0
        while seen < 500:
            async with asyncio.timeout(10):
                text = await socket.recv()
            assert len(text) <= 64 << 10
            seen = json.loads(text)["seq"]


async def test_numbers_of_another_database_are_void(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 3)
    async with opened(dashboard) as socket:
        await send(socket, type="hello", resume=[{"stream": stream, "after": 900, "epoch": "another"}])
        assert (await receive(socket))["type"] == "welcome"
        gap = await receive(socket)
        assert (gap["type"], gap["data"]) == ("gap", {"from": 0, "to": 0})
        assert await seqs_until(socket, 3) == [1, 2, 3]


async def test_what_was_trimmed_is_told_as_a_gap(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 10)
    async with dashboard.store.write() as transaction:
        await transaction.events.trim(stream, before=7)
    async with opened(dashboard) as socket:
        await send(socket, type="subscribe", stream=stream, after=2)
        gap = await receive(socket)
        assert (gap["type"], gap["data"]) == ("gap", {"from": 3, "to": 6})
        assert await seqs_until(socket, 10) == [7, 8, 9, 10]


async def test_an_unknown_stream_is_an_error_and_the_socket_goes_on(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 1)
    async with opened(dashboard) as socket:
        for name in ("deployment:none", "nonsense", "app:../../etc", "apps:x"):
            await send(socket, type="subscribe", stream=name)
            frame = await receive(socket)
            assert (frame["type"], frame["data"]["code"], frame["stream"]) == ("error", "not_found", name)
        await send(socket, type="subscribe", stream=stream)
        assert await seqs_until(socket, 1) == [1]


async def test_unsubscribing_ends_a_stream(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 1)
    async with opened(dashboard) as socket:
        await send(socket, type="subscribe", stream=stream)
        assert await seqs_until(socket, 1) == [1]
        await send(socket, type="unsubscribe", stream=stream)
        await send(socket, type="ping")
        assert (await receive(socket))["type"] == "pong"
        await dashboard.store.append(stream, [Fact("log", {"text": "unseen", "stream": "out"})])
        await send(socket, type="ping")
        assert (await receive(socket))["type"] == "pong"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "no json",
        "[]",
        "{}",
        "[" * 5000,
        b"\x00\x01",
        '{"type":"nope"}',
        '{"type":"subscribe"}',
        '{"type":"ping","v":2}',
        '{"type":"ping","x":1}',
        '{"type":"hello","resume":5}',
        '{"type":"subscribe","stream":"apps","after":-1}',
        '{"type":"subscribe","stream":"' + "a" * 300 + '"}',
        '{"type":"unsubscribe","stream":"' + "a" * 300 + '"}',
        '{"type":"hello","resume":[' + ",".join(['{"stream":"apps"}'] * 65) + "]}",
        '{"type":"message","conversation":"c","text":""}',
        '{"type":"message","conversation":"","text":"x"}',
        '{"type":"message","conversation":"c","text":"x","user":"root"}',
        '{"type":"message","conversation":"c","text":"' + "x" * 20_001 + '"}',
        '{"type":"approve","conversation":"c","approval":"a","granted":true}',
        '{"type":"approve","conversation":"c","approval":"a","granted":true,"digest":"short"}',
        '{"type":"approve","conversation":"c","approval":"'
        + "a" * 200
        + '","granted":true,"digest":"'
        + "0" * 64
        + '"}',
        '{"type":"cancel"}',
        '{"type":"cancel","conversation":"../c"}',
        '{"type":"cancel","conversation":"c\\u0000"}',
        '{"type":"message","conversation":"c","text":"\\u0000"}',
        '{"type":"message","conversation":"c","text":"\\ud800"}',
        '{"type":"cancel","conversation":["c"]}',
    ],
)
async def test_a_bad_frame_closes_with_4400(dashboard: Dashboard, frame: str | bytes) -> None:
    """F-37."""
    async with opened(dashboard) as socket:
        await socket.send(frame)
        with pytest.raises(ConnectionClosed):
            await receive(socket)
        assert socket.close_code == 4400


async def test_a_flood_of_frames_closes_with_4429(dashboard: Dashboard) -> None:
    async with opened(dashboard) as socket:
        with pytest.raises(ConnectionClosed):
            for _ in range(2000):
                await send(socket, type="pong")
            while True:
                await receive(socket)
        assert socket.close_code == 4429


async def test_a_restart_is_announced(dashboard: Dashboard) -> None:
    """F-03."""
    async with opened(dashboard) as socket:
        await send(socket, type="hello")
        assert (await receive(socket))["type"] == "welcome"
        await dashboard.parts.sockets.announce_restart()
        assert (await receive(socket))["type"] == "reconnect"


async def test_an_old_socket_is_renewed_before_something_cuts_it(tmp_path: Path) -> None:
    """F-39."""
    async with dashboard_on(tmp_path, socket_seconds=0.3) as dashboard:
        stream = await fill(dashboard, 3)
        async with opened(dashboard) as old:
            await send(old, type="hello", resume=[{"stream": stream, "after": 0}])
            assert await seqs_until(old, 3) == [1, 2, 3]
            while (await receive(old))["type"] != "reconnect":
                pass
            async with opened(dashboard) as new:
                await send(new, type="hello", resume=[{"stream": stream, "after": 3}])
                await dashboard.store.append(stream, [Fact("log", {"text": "later", "stream": "out"})])
                assert await seqs_until(new, 4) == [4]
                assert await seqs_until(old, 4) == [4]


async def test_who_is_not_signed_in_is_told_so_by_4401(dashboard: Dashboard) -> None:
    async with connect(dashboard.socket_url, subprotocols=DEVGEM, origin=Origin(dashboard.url)) as socket:
        with pytest.raises(ConnectionClosed):
            await receive(socket)
        assert socket.close_code == 4401


async def test_the_same_stream_comes_as_server_sent_events_from_the_last_id(dashboard: Dashboard) -> None:
    stream = await fill(dashboard, 5)
    headers = {"Last-Event-ID": "3"}
    async with dashboard.client(**headers) as client, client.stream("GET", f"/api/v1/streams/{stream}") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["devgem-epoch"]
        data: list[dict[str, Any]] = []
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                data.append(json.loads(line[5:]))
            if len(data) == 2:
                break
    assert [(event["seq"], event["data"]["text"]) for event in data] == [(4, "line 3"), (5, "line 4")]
