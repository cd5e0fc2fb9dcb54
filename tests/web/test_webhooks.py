"""T-70: webhooks come in when GitHub signed them, once each; and what an app's owner sets about them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgem.domain.app import App, Repository
from devgem.store import PullRow, PullState
from tests.standins.github import push_payload
from tests.web.conftest import Dashboard, dashboard_on

SECRET = "a secret of the test"
PAYLOAD = push_payload("ada/shop", "refs/heads/main", "a" * 40, "b" * 40)


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path, webhook_secret=SECRET) as running:
        yield running


def signed(body: bytes, *, secret: str = SECRET, event: str = "push", id: str = "72d3162e-cc78") -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": id,
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


async def sent(dashboard: Dashboard, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    async with dashboard.client(token=None) as client:
        return await client.post("/webhooks/github", content=body, headers=headers)


async def waiting(dashboard: Dashboard) -> int:
    """How many webhooks wait to be dealt with: here nobody deals with them."""
    async with dashboard.store.write() as transaction:
        count = 0
        while await transaction.deliveries.take(now=datetime.now(UTC)):
            count += 1
        return count


async def test_a_signed_webhook_is_taken_once(hooked: Dashboard) -> None:
    body = json.dumps(PAYLOAD).encode()
    first = await sent(hooked, body, signed(body))
    assert (first.status_code, first.json()["state"]) == (202, "taken")
    again = await sent(hooked, body, signed(body))
    assert (again.status_code, again.json()["state"]) == (202, "known")
    other_id = await sent(hooked, body, signed(body, id="another"))  # the id is not signed, so it proves nothing
    assert other_id.json()["state"] == "known"
    assert await waiting(hooked) == 1


async def test_a_webhook_that_comes_many_times_at_once_is_taken_once(hooked: Dashboard) -> None:
    body = json.dumps(PAYLOAD).encode()
    answers = await asyncio.gather(*(sent(hooked, body, signed(body, id=f"id-{n}")) for n in range(8)))
    assert sorted(answer.json()["state"] for answer in answers) == ["known"] * 7 + ["taken"]


def forged() -> dict[str, tuple[bytes, dict[str, str]]]:
    body = json.dumps(PAYLOAD).encode()
    encoded = json.dumps(PAYLOAD, indent=1).encode()
    sha1 = {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}
    unsigned = {name: value for name, value in signed(body).items() if name != "X-Hub-Signature-256"}
    return {
        "unsigned": (body, unsigned),
        "sha1 only": (body, unsigned | sha1),
        "another secret": (body, signed(body, secret="guessed")),
        "an empty secret": (body, signed(body, secret="")),
        "encoded anew": (encoded, signed(body)),
        "another body": (body.replace(b"ada/shop", b"eve/shop"), signed(body)),
        "cut": (body[:-1], signed(body)),
        "no body": (b"", signed(body)),
    }


@pytest.mark.parametrize("how", forged())
async def test_a_forged_webhook_is_refused_before_it_is_read(hooked: Dashboard, how: str) -> None:
    body, headers = forged()[how]
    answer = await sent(hooked, body, headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert await waiting(hooked) == 0


async def test_two_signatures_are_none(hooked: Dashboard) -> None:
    body = json.dumps(PAYLOAD).encode()
    headers = [*signed(body).items(), ("X-Hub-Signature-256", "sha256=" + "0" * 64)]
    async with hooked.client(token=None) as client:
        answer = await client.post("/webhooks/github", content=body, headers=headers)
    assert answer.status_code == 401


async def test_a_webhook_of_25_megabytes_is_refused_whatever_it_says_of_its_length(hooked: Dashboard) -> None:
    body = b" " * 25_000_000
    assert (await sent(hooked, body, signed(body))).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(25):
            yield b" " * 1_000_000

    async with hooked.client(token=None) as client:
        answer = await client.post("/webhooks/github", content=chunks(), headers=signed(b""))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("event", "body", "status", "state"),
    [
        ("ping", b'{"zen": "Keep it"}', 202, "pong"),
        ("workflow_run", b"{}", 202, "ignored"),
        ("push", b"[]", 422, None),
        ("push", b"{", 422, None),
        ("push", b"[" * 100_000, 422, None),
        ("pull_request", b'{"action": "opened"}', 422, None),
    ],
)
async def test_what_starts_nothing_is_not_kept(
    hooked: Dashboard, event: str, body: bytes, status: int, state: str | None
) -> None:
    answer = await sent(hooked, body, signed(body, event=event))
    assert (answer.status_code, answer.json().get("state")) == (status, state)
    assert await waiting(hooked) == 0


async def test_a_form_and_a_webhook_without_an_id_are_refused(hooked: Dashboard) -> None:
    body = json.dumps(PAYLOAD).encode()
    form = await sent(hooked, body, signed(body) | {"Content-Type": "application/x-www-form-urlencoded"})
    assert (form.status_code, "application/json" in form.json()["fix"]) == (422, True)
    assert (await sent(hooked, body, signed(body, id="a b"))).status_code == 422


async def test_without_a_secret_no_webhook_is_taken(dashboard: Dashboard) -> None:
    body = json.dumps(PAYLOAD).encode()
    answer = await sent(dashboard, body, signed(body, secret=""))
    assert answer.status_code == 404
    assert "GITHUB_WEBHOOK_SECRET" in answer.json()["fix"]


async def add_app(dashboard: Dashboard) -> None:
    repository = Repository("https://github.com/ada/shop")
    async with dashboard.store.write() as transaction:
        await transaction.apps.add(App("shop", repository, "local", datetime.now(UTC)))


async def test_settings_are_changed_one_by_one(dashboard: Dashboard) -> None:
    await add_app(dashboard)
    async with dashboard.client() as client:
        at_first = (await client.get("/api/v1/apps/shop/settings")).json()
        assert at_first["push"] == {"enabled": True, "branch": None, "watch_paths": []}
        assert (at_first["previews"], at_first["push_paused"]) == ({"enabled": True}, False)
        changes: list[dict[str, Any]] = [
            {"push": {"branch": "release/1"}},
            {"push": {"watch_paths": ["web/**", "", "!*.md"]}},
            {"push": {"enabled": False}, "previews": {"enabled": False}},
        ]
        for change in changes:
            answer = await client.patch("/api/v1/apps/shop/settings", json=change)
            assert answer.status_code == 200, answer.text
        kept = (await client.get("/api/v1/apps/shop/settings")).json()
        assert kept["push"] == {"enabled": False, "branch": "release/1", "watch_paths": ["web/**", "!*.md"]}
        await client.patch("/api/v1/apps/shop/settings", json={"push": {"branch": None}})
        assert (await client.get("/api/v1/apps/shop/settings")).json()["push"]["branch"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"push": {"branch": "--upload-pack=x"}},
        {"push": {"watch_paths": ["../x"]}},
        {"push": {"more": 1}},
        {"previews": {}},
        {"other": True},
    ],
)
async def test_wrong_settings_are_refused_and_change_nothing(dashboard: Dashboard, change: dict[str, Any]) -> None:
    await add_app(dashboard)
    async with dashboard.client() as client:
        before = (await client.get("/api/v1/apps/shop/settings")).json()
        assert (await client.patch("/api/v1/apps/shop/settings", json=change)).status_code == 422
        assert (await client.get("/api/v1/apps/shop/settings")).json() == before


async def test_a_pull_request_that_waits_is_listed_agreed_to_and_removed(dashboard: Dashboard) -> None:
    await add_app(dashboard)
    now = datetime.now(UTC)
    pull = PullRow(
        "shop", 7, "operator", "ada/shop", "a" * 40, "A change", "eve", "eve/shop", True, PullState.WAITING, now, now
    )
    async with dashboard.store.write() as transaction:
        await transaction.pull_requests.put(pull)
    async with dashboard.client() as client:
        (item,) = (await client.get("/api/v1/apps/shop/previews")).json()["items"]
        assert (item["number"], item["state"], item["origin"], item["deployment"]) == (7, "waiting", "eve/shop", None)
        consent = "/api/v1/apps/shop/previews/7/consent"
        assert (await client.post(consent, json={"sha": "b" * 40})).json()["code"] == "commit_changed"
        assert (await client.post(consent, json={"sha": "main"})).status_code == 422
        assert (await client.post(consent, json={"sha": "a" * 40})).status_code == 202
        assert (await client.post(consent, json={"sha": "a" * 40})).status_code == 202
        assert await waiting(dashboard) == 1
        assert (await client.delete("/api/v1/apps/shop/previews/7")).status_code == 204
        assert (await client.get("/api/v1/apps/shop/previews")).json()["items"] == []
        assert (await client.delete("/api/v1/apps/shop/previews/8")).status_code == 404
