"""The pages on which the operator lets MCP clients in and approves their calls, in a real browser."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

from devgem.domain.app import App, Repository
from devgem.web.mcp.caller import ACT, DEPLOY, READ
from tests.journeys.browsing import CHROMIUM
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on
from tests.web.test_mcp_oauth import exchange, register, send, wish


@pytest.fixture
async def house(tmp_path: Any) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path, clouds={"local": JournalCloud(tmp_path / "cloud")}) as running:
        async with running.store.write() as transaction:
            await transaction.apps.add(App("shop", Repository("/nowhere"), "local", datetime.now(UTC)))
        yield running


@pytest.fixture
async def page(house: Dashboard) -> AsyncIterator[Page]:
    """Signed in; its console has no complaint, as a breach of the content security policy would be."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "favicon" not in message.location["url"]:
            complaints.append(message.text)

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        shown = await chromium.new_page()
        shown.on("console", note)
        await shown.goto(f"{house.url}/signin?token={house.parts.sign_in.new_code()}")
        yield shown
        await chromium.close()
    assert complaints == []


@pytest.fixture
async def callback() -> AsyncIterator[str]:
    """Where a client on this machine waits for its code."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nCode in")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"


async def test_the_operator_lets_a_client_in_and_approves_its_call(house: Dashboard, page: Page, callback: str) -> None:
    client = (await register(house, callback)).json()["client_id"]
    await page.goto(wish(house, client, redirect_uri=callback))
    await expect(page.get_by_label("deploy, roll back")).not_to_be_checked()
    await expect(page.get_by_label("edit workspaces")).to_be_checked()
    await page.get_by_role("button", name="Allow").click()
    await page.wait_for_url(f"{callback}**")
    answer = parse_qs(urlsplit(page.url).query)
    tokens = (await send(house, "/mcp/token", exchange(client, answer["code"][0]) | {"redirect_uri": callback})).json()
    assert tokens["scope"] == f"{READ} {ACT}"
    assert DEPLOY not in tokens["scope"]

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http)) as connected,
    ):
        asked = (await connected.call_tool("set_env", {"app": "shop", "names": ["API_KEY"]})).structured_content
        await page.goto(asked["url"])
        await expect(page.locator("pre")).to_contain_text('"API_KEY"')
        await page.get_by_label("Value of API_KEY").fill("hunter2")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", name="Approved")).to_be_visible()
        done = await connected.call_tool("approval_status", {"approval": asked["approval"], "wait_seconds": 20})
        assert done.structured_content["status"] == "done"

    await page.goto(f"{house.url}/mcp/clients")
    await page.get_by_role("button", name="Shut it out").click()
    await expect(page.get_by_text("No client is let in.")).to_be_visible()
