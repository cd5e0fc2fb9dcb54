"""The built page over a real dashboard in this process, in a real Chromium that tells of all it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright, expect
from pydantic_ai.models.function import FunctionModel

from devgem.agent.brain import Asker, Brain
from tests.agent.rig import Script
from tests.journeys.browsing import CHROMIUM, PATIENCE_MS
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on

PAGE = Path(__file__).parent.parent.parent / "src" / "devgem" / "web" / "static"
# Runs before the page's own script; what the page does against its policy, and what is run in it, is noted.
WATCH = """
window.seen = [];
document.addEventListener("securitypolicyviolation", (e) => seen.push(e.violatedDirective + " " + e.blockedURI));
for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = (text) => seen.push(name + text);
"""


@asynccontextmanager
async def house(folder: Path, cloud: JournalCloud) -> AsyncIterator[tuple[Dashboard, Script]]:
    """A dashboard with the built page, a pipeline that runs, and a model that does as its script says."""
    assert (PAGE / "index.html").exists(), "`npm run build` in ui/ builds it"
    script = Script()
    model = FunctionModel(stream_function=script.answer, model_name="scripted")

    async def choose(asker: Asker) -> Brain:
        return Brain(model, is_metered=False)

    async with dashboard_on(folder, choose, {"local": cloud}, static=PAGE) as dashboard:
        await dashboard.parts.pipeline.start()
        yield dashboard, script
        await dashboard.parts.pipeline.close()


@asynccontextmanager
async def watched_page(dashboard: Dashboard, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A signed-in page, and everything that it asked for outside of the dashboard, or was asked by it."""
    outside: list[str] = []

    def asked(url: str) -> None:
        if not url.startswith(f"{dashboard.url}/"):
            outside.append(url)

    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        context = await browser.new_context(**options)
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
