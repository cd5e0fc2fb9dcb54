"""Turns over HTTP and the socket: approvals, stop, edited messages, and several devices in step."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from devgem.domain.app import App, Repository
from devgem.domain.event import Event
from tests.agent.rig import Hang, ToolCall
from tests.web.conftest import TOKEN, Dashboard, Scripted

DEPLOY = ToolCall("deploy", {"source": "owner/shop"})
SECRET = "sk_live_never_to_be_seen"


@asynccontextmanager
async def opened(dashboard: Dashboard) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    subprotocols = [Subprotocol("devgem.v1")]
    async with connect(dashboard.socket_url, subprotocols=subprotocols, additional_headers=headers) as socket:
        yield socket


async def receive(socket: ClientConnection, type: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == type:
                return frame


async def event(dashboard: Dashboard, conversation: str, type: str, **data: Any) -> Event:
    """The first event of this type with this data."""
    async with asyncio.timeout(20), aclosing(dashboard.store.follow(f"conversation:{conversation}")) as batches:
        async for batch in batches:
            for found in batch:
                if found.type == type and data.items() <= found.data.items():
                    return found
    raise AssertionError("unreachable")


async def asked(scripted: Scripted, call: ToolCall, text: str = "hello") -> tuple[str, dict[str, Any]]:
    """A conversation in which the model wants something that the user did not ask for, and the approval's event."""
    scripted.script.will([call], ["As you wish."])
    conversation = (await scripted.dashboard.parts.conversations.open()).id
    await scripted.dashboard.parts.conversations.say(conversation, text)
    return conversation, (await event(scripted.dashboard, conversation, "approval.requested")).data


async def test_an_approval_is_listed_as_its_event_tells_it(scripted: Scripted) -> None:
    conversation, told = await asked(scripted, DEPLOY)
    async with scripted.dashboard.client() as client:
        listed = (await client.get(f"/api/v1/conversations/{conversation}/approvals")).json()["items"]
        assert listed == [told]
        assert (await client.get("/api/v1/conversations/cnv_none/approvals")).status_code == 404


async def test_an_approval_is_answered_once_and_for_its_own_digest(scripted: Scripted) -> None:
    conversation, told = await asked(scripted, DEPLOY)
    other = (await scripted.dashboard.parts.conversations.open()).id
    path = "/api/v1/conversations/{}/approvals/" + told["approval"]
    async with scripted.dashboard.client() as client:
        for wrong, status in [
            ({"granted": True, "digest": "0" * 64}, 409),
            ({"granted": True, "digest": told["digest"].upper()}, 422),
            ({"granted": True, "digest": told["digest"], "values": {"A": "b"}}, 422),
            ({"granted": True, "digest": told["digest"], "as": "root"}, 422),
            ({"granted": "yes, surely", "digest": told["digest"]}, 422),
            ({"digest": told["digest"]}, 422),
        ]:
            assert (await client.post(path.format(conversation), json=wrong)).status_code == status, wrong
        right = {"granted": False, "digest": told["digest"]}
        assert (await client.post(path.format(other), json=right)).status_code == 404
        answer = await client.post(path.format(conversation), json=right)
        assert (answer.status_code, answer.json()) == (200, {"approval": told["approval"], "granted": False})
        again = await client.post(path.format(conversation), json={"granted": True, "digest": told["digest"]})
        assert (again.status_code, again.json()["code"]) == (409, "answered")
    denied = await event(scripted.dashboard, conversation, "approval.denied")
    assert denied.data["by"] == "operator"
    assert (await event(scripted.dashboard, conversation, "tool.finished")).data["ok"] is False


async def test_values_that_are_typed_into_an_approval_are_nowhere_to_be_read(scripted: Scripted) -> None:
    async with scripted.dashboard.store.write() as transaction:
        await transaction.apps.add(App("shop", Repository("/nowhere"), "local", datetime.now(UTC)))
    call = ToolCall("set_env", {"app": "shop", "names": ["STRIPE_KEY"]})
    conversation, told = await asked(scripted, call, "set STRIPE_KEY on shop")
    assert told["fields"] == [{"name": "STRIPE_KEY", "secret": True}]
    path = f"/api/v1/conversations/{conversation}/approvals/{told['approval']}"
    consent = {"granted": True, "digest": told["digest"]}
    async with scripted.dashboard.client() as client:
        assert (await client.post(path, json=consent)).status_code == 422
        malformed = await client.post(path, json=consent | {"values": {"STRIPE_KEY": [SECRET]}})
        assert malformed.status_code == 422
        assert SECRET not in malformed.text
        assert (await client.post(path, json=consent | {"values": {"STRIPE_KEY": SECRET}})).status_code == 200
    await event(scripted.dashboard, conversation, "message.finished", role="assistant")
    events = await scripted.dashboard.store.events(f"conversation:{conversation}")
    assert SECRET not in json.dumps([found.data for found in events])
    assert SECRET not in scripted.script.told


async def test_an_approval_is_answered_over_the_socket(scripted: Scripted) -> None:
    conversation, told = await asked(scripted, DEPLOY)
    frame = {"type": "approve", "conversation": conversation, "approval": told["approval"], "granted": False}
    async with opened(scripted.dashboard) as socket:
        await socket.send(json.dumps(frame | {"digest": "0" * 64}))
        refused = await receive(socket, "error")
        assert refused["stream"] == f"conversation:{conversation}"
        assert refused["data"]["code"] == "digest_differs"
        assert refused["data"]["about"] == {"type": "approve", "approval": told["approval"]}
        await socket.send(json.dumps(frame | {"digest": told["digest"]}))
        await event(scripted.dashboard, conversation, "approval.denied", approval=told["approval"])
        await socket.send(json.dumps(frame | {"digest": told["digest"]}))
        assert (await receive(socket, "error"))["data"]["code"] == "answered"


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_a_turn_is_stopped(scripted: Scripted, way: str) -> None:
    scripted.script.will(["I begin ", Hang()])
    conversation = (await scripted.dashboard.parts.conversations.open()).id
    await scripted.dashboard.parts.conversations.say(conversation, "tell me all")
    await scripted.script.hanging.wait()
    if way == "http":
        async with scripted.dashboard.client() as client:
            assert (await client.post(f"/api/v1/conversations/{conversation}/stop")).status_code == 202
            assert (await client.post("/api/v1/conversations/cnv_none/stop")).status_code == 404
    else:
        async with opened(scripted.dashboard) as socket:
            await socket.send(json.dumps({"type": "cancel", "conversation": conversation}))
            await event(scripted.dashboard, conversation, "message.finished", stopped="user")
    ended = await event(scripted.dashboard, conversation, "message.finished", stopped="user")
    assert ended.data["text"].startswith("I begin")


async def test_an_edited_message_takes_the_place_of_the_old_one(scripted: Scripted) -> None:
    scripted.script.will(["One."], ["Two."])
    conversation = (await scripted.dashboard.parts.conversations.open()).id
    path = f"/api/v1/conversations/{conversation}/messages"
    async with scripted.dashboard.client() as client:
        first = (await client.post(path, json={"text": "deploy a"})).json()["message"]
        await event(scripted.dashboard, conversation, "message.finished", text="One.")
        assert (await client.post(path, json={"text": "deploy b", "replaces": first})).status_code == 202
        await event(scripted.dashboard, conversation, "message.finished", text="Two.")
        assert (await client.post(path, json={"text": "x", "replaces": "msg_none"})).status_code == 404
    replaced = await event(scripted.dashboard, conversation, "message.finished", text="deploy b")
    assert replaced.data["replaces"] == first
    assert "deploy a" not in json.dumps([str(message) for message in scripted.script.seen[-1]])


async def test_a_message_over_the_socket_is_taken_once(scripted: Scripted) -> None:
    scripted.script.will(["One."])
    conversation = (await scripted.dashboard.parts.conversations.open()).id
    frame = {"type": "message", "conversation": conversation, "text": "hello", "client_id": "c1"}
    async with opened(scripted.dashboard) as socket:
        for _ in range(2):
            await socket.send(json.dumps(frame))
        await socket.send(json.dumps(frame | {"conversation": "cnv_none", "client_id": "c2"}))
        refused = await receive(socket, "error")
        assert refused["data"]["code"] == "not_found"
        assert refused["data"]["about"] == {"type": "message", "client_id": "c2"}
        await event(scripted.dashboard, conversation, "message.finished", text="One.")
    events = await scripted.dashboard.store.events(f"conversation:{conversation}")
    assert [found.data["text"] for found in events if found.data.get("role") == "user"] == ["hello"]


async def test_several_devices_see_the_same_order(scripted: Scripted) -> None:
    """F-40: three devices write at once, two over the socket and one over HTTP."""
    conversation = (await scripted.dashboard.parts.conversations.open()).id
    stream = f"conversation:{conversation}"

    async def watch(socket: ClientConnection) -> list[tuple[int, str]]:
        seen: list[tuple[int, str]] = []
        while sum(type == "message.finished" for _, type in seen) < 18:
            batch = (await receive(socket, "batch"))["data"]["events"]
            seen += [(found["seq"], found["type"]) for found in batch]
        return seen

    async def write(socket: ClientConnection, device: str) -> None:
        await socket.send(json.dumps({"type": "subscribe", "stream": stream}))
        for n in range(3):
            frame = {
                "type": "message",
                "conversation": conversation,
                "text": f"{device} {n}",
                "client_id": f"{device}{n}",
            }
            await socket.send(json.dumps(frame))

    async with (
        opened(scripted.dashboard) as one,
        opened(scripted.dashboard) as two,
        scripted.dashboard.client() as three,
    ):
        path = f"/api/v1/conversations/{conversation}/messages"
        posts = [three.post(path, json={"text": f"three {n}"}) for n in range(3)]
        await asyncio.gather(write(one, "one"), write(two, "two"), *posts)
        first, second = await asyncio.gather(watch(one), watch(two))
    assert first == second
    assert [seq for seq, _ in first] == list(range(1, len(first) + 1))
    said = [found.data for found in await scripted.dashboard.store.events(stream) if found.type == "message.finished"]
    assert {data["text"] for data in said if data["role"] == "user"} == {
        f"{device} {n}" for device in ("one", "two", "three") for n in range(3)
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "accept"}, 404),
        ({"action": "accept", "hunks": ["h1"]}, 404),
        ({"action": "discard"}, 404),
        ({"action": "deploy"}, 422),
        ({"action": "accept", "hunks": "h1"}, 422),
        ({"action": "accept", "hunks": ["h" * 300]}, 422),
        ({}, 422),
    ],
)
async def test_an_edit_that_was_not_proposed_is_not_accepted(
    dashboard: Dashboard, body: dict[str, Any], status: int
) -> None:
    conversation = (await dashboard.parts.conversations.open()).id
    async with dashboard.client() as client:
        answer = await client.post(f"/api/v1/conversations/{conversation}/edits/edt_none", json=body)
    assert answer.status_code == status
