"""T-51, T-62: whatever a model, a tool, a log or a repository says, the page runs nothing, loads nothing, and shows
where its links lead."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from devgem.domain.app import Repository
from devgem.pipeline import DeployRequest
from devgem.store import Fact
from tests.agent.rig import ToolCall
from tests.journeys.apps import server
from tests.journeys.conftest import Folders
from tests.journeys.hostile import ALL, HOSTILE, HostileCloud
from tests.journeys.pages import house, watched_page


def everywhere(hostile: str, n: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """An event of every type that a conversation has, hostile in every field. `n` keeps their ids apart."""
    turn, names = (
        {"turn": hostile},
        {"app": hostile, "tool": hostile, "title": hostile, "arguments": {hostile: hostile}},
    )
    addresses = [{"label": hostile, "url": url} for url in ("javascript:alert(1)", "https://evil.example/x", hostile)]
    actions = [*addresses, {"label": hostile, "say": hostile}]
    yield "message.finished", {"message": f"u{n}", "role": "user", "text": hostile}
    yield "message.started", {"message": f"s{n}", "role": "assistant", **turn}
    yield "message.delta", {"message": f"s{n}", "text": hostile}
    yield (
        "message.finished",
        {"message": f"a{n}", "role": "assistant", "text": hostile, "stopped": hostile, "actions": actions, **turn},
    )
    yield "tool.called", {"call": f"c{n}", **names, **turn}
    yield "tool.finished", {"call": f"c{n}", "ok": False, "summary": hostile, **turn}
    yield "approval.requested", {
        "approval": f"p{n}", "call": f"c{n}", "digest": "0" * 64, "tier": 5, "why": hostile, "typed_name": hostile,
        "fields": [{"name": hostile, "secret": True}], **names, **turn,
    }  # fmt: skip
    yield "approval.requested", {"approval": f"q{n}", "digest": "0" * 64, "tier": 5, "why": hostile, **names, **turn}
    yield "approval.denied", {"approval": f"q{n}", "by": hostile, "reason": hostile}
    hunk = {"hunk": hostile, "header": hostile, "lines": [f"+{hostile}", f"-{hostile}"]}
    files = [{"path": hostile, "change": hostile, "hunks": [hunk]}]
    yield "edit.proposed", {
        "edit": f"e{n}", "app": hostile, "summary": hostile, "files": files, "rest": None,
        "flags": [{"path": hostile, "line": 1, "kind": hostile, "detail": hostile}],
        "checks": [{"name": hostile, "ok": False, "detail": hostile}],
    }  # fmt: skip
    yield "endpoint.switched", {"from": hostile, "to": hostile, "reason": hostile, **turn}
    yield "unknown.happened", {hostile: hostile, "__proto__": {"polluted": True}, "constructor": hostile}


LINKS = """() => [...document.querySelectorAll("main a, aside a, .aside a")].map((a) => ({
  href: a.getAttribute("href"), host: a.host, protocol: a.protocol, rel: a.rel, target: a.target,
  text: (a.classList.contains("button") ? a : a.parentElement).textContent, own: a.origin === location.origin,
}))"""


async def check(page: Page, outside: list[str]) -> None:
    """Nothing was run or loaded, nothing is on the page but what DevGem puts there, and links say where they lead."""
    assert await page.evaluate("window.seen") == []
    assert outside == []
    assert len(page.frames) == 1
    assert await page.evaluate("({}).polluted") is None
    for kind in (
        "script:not([src^='/assets/'], [src='/theme.js'])",
        "iframe",
        "object",
        "embed",
        "base",
        "style",
        "svg",
        "video",
        "audio",
    ):
        assert await page.locator(kind).count() == 0, kind
    assert await page.evaluate("[...document.images].every((image) => image.getAttribute('src') === '/gem.svg')")
    assert await page.evaluate(
        "[...document.querySelectorAll('*')].every((e) => e.getAttributeNames().every((n) => !n.startsWith('on')))"
    )
    for link in await page.evaluate(LINKS):
        if link["own"]:
            assert re.fullmatch(r"/[\w/-]*(#L\d+)?", link["href"]), link
        else:
            assert link["protocol"] in ("http:", "https:"), link
            assert link["host"] in link["text"], link
            assert "noopener" in link["rel"].split() and link["target"] == "_blank", link


async def test_a_conversation_of_hostile_texts_does_nothing(tmp_path: Path) -> None:
    async with (
        house(tmp_path, HostileCloud(tmp_path / "cloud")) as (dashboard, _),
        watched_page(dashboard) as (page, outside),
    ):
        conversation = (await dashboard.parts.conversations.open()).id
        async with dashboard.store.write() as transaction:
            await transaction.conversations.rename(conversation, HOSTILE[0] + HOSTILE[1])
        told = [told for n, hostile in enumerate((ALL, *HOSTILE)) for told in everywhere(hostile, n)]
        facts = [Fact(type, data) for type, data in told]
        await dashboard.store.append(f"conversation:{conversation}", facts)
        await page.goto(f"{dashboard.url}/conversations/{conversation}")
        await expect(page.get_by_text("unknown.happened")).to_have_count(len(HOSTILE) + 1)
        await check(page, outside)
        await page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
        await check(page, outside)
        assert await page.locator(".markdown a").count() > 20


async def test_what_a_model_and_a_build_say_does_nothing(tmp_path: Path) -> None:
    """Through the agent, the pipeline and the log, as it comes in life."""
    async with (
        house(tmp_path, HostileCloud(tmp_path / "cloud")) as (dashboard, script),
        watched_page(dashboard) as (page, outside),
    ):
        folder = Folders(tmp_path)("<img src=x onerror=alert(1)>", server())
        deployment = await dashboard.parts.pipeline.deploy(DeployRequest(Repository(str(folder)), app="shop"))
        script.will([ALL, ToolCall("read_logs", {"app": ALL}), ToolCall("deploy", {"source": ALL})], [ALL], [ALL])
        conversation = (await dashboard.parts.conversations.open()).id
        said = {"message": "m", "role": "assistant", "text": ALL, "deployment": deployment.id, "turn": None}
        await dashboard.store.append(f"conversation:{conversation}", [Fact("message.finished", said)])
        await page.goto(f"{dashboard.url}/conversations/{conversation}")
        await page.get_by_label("Message", exact=True).fill(ALL)
        await page.get_by_label("Message", exact=True).press("Enter")
        await page.locator(".ending-failed").wait_for()
        await page.get_by_role("log", name="Build log").wait_for()
        await page.get_by_text("Working", exact=True).wait_for(state="detached")
        for top in range(0, 3000, 250):
            await page.locator(".log").first.evaluate("(log, top) => (log.scrollTop = top)", top)
            await page.evaluate("new Promise(requestAnimationFrame)")
            await check(page, outside)
        assert "\x1b]" not in await page.locator(".log").first.inner_text()
        await page.reload()
        await page.locator(".ending-failed").wait_for()
        await check(page, outside)


async def test_the_watch_sees_what_it_is_to_see(tmp_path: Path) -> None:
    """The check can fail: each of these would be a hole."""
    async with (
        house(tmp_path, HostileCloud(tmp_path / "cloud")) as (dashboard, _),
        watched_page(dashboard) as (page, outside),
    ):
        await page.get_by_label("Message", exact=True).wait_for()
        await check(page, outside)
        for hole in (
            "document.querySelector('main').innerHTML += '<img src=https://evil.example/x>'",
            "document.querySelector('main').innerHTML += '<b onclick=x>b</b>'",
            "document.querySelector('main').innerHTML += '<a href=https://evil.example>click</a>'",
            "fetch('https://evil.example/').catch(() => {})",
        ):
            await page.reload()
            await page.get_by_label("Message", exact=True).wait_for()
            outside.clear()
            await page.evaluate(hole)
            await asyncio.sleep(0)
            with pytest.raises(AssertionError):
                await check(page, outside)
