"""The page for everyone: names, roles, contrast and order, by axe-core, in light and dark, wide and on a phone; and by
keyboard alone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from devgem.domain.app import Repository
from devgem.pipeline import DeployRequest
from devgem.store import Fact
from tests.journeys.apps import server
from tests.journeys.conftest import Folders
from tests.journeys.hostile import HostileCloud
from tests.journeys.pages import house, watched_page
from tests.web.conftest import Dashboard

AXE = Path(__file__).parent.parent.parent / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HUNK = {"hunk": "h1", "header": "@@ -1,2 +1,2 @@", "lines": [" body {", "-  color: red;", "+  color: blue;"]}
ENTRIES: list[tuple[str, dict[str, Any]]] = [
    ("message.finished", {"message": "u", "role": "user", "text": "make it blue", "turn": "t"}),
    ("tool.called", {"call": "c", "tool": "edit_file", "title": "Editing", "arguments": {"a": "b"}, "turn": "t"}),
    ("tool.finished", {"call": "c", "ok": False, "summary": "There is no such text.", "turn": "t"}),
    ("endpoint.switched", {"from": "us-central1", "to": "us-east1", "reason": "429", "turn": "t"}),
    (
        "edit.proposed",
        {
            "edit": "e", "app": "shop", "summary": "Blue", "rest": {"files": 1, "lines": 9, "next": 1},
            "files": [{"path": "style.css", "change": "modified", "hunks": [HUNK]}],
            "flags": [{"path": "package.json", "line": 3, "kind": "dependency", "detail": "left-pad is new"}],
            "checks": [{"name": "parses", "ok": True, "detail": ""}, {"name": "pytest", "ok": False, "detail": "2"}],
        },
    ),
    (
        "message.finished",
        {
            "message": "a", "role": "assistant", "turn": "t",
            "text": "# Done\n\nSee [docs](https://a.example).\n\n- `one`\n\n> quote\n\n```py\nprint(1)\n```",
            "actions": [{"label": "Again", "say": "again"}, {"label": "Docs", "url": "https://a.example"}],
            "usage": {"turn_tokens": 1, "conversation_tokens": 2, "day_tokens": 3, "day_limit": None, "cost_usd": 0.1},
        },
    ),
    (
        "approval.requested",
        {
            "approval": "p", "call": "d", "tool": "remove_app", "title": "Remove shop", "why": "it cannot be undone",
            "arguments": {"app": "shop"}, "digest": "0" * 64, "tier": 5, "typed_name": "shop",
            "fields": [{"name": "STRIPE_KEY", "secret": True}], "turn": "u",
        },
    ),
]  # fmt: skip


async def complaints(page: Page) -> list[tuple[str, str]]:
    # An animation that has not ended has colours of its own.
    await page.evaluate(
        "Promise.all(document.getAnimations().map((a) => a.effect.getTiming().iterations === 1 && a.finished))"
    )
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    return [(one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"]]


async def conversation_with_everything(dashboard: Dashboard, folder: Path) -> str:
    repository = Repository(str(Folders(folder)("shop", server())))
    deployment = await dashboard.parts.pipeline.deploy(DeployRequest(repository, app="shop"))
    conversation = (await dashboard.parts.conversations.open()).id
    said = {"message": "m", "role": "assistant", "text": "Deploying.", "deployment": deployment.id, "turn": None}
    facts = [Fact(type, data) for type, data in [("message.finished", said), *ENTRIES]]
    await dashboard.store.append(f"conversation:{conversation}", facts)
    return conversation


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_nothing_stands_in_anyones_way(tmp_path: Path, scheme: str, width: int) -> None:
    viewport = {"width": width, "height": 800}
    async with (
        house(tmp_path, HostileCloud(tmp_path / "cloud")) as (dashboard, _),
        watched_page(dashboard, color_scheme=scheme, viewport=viewport) as (page, outside),
    ):
        conversation = await conversation_with_everything(dashboard, tmp_path)
        empty = (await dashboard.parts.conversations.open()).id
        rooms = {
            f"conversations/{conversation}": page.get_by_role("heading", name="Remove shop"),
            f"conversations/{empty}": page.get_by_role("heading", name="Say deploy"),
            "quota": page.get_by_text("No key is set."),
            "settings": page.get_by_text("This browser"),
        }
        for room, sign in rooms.items():
            await page.goto(f"{dashboard.url}/{room}")
            await expect(sign).to_be_visible()
            if room.endswith(conversation):
                await expect(page.locator(".ending-failed")).to_be_visible()
            assert await complaints(page) == [], room
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.context.clear_cookies()
        await page.goto(dashboard.url)
        await page.reload()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert await complaints(page) == []
        assert outside == []


async def test_the_page_is_used_by_keyboard_alone(tmp_path: Path) -> None:
    async with (
        house(tmp_path, HostileCloud(tmp_path / "cloud")) as (dashboard, script),
        watched_page(dashboard) as (page, outside),
    ):
        area = page.get_by_label("Message", exact=True)
        await expect(area).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        # Nothing is deployed yet: the first steps come before the message.
        for name in ("Deploy the sample", "Pick a repository"):
            await page.keyboard.press("Tab")
            await expect(page.get_by_text(name, exact=True)).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(area).to_be_focused()
        script.will(["Hello."])
        await page.keyboard.type("hi")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message-assistant")).to_contain_text("Hello.")
        await expect(area).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(area).to_have_value("hi")
        await expect(area).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(area).to_have_value("")
        assert outside == []
