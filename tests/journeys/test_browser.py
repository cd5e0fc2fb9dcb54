"""The first page in a real browser: sign in by the one-time link, say deploy, follow the link."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.apps import server
from tests.journeys.conftest import DevGem, Folders

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
SCREENSHOTS = os.environ.get("DEVGEM_SCREENSHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*arguments, "--no-first-run"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, running: DevGem) -> Iterator[Page]:
    url = running.run("open").stdout.strip()
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.goto(url)
    yield page
    context.close()
    assert trouble == []


def shoot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png")


def say(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.get_by_label("Message").press("Enter")


def test_say_deploy_and_get_a_working_link(page: Page, running: DevGem) -> None:
    expect(page.get_by_text("Connected")).to_be_visible()
    shoot(page, "first-page")
    say(page, "deploy sample as first")
    card = page.get_by_label("Deployment of first")
    expect(card.get_by_role("listitem").filter(has_text="Build")).to_be_visible()
    shoot(page, "deploying")
    link = card.get_by_role("link", name=f"http://first.localhost:{running.apps_port}")
    expect(link).to_be_visible(timeout=90_000)
    shoot(page, "live")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_text("Hello from DevGem")).to_be_visible()
    expect(page.get_by_label("Apps").get_by_text("first", exact=True)).to_be_visible()


def test_a_reload_shows_the_same(page: Page, folders: Folders) -> None:
    folder = folders("reloaded", server("x", before="print('\\x1b[31mred\\x1b[0m <b>not markup</b>', flush=True)"))
    say(page, f"deploy {folder}")
    card = page.get_by_label("Deployment of reloaded")
    expect(card.get_by_text("live", exact=True)).to_be_visible(timeout=60_000)
    before = card.inner_text()
    page.reload()
    expect(card.get_by_text("live", exact=True)).to_be_visible()
    assert card.inner_text() == before


def test_a_failure_shows_cause_evidence_and_fix(page: Page, folders: Folders) -> None:
    folder = folders("broken", server("x", before="os.environ['STRIPE_KEY']"))
    say(page, f"deploy {folder}")
    card = page.get_by_label("Deployment of broken")
    alert = card.get_by_role("alert")
    expect(alert).to_contain_text("STRIPE_KEY", timeout=60_000)
    expect(alert).to_contain_text("env set")
    shoot(page, "failed")


def test_the_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.reload()
    expect(page.get_by_label("Message")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shoot(page, "phone")


def test_the_connection_comes_back_by_itself(page: Page) -> None:
    expect(page.get_by_text("Connected")).to_be_visible()
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.context.set_offline(False)
    expect(page.get_by_text("Connected")).to_be_visible(timeout=20_000)


def test_who_is_not_signed_in_is_told_how(browser: Browser, running: DevGem) -> None:
    page = browser.new_page()
    page.goto(f"http://localhost:{running.port}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text(re.compile("devgem open")).first).to_be_visible()
    page.close()
