"""`devgem mcp`: the official client over stdio, in front of a DevGem that runs, has stopped, or never ran."""

import asyncio
import os
import re
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp.types import Implementation

from tests.cli.conftest import Product
from tests.journeys.apps import script, server
from tests.journeys.conftest import DevGem, Folders


@asynccontextmanager
async def bridged(environ: Mapping[str, str], *arguments: str, mode: str = "auto") -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "devgem", "mcp", *arguments], env={**os.environ, **environ}
    )
    me = Implementation(name="editor", version="1")
    async with Client(parameters, mode=mode, client_info=me) as connected:
        yield connected


async def until(connected: Client, tool: str, arguments: dict[str, Any], reached: Any) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = (await connected.call_tool(tool, arguments)).structured_content
            if reached(found):
                return found
            await asyncio.sleep(0.2)


def click(product: Product, url: str) -> str:
    """Opens the approval's page in a browser that is signed in, and approves."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    browser.addheaders = []
    control = product.devgem.control()
    request = urllib.request.Request(
        f"{control['url']}/api/v1/signin-urls",
        b"{}",
        {"Authorization": f"Bearer {control['token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        browser.open(re.findall(r"http[^\"]+", answer.read().decode())[0]).close()
    with browser.open(url) as answer:
        page = str(answer.read().decode())
    seal = re.findall(r'name="seal" value="(\w+)"', page)[0]
    form = urllib.parse.urlencode({"seal": seal, "answer": "yes"}).encode()
    with browser.open(urllib.request.Request(url, form, {"Origin": control["url"]})) as answer:
        assert "Approved" in answer.read().decode()
    return page


async def test_a_folder_is_deployed_once_the_user_has_clicked(product: Product, folders: Folders) -> None:
    folder = folders("mcp-app", server("by mcp"))
    async with bridged(product.environ) as connected:
        assert "deploy" in {tool.name for tool in (await connected.list_tools()).tools}
        asked = (await connected.call_tool("deploy", {"source": str(folder)})).structured_content
        assert asked["status"] == "needs_approval"
        assert str(folder) in click(product, asked["url"])
        done = await connected.call_tool("approval_status", {"approval": asked["approval"], "wait_seconds": 30})
        assert done.structured_content["deployment"].startswith("dep_")
        await until(
            connected,
            "app_status",
            {"app": "mcp-app"},
            lambda found: found.get("data", {}).get("status") == "live",
        )
    assert product.devgem.get("mcp-app") == (200, "by mcp")
    titles = [one["title"] for one in product.get("/api/v1/conversations")["items"]]
    assert "MCP: editor" in titles


async def test_with_the_operators_leave_an_agent_deploys_and_learns_why_it_failed(
    product: Product, folders: Folders
) -> None:
    folder = folders("mcp-broken", script("import nothing_at_all"))
    async with bridged(product.environ, "--allow-deploys") as connected:
        started = (await connected.call_tool("deploy", {"source": str(folder)})).structured_content
        assert started["deployment"].startswith("dep_")
        await until(
            connected,
            "list_deployments",
            {"app": "mcp-broken"},
            lambda found: found["data"]["deployments"][0]["status"] == "failed",
        )
        why = await connected.call_tool("explain_failure", {"app": "mcp-broken"})
        assert "nothing_at_all" in str(why.structured_content)
        removal = (await connected.call_tool("remove_app", {"app": "mcp-broken"})).structured_content
        assert removal["status"] == "needs_approval"


async def test_edits_are_made_step_by_step_and_seen_as_a_diff(product: Product, folders: Folders) -> None:
    product.devgem.deploy(folders("mcp-site", {"index.html": "<title>Old</title><h1>Hello</h1>\n"}))
    async with bridged(product.environ, mode="legacy") as connected:
        edit = {"app": "mcp-site", "path": "index.html", "search": "Hello", "replace": "Good day"}
        assert (await connected.call_tool("edit_file", edit)).structured_content["status"] == "done"
        shown = await connected.call_tool("show_diff", {"app": "mcp-site"})
        assert "+<title>Old</title><h1>Good day</h1>" in str(shown.structured_content)
    conversation = product.get("/api/v1/conversations")["items"][0]
    assert conversation["title"] == "MCP: editor"
    with product.terminal("chat", "--conversation", conversation["id"]) as terminal:
        terminal.expect("+<title>Old</title><h1>Good day</h1>")
        terminal.expect("[N]ot now: ")
        terminal.type("y\n")
        terminal.expect("is live")
        terminal.expect("> ")
        terminal.type("\x04")
        assert terminal.ends() == 0
    assert "Good day" in product.devgem.get("mcp-site")[1]


async def test_a_call_is_approved_where_its_conversation_is_gone_on_with(product: Product, folders: Folders) -> None:
    product.devgem.deploy(folders("mcp-there", server()))
    async with bridged(product.environ) as connected:
        asked = (await connected.call_tool("remove_app", {"app": "mcp-there"})).structured_content
        conversation = product.get("/api/v1/conversations")["items"][0]["id"]
        with product.terminal("chat", "--conversation", conversation) as terminal:
            terminal.expect("remove_app {")
            terminal.expect("anything else denies it: ")
            terminal.type("mcp-there\n")
            terminal.expect("mcp-there was removed")
            terminal.expect("> ")
            terminal.type("\x04")
            assert terminal.ends() == 0
        done = await connected.call_tool("approval_status", {"approval": asked["approval"]})
        assert done.structured_content["status"] == "done"


async def test_a_long_diff_is_accepted_once_it_was_shown_to_its_end(product: Product, folders: Folders) -> None:
    product.devgem.deploy(folders("mcp-long", {"index.html": "<h1>Hello</h1>\n"}))
    text = "".join(f"line {number}\n" for number in range(2500))
    async with bridged(product.environ) as connected:
        written = await connected.call_tool("write_file", {"app": "mcp-long", "path": "long.txt", "text": text})
        assert written.structured_content["status"] == "done", written
    conversation = product.get("/api/v1/conversations")["items"][0]["id"]
    with product.terminal("chat", "--conversation", conversation) as terminal:
        terminal.expect("more lines in 1 files")
        terminal.expect("+line 2499")
        terminal.expect("[N]ot now: ")
        terminal.type("y\n")
        terminal.expect("is live")
        terminal.expect("> ")
        terminal.type("\x04")
        assert terminal.ends() == 0
    assert product.devgem.get("mcp-long", "/long.txt") == (200, text)


async def test_without_a_running_devgem_every_call_says_what_to_do(tmp_path: Path) -> None:
    async with bridged({"DEVGEM_DATA_DIR": str(tmp_path)}) as connected:
        with pytest.raises(MCPError, match="devgem up"):
            await connected.list_tools()
        result = await connected.call_tool("list_apps", {})
    assert result.is_error
    assert "devgem up" in str(result.content)


async def test_the_bridge_outlives_a_restart_of_devgem(tmp_path: Path) -> None:
    devgem = DevGem(tmp_path)
    await asyncio.to_thread(devgem.start)
    try:
        async with bridged({"DEVGEM_DATA_DIR": str(tmp_path)}) as connected:
            asked = (await connected.call_tool("deploy", {"source": "sample"})).structured_content
            await asyncio.to_thread(devgem.stop)
            assert (await connected.call_tool("list_apps", {})).is_error
            await asyncio.to_thread(devgem.start)
            assert not (await connected.call_tool("list_apps", {})).is_error
            click(Product(devgem), asked["url"])
            done = await connected.call_tool("approval_status", {"approval": asked["approval"], "wait_seconds": 30})
            assert done.structured_content["deployment"].startswith("dep_")
    finally:
        await asyncio.to_thread(devgem.stop)


def test_a_person_is_told_that_this_is_not_for_them(product: Product) -> None:
    with product.terminal("mcp") as terminal:
        terminal.expect("speaks to a program")
        assert terminal.ends() == 2
