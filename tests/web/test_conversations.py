"""Messages are taken once, and answered in the conversation's stream."""

import asyncio
import json
from contextlib import aclosing

import pytest

from tests.web.conftest import Dashboard


async def texts(dashboard: Dashboard, conversation: str) -> list[tuple[str, str]]:
    """The messages up to the first answer, once it is whole."""
    said: list[tuple[str, str]] = []
    async with asyncio.timeout(20), aclosing(dashboard.store.follow(f"conversation:{conversation}")) as batches:
        async for batch in batches:
            whole = [event for event in batch if event.type == "message.finished"]
            said += [(event.data["role"], event.data["text"]) for event in whole]
            if said[-1:] and said[-1][0] == "assistant":
                break
    return said


async def test_a_message_sent_twice_under_one_client_id_is_taken_once(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        conversation = (await client.post("/api/v1/conversations")).json()["id"]
        for _ in range(2):
            path = f"/api/v1/conversations/{conversation}/messages"
            answer = await client.post(path, json={"text": "help", "client_id": "c1"})
            assert answer.status_code == 202
        assert (await client.get(f"/api/v1/conversations/{conversation}")).json()["title"] == "help"
    assert [role for role, _ in await texts(dashboard, conversation)] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("deploy", "deploy owner/repo"),
        ("what a nice day", "without a model"),
        ("list", "There are no apps yet."),
        ("restart", "no app"),
        ("restart shop", "no app"),
        ("deploy ext::sh", "ext"),
    ],
)
async def test_what_cannot_be_done_is_said_with_what_to_do(dashboard: Dashboard, message: str, answer: str) -> None:
    conversation = (await dashboard.parts.conversations.open()).id
    await dashboard.parts.conversations.say(conversation, message)
    assert answer in (await texts(dashboard, conversation))[1][1]


async def test_an_empty_or_huge_message_or_one_that_is_no_text_is_refused(dashboard: Dashboard) -> None:
    conversation = (await dashboard.parts.conversations.open()).id
    async with dashboard.client() as client:
        for text in ("", "x" * 20_001, "\0", "\ud800"):
            body = json.dumps({"text": text})
            path, headers = f"/api/v1/conversations/{conversation}/messages", {"Content-Type": "application/json"}
            response = await client.post(path, content=body, headers=headers)
            assert response.status_code == 422
            assert response.json()["code"] == "invalid_input"


async def test_a_conversation_is_renamed_pinned_and_found(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        first, second = [(await client.post("/api/v1/conversations", json={})).json()["id"] for _ in range(2)]
        changed = await client.patch(f"/api/v1/conversations/{first}", json={"title": " The  shop ", "pinned": True})
        assert (changed.json()["title"], changed.json()["pinned"]) == ("The shop", True)
        listed = (await client.get("/api/v1/conversations")).json()["items"]
        assert [one["id"] for one in listed] == [first, second]
        found = (await client.get("/api/v1/conversations", params={"q": "SHOP"})).json()
        assert [one["id"] for one in found["items"]] == [first]
        page = (await client.get("/api/v1/conversations", params={"limit": 1})).json()
        rest = (await client.get("/api/v1/conversations", params={"cursor": page["next_cursor"]})).json()
        assert [one["id"] for one in rest["items"]] == [second]
        assert (await client.patch(f"/api/v1/conversations/{first}", json={"title": ""})).status_code == 422
        assert (await client.patch("/api/v1/conversations/cnv_none", json={"pinned": True})).status_code == 404
