"""A day with the agent in a real browser and without a model: deploy, failure, fix, edit, rollback, approvals."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.apps import server
from tests.journeys.browsing import articles, card, chromium, colour, conversation_of, edit_card, say, shoot, signed_in
from tests.journeys.conftest import DevGem, Folders, processes_of, wait_until

FRUIT: dict[str, str | bytes] = {
    "app.py": (
        "from flask import Flask, render_template\n\napp = Flask(__name__)\n\n\n"
        '@app.get("/")\ndef home():\n    return render_template("home.html")\n'
    ),
    "requirements.txt": "gunicorn\n",
    "templates/home.html": (
        '<!doctype html>\n<html lang="en">\n<head>\n  <title>Shop</title>\n'
        '  <link rel="stylesheet" href="/static/style.css">\n</head>\n'
        "<body>\n  <h1>Fresh fruit</h1>\n</body>\n</html>\n"
    ),
    "static/style.css": "body {\n  background: white;\n  color: black;\n}\n",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(browser: Browser, running: DevGem) -> Iterator[Page]:
    with signed_in(browser, running) as opened:
        yield opened


@pytest.fixture
def own(tmp_path: Path, folders: Folders) -> Iterator[DevGem]:
    """A DevGem that may be killed, with an app called kept."""
    (tmp_path / "data").mkdir()
    devgem = DevGem(tmp_path / "data")
    devgem.start()
    devgem.deploy(folders("kept", server("kept")))
    yield devgem
    devgem.stop()
    wait_until(lambda: processes_of(devgem.data_dir) == [], "every process has ended", 30)


def test_from_a_broken_app_to_a_blue_page_and_back(page: Page, running: DevGem, folders: Folders) -> None:
    say(page, f"deploy {folders('shop', FRUIT)}")
    expect(card(page, "shop").get_by_role("alert")).to_contain_text("flask")
    told = page.get_by_role("article").last
    expect(told).to_contain_text("ModuleNotFoundError: No module named 'flask'")
    fix = edit_card(page)
    expect(fix).to_contain_text("+flask")
    expect(fix.get_by_label("To look at")).to_contain_text("dependency")
    apply = told.get_by_role("button", name="Apply and redeploy")
    expect(apply).to_be_in_viewport()
    shoot(page, "1-failure")

    apply.click()
    expect(page.get_by_text("revision v2")).to_be_visible()
    assert "Fresh fruit" in running.get("shop")[1]
    shoot(page, "2-fixed")

    say(page, "change the background to blue")
    expect(edit_card(page)).to_contain_text("+  background: blue;")
    say(page, "rename the title to Fruit for all")
    hunks = edit_card(page).get_by_role("checkbox")
    expect(hunks).to_have_count(2)

    say(page, "preview it")
    expect(card(page, "shop--preview").get_by_text("live", exact=True)).to_be_visible()
    assert colour(page, running, "shop--preview") == ("Fruit for all", "rgb(0, 0, 255)")
    assert colour(page, running, "shop") == ("Shop", "rgb(255, 255, 255)")

    page.get_by_label(re.compile("^Accept templates/home.html")).last.uncheck()
    shoot(page, "3-edit")
    edit_card(page).get_by_role("button", name="Accept 1 of 2").click()
    expect(page.get_by_text("revision v3")).to_be_visible()
    assert colour(page, running, "shop", "4-blue") == ("Shop", "rgb(0, 0, 255)")

    say(page, "roll back shop")
    expect(page.get_by_role("article").last).to_contain_text("from v3 to v2")
    expect(page.get_by_role("article").last).to_be_in_viewport()
    assert colour(page, running, "shop") == ("Shop", "rgb(255, 255, 255)")
    assert page.get_by_role("button", name="Approve").count() == 0, "the message asked for exactly this"
    shoot(page, "5-rolled-back")


def test_an_edit_is_undone_and_made_again_by_words(page: Page, running: DevGem, folders: Folders) -> None:
    folder = folders("site", {"index.html": "<title>Old</title>\n<h1>Hi</h1>\n"})
    running.deploy(folder)
    say(page, "rename the title of site to New")
    expect(edit_card(page)).to_contain_text("New")
    say(page, "undo the last edit of site")
    expect(page.get_by_role("article").last).to_contain_text("undone")
    say(page, "redo the edit of site")
    expect(page.get_by_role("article").last).to_contain_text("made again")
    say(page, "deploy the edits of site")
    expect(card(page, "site").get_by_text("live", exact=True)).to_be_visible()
    assert "<title>New</title>" in running.get("site")[1]


def test_what_waits_for_a_click_outlives_restarts_and_words_do_not_count(browser: Browser, own: DevGem) -> None:
    with signed_in(browser, own) as page:
        say(page, "list my apps")
        expect(page.get_by_role("article").last).to_contain_text("kept is live")
        say(page, "remove kept")
        approve = page.get_by_role("button", name="Approve")
        expect(approve).to_be_disabled()
        shoot(page, "6-approval")
        said = articles(page)
        for end in (signal.SIGTERM, signal.SIGKILL):
            own.stop(end)
            own.start()
            expect(page.get_by_text("Connected")).to_be_visible()
            page.reload()
            expect(approve).to_be_disabled()
            assert articles(page) == said
        say(page, "yes, remove kept. I approve it, kept")
        expect(page.get_by_text("Denied by devgem: you wrote something else")).to_be_visible()
        expect(page.get_by_text(re.compile("^Not done, since you wrote something else"))).to_be_visible()
        assert own.get("kept") == (200, "kept")


def test_an_app_is_removed_with_the_keyboard_alone_and_by_its_name(
    page: Page, running: DevGem, folders: Folders
) -> None:
    running.deploy(folders("gone", server()))
    keys = page.keyboard
    page.get_by_label("Message").focus()
    keys.type("remove gone")
    keys.press("Enter")
    expect(page.get_by_role("region", name="Removing gone")).to_be_focused()
    keys.press("Tab")
    keys.type("gon")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    keys.type("e")
    keys.press("Enter")
    expect(page.get_by_text("Approved by operator")).to_be_visible()
    expect(page.get_by_role("article").last).to_contain_text("removed")
    assert running.get("gone")[0] == 404


def test_a_secret_is_typed_into_the_card_on_a_phone_and_nowhere_else(
    browser: Browser, running: DevGem, folders: Folders
) -> None:
    secret = "s3cr3t-canary-of-the-card"
    running.deploy(folders("till", server()))
    with signed_in(browser, running, width=360, height=700) as page:
        say(page, "set STRIPE_KEY on till")
        page.get_by_role("textbox", name="STRIPE_KEY").fill(secret)
        approve = page.get_by_role("button", name="Approve")
        approve.scroll_into_view_if_needed()
        expect(approve).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        shoot(page, "7-phone")
        approve.click()
        expect(page.get_by_text("Approved by operator")).to_be_visible()
        wait_until(lambda: "STRIPE_KEY" in running.run("env", "list", "till").stdout, "the config var is there")
        assert secret not in page.content()
    everything = b"".join(path.read_bytes() for path in running.data_dir.glob("*.sqlite*"))
    assert secret.encode() not in everything
    assert secret not in running.log()


def test_two_devices_see_one_order(browser: Browser, page: Page, running: DevGem) -> None:
    """F-40"""
    with signed_in(browser, running, conversation=conversation_of(page)) as other:
        expect(other.get_by_text("Say deploy, get a working link")).to_be_visible()
        said = [f"help me with {word}" for word in ("deploy", "logs", "env", "rollback", "edits", "remove")]
        for number, text in enumerate(said):
            say((page, other)[number % 2], text)
        for device in (page, other):
            expect(device.locator("article.message-user")).to_have_count(len(said))
            expect(device.locator("article.message-assistant")).to_have_count(len(said))
            expect(device.get_by_text("Working", exact=True)).to_have_count(0)
        assert articles(page) == articles(other)
        assert sorted(page.locator("article.message-user .message-text").all_inner_texts()) == sorted(said)


def test_an_edited_message_takes_the_place_of_what_came_of_it(page: Page) -> None:
    say(page, "blorb the frobnicator")
    expect(page.locator("article.message-assistant")).to_have_count(1)
    page.get_by_label("Message").press("ArrowUp")
    expect(page.get_by_label("Message")).to_have_value("blorb the frobnicator")
    say(page, "help")
    expect(page.locator("article.message-user:visible")).to_have_count(1)
    expect(page.locator("article.message-user:visible")).to_contain_text("help")
    page.get_by_text("Before the edit").click()
    expect(page.get_by_text("blorb the frobnicator").first).to_be_visible()
    page.reload()
    expect(page.locator("article.message-user:visible")).to_have_count(1)
