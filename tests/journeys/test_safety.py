"""T-51, T-62: whatever a model, a tool, a log or a repository says, the page runs nothing, loads nothing, and shows
where its links lead."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect
from pydantic_ai.models.function import FunctionModel

from devgem.agent.brain import Asker, Brain
from devgem.domain.app import Build, Check, Image, Progress, Repository
from devgem.domain.failure import Failure
from devgem.domain.log import LineSplitter, LogLine
from devgem.domain.plan import BuildPlan
from devgem.pipeline import DeployRequest
from devgem.store import Fact
from tests.agent.rig import Script, ToolCall
from tests.journeys.apps import server
from tests.journeys.browsing import CHROMIUM
from tests.journeys.conftest import Folders
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "src" / "devgem" / "web" / "static"
HOSTILE: list[str] = json.loads((ROOT / "ui" / "src" / "components" / "hostile.json").read_text())
ALL = "\n\n".join(HOSTILE)
LOG = [
    *(text.encode() for text in HOSTILE),
    b"\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    b"\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\",
    b"\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1bP+q544e\x1b\\\x1b_Gi=31\x1b\\\x1b[2J\x1b[Hwiped",
    b"\x1b[31m<script>alert(1)</script>\x1b[0m \xff\xfe \x00 \x9b2J",
    b"x" * 100_000,
    "\u202e\u2066\u200b<img src=x onerror=alert(1)>".encode(),
]
# Runs before the page's own script; what the page does against its policy, and what is run in it, is noted.
WATCH = """
window.seen = [];
document.addEventListener("securitypolicyviolation", (e) => seen.push(e.violatedDirective + " " + e.blockedURI));
for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = (text) => seen.push(name + text);
"""


class HostileCloud(JournalCloud):
    """Its builds say everything that is hostile, and fail with it."""

    async def preflight(self, plan: BuildPlan, *, own: bool) -> list[Check]:
        return []

    async def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        splitter = LineSplitter()
        for line in LOG:
            for text in splitter.feed(line + b"\n"):
                yield LogLine(text, "out", datetime.now(UTC))
        yield Progress(HOSTILE[1], 0.5)
        yield Failure("build_failed", ALL, ALL, ALL)


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


@asynccontextmanager
async def hostile_house(folder: Path) -> AsyncIterator[tuple[Dashboard, Script]]:
    script = Script()
    model = FunctionModel(stream_function=script.answer, model_name="scripted")

    async def choose(asker: Asker) -> Brain:
        return Brain(model, is_metered=False)

    async with dashboard_on(folder, choose, {"local": HostileCloud(folder / "cloud")}, static=PAGE) as dashboard:
        await dashboard.parts.pipeline.start()
        yield dashboard, script
        await dashboard.parts.pipeline.close()


@asynccontextmanager
async def watched_page(dashboard: Dashboard) -> AsyncIterator[tuple[Page, list[str]]]:
    """A signed-in page, and everything that it asked for outside of the dashboard, or was asked by it."""
    outside: list[str] = []

    def asked(url: str) -> None:
        if not url.startswith(f"{dashboard.url}/"):
            outside.append(url)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        context = await browser.new_context()
        await context.add_init_script(WATCH)
        page = await context.new_page()
        page.on("request", lambda request: asked(request.url))
        page.on("websocket", lambda socket: asked(socket.url.replace("ws:", "http:")))
        page.on("dialog", lambda dialog: outside.append(dialog.message))
        page.on("pageerror", lambda error: outside.append(str(error)))
        page.on("popup", lambda popup: outside.append(popup.url))
        page.on("console", lambda said: outside.append(said.text) if said.type == "error" else None)
        await page.goto(f"{dashboard.url}/signin?token={dashboard.parts.sign_in.new_code()}")
        yield page, outside
        await browser.close()


@pytest.fixture(scope="module", autouse=True)
def the_page_is_built() -> None:
    assert (PAGE / "index.html").exists(), "`npm run build` in ui/ builds it"


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
        "script:not([src^='/assets/'])",
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
            assert re.fullmatch(r"#/[\w/]*", link["href"]), link
        else:
            assert link["protocol"] in ("http:", "https:"), link
            assert link["host"] in link["text"], link
            assert "noopener" in link["rel"].split() and link["target"] == "_blank", link


async def test_a_conversation_of_hostile_texts_does_nothing(tmp_path: Path) -> None:
    async with hostile_house(tmp_path) as (dashboard, _), watched_page(dashboard) as (page, outside):
        conversation = (await dashboard.parts.conversations.open()).id
        async with dashboard.store.write() as transaction:
            await transaction.conversations.rename(conversation, HOSTILE[0] + HOSTILE[1])
        told = [told for n, hostile in enumerate((ALL, *HOSTILE)) for told in everywhere(hostile, n)]
        facts = [Fact(type, data) for type, data in told]
        await dashboard.store.append(f"conversation:{conversation}", facts)
        await page.goto(f"{dashboard.url}/#/conversations/{conversation}")
        await expect(page.get_by_text("unknown.happened")).to_have_count(len(HOSTILE) + 1)
        await check(page, outside)
        await page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
        await check(page, outside)
        assert await page.locator(".markdown a").count() > 20


async def test_what_a_model_and_a_build_say_does_nothing(tmp_path: Path) -> None:
    """Through the agent, the pipeline and the log, as it comes in life."""
    async with hostile_house(tmp_path) as (dashboard, script), watched_page(dashboard) as (page, outside):
        folder = Folders(tmp_path)("<img src=x onerror=alert(1)>", server())
        deployment = await dashboard.parts.pipeline.deploy(DeployRequest(Repository(str(folder)), app="shop"))
        script.will([ALL, ToolCall("read_logs", {"app": ALL}), ToolCall("deploy", {"source": ALL})], [ALL], [ALL])
        conversation = (await dashboard.parts.conversations.open()).id
        said = {"message": "m", "role": "assistant", "text": ALL, "deployment": deployment.id, "turn": None}
        await dashboard.store.append(f"conversation:{conversation}", [Fact("message.finished", said)])
        await page.goto(f"{dashboard.url}/#/conversations/{conversation}")
        await page.get_by_label("Message", exact=True).fill(ALL)
        await page.get_by_label("Message", exact=True).press("Enter")
        await page.locator(".ending-failed").wait_for()
        await page.get_by_role("log", name="Build log").wait_for()
        await page.get_by_text("Working").wait_for(state="detached")
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
    async with hostile_house(tmp_path) as (dashboard, _), watched_page(dashboard) as (page, outside):
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
