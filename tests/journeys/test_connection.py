"""What a page says of its connection, and that nothing is lost or doubled over one that breaks."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from devgem.store import Fact
from tests.journeys.pages import house, watched_page
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard


@dataclass
class Watching:
    """A page that shows a conversation."""

    dashboard: Dashboard
    page: Page
    conversation: str
    told: int = 0

    async def tell(self, count: int) -> None:
        """So many more messages come into being."""
        numbers = range(self.told, self.told + count)
        facts = [Fact("message.finished", {"message": f"m{n}", "role": "user", "text": f"word {n}"}) for n in numbers]
        await self.dashboard.store.append(f"conversation:{self.conversation}", facts)
        self.told += count

    async def shows_all(self) -> None:
        """Each once, in their order."""
        words = [re.compile(rf"^Youword {n}(Edit)?$") for n in range(self.told)]
        await expect(self.page.locator(".message")).to_have_text(words)

    async def says(self, state: str) -> None:
        await expect(self.page.locator(".connection")).to_have_text(state)


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[Watching]:
    async with (
        house(tmp_path, JournalCloud(tmp_path / "cloud")) as (dashboard, _),
        watched_page(dashboard) as (page, _),
    ):
        made = Watching(dashboard, page, (await dashboard.parts.conversations.open()).id)
        await made.tell(3)
        await page.goto(f"{dashboard.url}/conversations/{made.conversation}")
        await made.shows_all()
        await made.says("Connected")
        yield made


async def test_what_came_while_the_device_was_offline_is_caught_up(watching: Watching) -> None:
    for _ in range(2):
        await watching.page.context.set_offline(True)
        await watching.says("Offline")
        await watching.tell(20)
        await watching.page.context.set_offline(False)
        await watching.says("Connected")
        await watching.shows_all()


async def test_a_connection_that_will_be_cut_is_replaced_before(watching: Watching) -> None:
    """F-39."""
    async with watching.page.expect_websocket():
        await watching.dashboard.parts.sockets.announce_restart()
    await watching.tell(5)
    await watching.shows_all()
    await watching.says("Connected")


async def test_news_come_as_server_sent_events_where_no_websocket_gets_through(watching: Watching) -> None:
    await watching.page.route_web_socket("**/ws", lambda socket: socket.close())
    await watching.page.reload()
    await watching.says("Connected by SSE")
    await watching.shows_all()
    await watching.tell(10)
    await watching.shows_all()


async def test_a_session_that_ends_is_told(watching: Watching) -> None:
    [session] = await watching.dashboard.parts.sign_in.sessions("operator")
    await watching.dashboard.parts.sign_in.revoke("operator", session.id)
    await expect(watching.page.get_by_text("Sign in", exact=True).first).to_be_visible()


@pytest.mark.parametrize("address", ["conversations/cnv_none", "deployments/dep_none"])
async def test_an_address_of_nothing_says_so(watching: Watching, address: str) -> None:
    await watching.page.goto(f"{watching.dashboard.url}/{address}")
    await expect(watching.page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
