"""The one-click button: a picture for everybody, and one request that deploys what was agreed to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from devgem.domain.app import Repository
from devgem.store import AppSettings
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on

SHA = "a" * 40
SVG = "{http://www.w3.org/2000/svg}"
SOURCE = "ada/shop"


@pytest.fixture
async def clouded(tmp_path: Path) -> AsyncIterator[Dashboard]:
    """Nothing is taken up there: what was asked for waits."""
    async with dashboard_on(tmp_path, clouds={"local": JournalCloud(tmp_path / "cloud")}) as running:
        yield running


async def test_the_picture_is_the_same_for_everybody_and_has_a_name(dashboard: Dashboard) -> None:
    drawn = {}
    async with dashboard.client(token=None) as client:
        for style in ("default", "flat", "large"):
            for theme in ("dark", "light"):
                answer = await client.get("/button.svg", params={"style": style, "theme": theme})
                assert answer.headers["content-type"].startswith("image/svg+xml")
                assert "public" in answer.headers["cache-control"]
                assert "set-cookie" not in answer.headers
                image = ElementTree.fromstring(answer.text)
                assert image.findtext(f"{SVG}title") == image.get("aria-label") == "Deploy to DevGem"
                drawn[style, theme] = answer.text
        plain = await client.get("/button.svg", headers={"Referer": "https://github.com/ada/shop"})
        odd = await client.get("/button.svg", params={"style": "<script>", "theme": "\u202e", "more": "x"})
    assert len(set(drawn.values())) == 6
    assert plain.text == odd.text == drawn["default", "dark"]
    assert "http" not in plain.text.replace("http://www.w3.org/2000/svg", "")


async def test_opening_a_button_starts_nothing(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        await client.get("/new", params={"repo": f"https://github.com/{SOURCE}", "env": "A", "deploy": "1"})
        assert (await client.get("/api/v1/button")).status_code in (404, 405)
    async with dashboard.store.read() as transaction:
        assert await transaction.apps.page() == []
        assert await transaction.conversations.page() == []


async def agreed(dashboard: Dashboard, **body: Any) -> httpx2.Response:
    async with dashboard.client() as client:
        return await client.post("/api/v1/button", json={"source": SOURCE, "ref": SHA, **body})


async def test_what_was_agreed_to_is_deployed_in_a_conversation_of_its_own(clouded: Dashboard) -> None:
    answer = await agreed(clouded, name="shop", env={"MODE": "quick"}, generate=["SESSION_SECRET"])
    assert answer.status_code == 202, answer.text
    started = answer.json()
    async with clouded.store.read() as transaction:
        row = await transaction.deployments.get(started["deployment"])
        values = await transaction.config_vars.values("shop", build=False)
        settings = await transaction.settings.of("shop")
    assert row.order.repository == Repository(f"https://github.com/{SOURCE}", SHA)
    assert row.order.reason == "button"
    assert values["MODE"] == "quick"
    assert len(values["SESSION_SECRET"]) == 64
    assert settings == AppSettings(push=False, previews=False)

    events = list(await clouded.store.events(f"conversation:{started['conversation']}"))
    assert [event.type for event in events] == ["message.finished", "tool.called", "tool.finished", "message.finished"]
    said, called, finished, closed = (event.data for event in events)
    assert said["text"] == f"Deploy {SOURCE} at commit {SHA[:12]}"
    assert called["arguments"] == {
        "source": SOURCE, "ref": SHA, "dir": ".", "name": "shop", "env": ["MODE", "SESSION_SECRET"],
    }  # fmt: skip
    assert finished["deployment"] == started["deployment"]
    assert finished["turn"] == called["turn"] == closed["turn"]
    everything = answer.text + "".join(str(event.data) for event in events)
    assert values["SESSION_SECRET"] not in everything
    assert "quick" not in everything


async def test_a_secret_that_the_app_has_is_kept(clouded: Dashboard) -> None:
    await agreed(clouded, name="shop", generate=["SECRET"])
    async with clouded.store.write() as transaction:
        first = await transaction.config_vars.values("shop", build=False)
        await transaction.settings.set("shop", AppSettings())
    await agreed(clouded, name="shop", generate=["SECRET", "OTHER"], env={"OTHER": "typed"})
    async with clouded.store.read() as transaction:
        second = await transaction.config_vars.values("shop", build=False)
        assert await transaction.settings.of("shop") == AppSettings(), "what its owner has set stays"
    assert second == {**first, "OTHER": "typed"}


@pytest.mark.parametrize(
    "body",
    [
        {"ref": "main"},
        {"ref": SHA.upper()},
        {"source": "/etc"},
        {"source": "file:///etc"},
        {"source": "https://token@github.com/ada/shop"},
        {"dir": "../x"},
        {"name": "UPPER"},
        {"name": "shop--pr-1"},
        {"generate": ["A B"]},
        {"env": {"A=B": "x"}},
        {"command": "rm -rf /"},
    ],
)
async def test_what_no_button_may_ask_for_starts_nothing(clouded: Dashboard, body: dict[str, Any]) -> None:
    assert (await agreed(clouded, **body)).status_code == 422
    async with clouded.store.read() as transaction:
        assert await transaction.apps.page() == []
        assert await transaction.conversations.page() == []


async def test_a_page_of_another_site_cannot_agree(clouded: Dashboard) -> None:
    """T-06"""
    body = {"source": SOURCE, "ref": SHA}
    async with clouded.client(token=None) as client:
        await client.get("/signin", params={"token": clouded.parts.sign_in.new_code()})
        from_elsewhere = await client.post(
            "/api/v1/button", json=body, headers={"Origin": "https://evil.example", "X-DevGem": "1"}
        )
        form = await client.post("/api/v1/button", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (from_elsewhere.status_code, form.status_code) == (403, 403)
