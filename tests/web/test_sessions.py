"""Sessions are listed and revoked; what a revoked browser had open is closed (F-38)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.web.conftest import Dashboard

UNSAFE = {"X-DevGem": "1"}


@asynccontextmanager
async def browser(dashboard: Dashboard) -> AsyncIterator[httpx2.AsyncClient]:
    async with dashboard.client(token=None, **UNSAFE) as client:
        await client.get("/signin", params={"token": dashboard.parts.sign_in.new_code()})
        yield client


def socket_of(dashboard: Dashboard, client: httpx2.AsyncClient) -> connect:
    cookie = {"Cookie": f"devgem_session={client.cookies['devgem_session']}"}
    origin = Origin(dashboard.url)
    return connect(
        dashboard.socket_url, subprotocols=[Subprotocol("devgem.v1")], origin=origin, additional_headers=cookie
    )


async def closed(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(5):
            while True:
                await socket.recv()
    return socket.close_code


async def test_a_browser_sees_its_sessions_and_not_their_tokens(dashboard: Dashboard) -> None:
    async with browser(dashboard) as first, browser(dashboard) as second:
        answer = await first.get("/api/v1/sessions")
        assert [one["current"] for one in answer.json()["items"]].count(True) == 1
        assert len(answer.json()["items"]) == 2
        for client in (first, second):
            assert client.cookies["devgem_session"] not in answer.text
    async with dashboard.client() as operator:
        listed = (await operator.get("/api/v1/sessions")).json()["items"]
        assert [one["current"] for one in listed] == [False, False]


async def test_an_id_from_the_list_signs_nobody_in(dashboard: Dashboard) -> None:
    async with browser(dashboard) as client:
        (one,) = (await client.get("/api/v1/sessions")).json()["items"]
    async with dashboard.client(token=None) as thief:
        thief.cookies.set("devgem_session", one["id"])
        assert (await thief.get("/api/v1/apps")).status_code == 401


async def test_a_revoked_browsers_socket_and_stream_are_closed_and_no_others(dashboard: Dashboard) -> None:
    async with (
        browser(dashboard) as stays,
        browser(dashboard) as goes,
        socket_of(dashboard, stays) as kept,
        socket_of(dashboard, goes) as lost,
        goes.stream("GET", "/api/v1/streams/apps") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == ": hello"
        for one in (await stays.get("/api/v1/sessions")).json()["items"]:
            if not one["current"]:
                assert (await stays.delete(f"/api/v1/sessions/{one['id']}")).status_code == 204
        assert await closed(lost) == 4401
        async with asyncio.timeout(5):
            async for _ in lines:
                pass
        assert (await goes.get("/api/v1/apps")).status_code == 401
        await kept.send(json.dumps({"type": "ping"}))
        assert json.loads(await kept.recv())["type"] == "pong"


async def test_a_session_that_another_replica_ended_is_noticed_within_five_seconds(dashboard: Dashboard) -> None:
    """Nothing tells this process: only the database knows."""
    async with browser(dashboard) as client, socket_of(dashboard, client) as socket:
        async with dashboard.store.write() as transaction:
            await transaction.sessions.revoke(client.cookies["devgem_session"])
        assert await closed(socket) == 4401


async def test_signing_out_closes_what_was_open(dashboard: Dashboard) -> None:
    async with browser(dashboard) as client, socket_of(dashboard, client) as socket:
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert await closed(socket) == 4401


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello", "resume": [{"stream": "apps"}]},
        {"type": "subscribe", "stream": "apps"},
        {"type": "message", "conversation": "C", "text": "deploy sample"},
        {"type": "approve", "conversation": "C", "approval": "a", "granted": True, "digest": "0" * 64},
        {"type": "cancel", "conversation": "C"},
    ],
    ids=lambda frame: str(frame["type"]),
)
async def test_every_frame_is_authorised_anew(dashboard: Dashboard, frame: dict[str, object]) -> None:
    """T-11: the frame comes before the watch has noticed the end of the session, and does nothing."""
    conversation = (await dashboard.parts.conversations.open()).id
    async with browser(dashboard) as client, socket_of(dashboard, client) as socket:
        async with dashboard.store.write() as transaction:
            await transaction.sessions.revoke(client.cookies["devgem_session"])
        await socket.send(json.dumps(frame | ({"conversation": conversation} if "conversation" in frame else {})))
        async with asyncio.timeout(1):
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert socket.close_code == 4401
    assert not (await dashboard.store.events(f"conversation:{conversation}")).events


@pytest.mark.parametrize("session", ["none", "00", "%20", "x" * 200])
async def test_a_session_that_is_not_there_cannot_be_revoked(dashboard: Dashboard, session: str) -> None:
    async with dashboard.client() as operator:
        assert (await operator.delete(f"/api/v1/sessions/{session}")).status_code == 404
