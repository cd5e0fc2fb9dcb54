"""How the page feels: what is said is there at once, and a long conversation does not slow it down."""

import asyncio
from pathlib import Path

from playwright.async_api import Route, expect

from devgem.store import Fact
from tests.journeys.pages import house, watched_page
from tests.pipeline.peers import JournalCloud

MESSAGES = 300
LONGEST_TASK_MS = 250
SLOWEST_KEY_MS = 100
NOTE_LONG_TASKS = """
window.tasks = [0];
const note = (list) => list.getEntries().forEach((entry) => tasks.push(entry.duration));
new PerformanceObserver(note).observe({ type: "longtask" });
"""


async def test_what_is_said_is_there_before_the_server_knows_and_once_after(tmp_path: Path) -> None:
    async with (
        house(tmp_path, JournalCloud(tmp_path / "cloud")) as (dashboard, script),
        watched_page(dashboard) as (page, outside),
    ):
        held: asyncio.Queue[Route] = asyncio.Queue()
        await page.route("**/messages", held.put)
        script.will(["Hello."], ["And next."])
        area, said = page.get_by_label("Message", exact=True), page.locator(".message-user")
        await area.fill("is this fast?")
        await area.press("Enter")
        request = await held.get()
        await expect(said).to_have_text("Youis this fast?")
        await expect(area).to_have_value("")
        await expect(page.get_by_text("Working", exact=True)).to_be_visible()
        await area.fill("and next")
        await request.continue_()
        await expect(page.locator(".message-assistant")).to_contain_text("Hello.")
        await expect(said).to_have_count(1)
        await expect(said.get_by_role("button", name="Edit")).to_be_visible()
        await expect(area).to_have_value("and next")
        await expect(page.get_by_label("Conversations").get_by_text("is this fast?")).to_be_visible(timeout=3000)
        assert outside == []
        await area.press("Enter")
        await (await held.get()).abort()
        await expect(page.get_by_role("alert")).to_contain_text("does not answer")
        await expect(area).to_have_value("")
        await expect(said).to_have_count(2)
        await page.reload()
        await page.get_by_role("button", name="Send again").click()
        await (await held.get()).continue_()
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(page.locator(".message-assistant")).to_have_count(2)
        await expect(said).to_have_count(2)


async def test_a_long_conversation_stays_smooth(tmp_path: Path) -> None:
    async with (
        house(tmp_path, JournalCloud(tmp_path / "cloud")) as (dashboard, _),
        watched_page(dashboard) as (page, outside),
    ):
        conversation = (await dashboard.parts.conversations.open()).id
        stream = f"conversation:{conversation}"
        text = "**Answer**\n\n- one `code`\n- two\n\n```py\nprint(1)\n```\nSee https://a.example/1."
        facts = [
            Fact(
                "message.finished",
                {"message": f"m{n}", "role": "assistant" if n % 2 else "user", "text": text, "turn": f"t{n // 2}"},
            )
            for n in range(MESSAGES)
        ]
        await dashboard.store.append(stream, facts)
        await page.goto(f"{dashboard.url}/conversations/{conversation}")
        await expect(page.locator(".message")).to_have_count(MESSAGES)
        await page.evaluate(NOTE_LONG_TASKS)
        await dashboard.store.append(stream, [Fact("message.started", {"message": "s", "role": "assistant"})])
        for n in range(60):
            await dashboard.store.append(stream, [Fact("message.delta", {"message": "s", "text": f"**word** {n} "})])
        await expect(page.locator(".message").last).to_contain_text("59")
        await expect(page.locator(".message").last).to_be_in_viewport()
        area = page.get_by_label("Message", exact=True)
        await area.click()
        begun = asyncio.get_running_loop().time()
        await page.keyboard.type("typing goes on")
        await expect(area).to_have_value("typing goes on")
        per_key_ms = (asyncio.get_running_loop().time() - begun) * 1000 / len("typing goes on")
        assert per_key_ms < SLOWEST_KEY_MS
        assert await page.evaluate("Math.max(...tasks)") < LONGEST_TASK_MS
        assert outside == []
