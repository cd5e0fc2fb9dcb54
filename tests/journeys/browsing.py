"""A real Chromium, signed in to a DevGem as a user signs in: by the one-time link."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.journeys.conftest import DevGem
from tests.journeys.talk import open_conversation, sign_in_url

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
SCREENSHOTS = os.environ.get("DEVGEM_SCREENSHOTS")
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*arguments, "--no-first-run"])
        yield browser
        browser.close()


@contextmanager
def signed_in(
    browser: Browser, devgem: DevGem, *, conversation: str | None = None, width: int = 1280, height: int = 860
) -> Iterator[Page]:
    """A page in a context of its own, at a conversation that is new unless it is given. It may not throw."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(sign_in_url(devgem))
    page.goto(urljoin(page.url, f"/conversations/{conversation or open_conversation(devgem)}"))
    yield page
    context.close()
    assert trouble == []


def say(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_label("Message")).to_have_value("")


def shoot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.mouse.move(0, 0)
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png")


def card(page: Page, app: str) -> Locator:
    """The newest deployment of an app."""
    return page.get_by_label(f"Deployment of {app}").last


def edit_card(page: Page) -> Locator:
    """The newest diff."""
    return page.locator("section.edit:visible").last


def articles(page: Page) -> list[str]:
    """What was said by whom, in its order."""
    return page.get_by_role("article").all_inner_texts()


def colour(page: Page, devgem: DevGem, app: str, shot: str = "") -> tuple[str, str]:
    """An app's title and the background that a browser shows for it."""
    visit = page.context.new_page()
    visit.set_viewport_size({"width": 640, "height": 240})
    visit.goto(f"http://{app}.localhost:{devgem.apps_port}/")
    if shot:
        shoot(visit, shot)
    found = visit.title(), str(visit.evaluate("getComputedStyle(document.body).backgroundColor"))
    visit.close()
    return found


def conversation_of(page: Page) -> str:
    """The id of the conversation that a page shows."""
    return page.url.rpartition("/")[2]
