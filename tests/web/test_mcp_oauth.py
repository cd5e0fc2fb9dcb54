"""OAuth 2.1 in front of MCP: the official client's whole flow, the operator's pages, and what is stolen or forged."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from devgem.domain.app import App, Repository
from devgem.store import Issued, TokenKind
from devgem.web.mcp.caller import ACT, DEPLOY, READ
from devgem.web.mcp.oauth import is_fit
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on

REDIRECT = "http://127.0.0.1:4321/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
async def house(tmp_path: Any) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path, clouds={"local": JournalCloud(tmp_path / "cloud")}) as running:
        async with running.store.write() as transaction:
            repository = Repository("https://github.com/owner/shop", None, ".")
            await transaction.apps.add(App("shop", repository, "local", datetime.now(UTC)))
        yield running


@dataclass
class Keychain:
    """Where the client keeps what it is given."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    flow: OAuthClientProvider | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Browser:
    """A browser in which the operator is signed in, or nobody is."""

    house: Dashboard
    signed_in: bool = True
    answer: Mapping[str, str] = field(default_factory=lambda: {"answer": "yes", ACT: "on"})
    page: str = ""
    landed: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx2.AsyncClient]:
        sign_in = self.house.parts.sign_in
        cookies = {"devgem_session": await sign_in.redeem(sign_in.new_code())} if self.signed_in else {}
        async with httpx2.AsyncClient(base_url=self.house.url, cookies=cookies, trust_env=False, timeout=30) as http:
            yield http

    async def visit(self, url: str) -> None:
        """Follows a client's link to the page, and answers it."""
        async with self.open() as http:
            shown = await http.get((await http.get(url)).headers["location"])
            self.page = shown.text
            assert shown.status_code == 200, shown.text
            form = {"seal": sealed(shown.text), **self.answer}
            sent = await http.post(str(shown.url), data=form, headers={"Origin": self.house.url})
            assert sent.status_code == 303, sent.text
            self.landed = sent.headers["location"]


def sealed(page: str) -> str:
    found = re.search(r'name="seal" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found.group(1)


@asynccontextmanager
async def authorised(
    house: Dashboard, keychain: Keychain, browser: Browser, name: str = "Pal"
) -> AsyncIterator[Client]:
    metadata = OAuthClientMetadata(
        client_name=name, redirect_uris=[AnyUrl(REDIRECT)], token_endpoint_auth_method="none"
    )

    async def callback() -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(browser.landed).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    auth = OAuthClientProvider(f"{house.url}/mcp", metadata, keychain, browser.visit, callback)
    keychain.flow = auth
    async with (
        httpx2.AsyncClient(auth=auth, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http)) as connected,
    ):
        yield connected


async def ask(house: Dashboard, token: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        return await http.post(f"{house.url}/mcp", json=body, headers=headers)


async def send(house: Dashboard, path: str, form: Mapping[str, str]) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as http:
        return await http.post(path, data=form)


async def register(house: Dashboard, redirect: str = REDIRECT, name: str = "Pal") -> httpx2.Response:
    body = {"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none"}
    async with httpx2.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as http:
        return await http.post("/mcp/register", json=body)


def wish(house: Dashboard, client: str, **other: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scope": f"{READ} {ACT} {DEPLOY}",
        "state": "s1",
        "resource": f"{house.url}/mcp",
    } | other
    return str(httpx2.URL(f"{house.url}/mcp/authorize", params=asked))


async def code_for(house: Dashboard, **answer: str) -> tuple[str, str]:
    """A client's id, and a code that the operator has just let it have."""
    client = str((await register(house)).json()["client_id"])
    browser = Browser(house, answer={"answer": "yes", ACT: "on", **answer})
    await browser.visit(wish(house, client))
    return client, parse_qs(urlsplit(browser.landed).query)["code"][0]


def exchange(client: str, code: str, **other: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "client_id": client, "code": code, "redirect_uri": REDIRECT}
    return form | {"code_verifier": VERIFIER} | other


def refresh(client: str, token: str, **other: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "client_id": client, "refresh_token": token} | other


async def test_the_official_client_finds_registers_asks_and_is_let_in(house: Dashboard) -> None:
    keychain, browser = Keychain(), Browser(house)
    async with authorised(house, keychain, browser) as connected:
        tools = {tool.name for tool in (await connected.list_tools()).tools}
        assert {"list_apps", "deploy", "approval_status"} <= tools
        asked = await connected.call_tool("restart", {"app": "shop"})
        assert asked.structured_content["status"] == "needs_approval"
    assert "<strong>Pal</strong>" in browser.page
    assert "127.0.0.1:4321" in browser.page
    assert keychain.tokens is not None and keychain.tokens.expires_in is not None
    assert keychain.tokens.expires_in <= 900
    async with house.store.read() as transaction:
        (shown,) = await transaction.conversations.page()
    assert shown.title == "MCP: Pal"


async def test_the_client_goes_on_with_a_new_token_when_the_old_one_has_expired(house: Dashboard) -> None:
    keychain, browser = Keychain(), Browser(house)
    async with authorised(house, keychain, browser) as connected:
        await connected.call_tool("list_apps", {})
        before, browser.answer = keychain.tokens, {"answer": "no"}
        assert keychain.flow is not None
        keychain.flow.context.token_expiry_time = 1.0  # as if the quarter of an hour were over
        assert not (await connected.call_tool("list_apps", {})).is_error
    assert before is not None and keychain.tokens is not None
    assert keychain.tokens.access_token != before.access_token
    async with house.store.read() as transaction:
        assert len(await transaction.conversations.page()) == 1


async def test_what_the_operator_did_not_tick_is_not_done(house: Dashboard) -> None:
    client, code = await code_for(house, **{ACT: ""})
    tokens = (await send(house, "/mcp/token", exchange(client, code))).json()
    assert tokens["scope"] == READ
    async with (
        httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {tokens['access_token']}"}, trust_env=False, timeout=30
        ) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http)) as connected,
    ):
        assert "restart" not in {tool.name for tool in (await connected.list_tools()).tools}
        refused = await connected.call_tool("restart", {"app": "shop"})
    assert refused.is_error and ACT in str(refused.structured_content)


async def test_only_the_operators_own_tick_spares_later_clicks(house: Dashboard) -> None:
    client, code = await code_for(house)
    assert (await send(house, "/mcp/token", exchange(client, code))).json()["scope"] == f"{READ} {ACT}"
    client, code = await code_for(house, **{DEPLOY: "on"})
    assert (await send(house, "/mcp/token", exchange(client, code))).json()["scope"] == f"{READ} {ACT} {DEPLOY}"


async def test_the_operator_may_refuse(house: Dashboard) -> None:
    client = (await register(house)).json()["client_id"]
    browser = Browser(house, answer={"answer": "no"})
    await browser.visit(wish(house, client))
    answer = parse_qs(urlsplit(browser.landed).query)
    assert browser.landed.startswith(REDIRECT)
    assert (answer["error"], answer["state"], answer["iss"]) == (["access_denied"], ["s1"], [house.url])


async def test_a_code_works_once_and_its_replay_ends_what_it_gave(house: Dashboard) -> None:
    client, code = await code_for(house)
    first = await send(house, "/mcp/token", exchange(client, code))
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    assert (await ask(house, first.json()["access_token"])).status_code == 200
    replayed = await send(house, "/mcp/token", exchange(client, code))
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    assert (await ask(house, first.json()["access_token"])).status_code == 401
    assert (await send(house, "/mcp/token", refresh(client, first.json()["refresh_token"]))).status_code == 400


@pytest.mark.parametrize(
    "other", [{"code_verifier": "w" * 64}, {"redirect_uri": "http://127.0.0.1:4321/other"}, {"code": "guessed"}]
)
async def test_a_code_is_bound_to_its_verifier_and_redirect(house: Dashboard, other: dict[str, str]) -> None:
    client, code = await code_for(house)
    assert (await send(house, "/mcp/token", exchange(client, code) | other)).status_code == 400


async def test_a_code_is_bound_to_its_client(house: Dashboard) -> None:
    _, code = await code_for(house)
    thief = (await register(house, name="Thief")).json()["client_id"]
    stolen = await send(house, "/mcp/token", exchange(thief, code))
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_token_is_exchanged_once_and_its_reuse_ends_the_grant(house: Dashboard) -> None:
    client, code = await code_for(house)
    first = (await send(house, "/mcp/token", exchange(client, code))).json()
    second = (await send(house, "/mcp/token", refresh(client, first["refresh_token"]))).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await ask(house, second["access_token"])).status_code == 200
    wider = await send(house, "/mcp/token", refresh(client, second["refresh_token"], scope=f"{READ} {DEPLOY}"))
    assert wider.json()["error"] == "invalid_scope"
    assert (await send(house, "/mcp/token", refresh(client, first["refresh_token"]))).status_code == 400
    assert (await ask(house, second["access_token"])).status_code == 401


async def test_a_revoked_token_ends_the_grant(house: Dashboard) -> None:
    client, code = await code_for(house)
    tokens = (await send(house, "/mcp/token", exchange(client, code))).json()
    thief = (await register(house, name="Thief")).json()["client_id"]
    for who, status in (("nobody", 401), (thief, 200)):
        refused = await send(house, "/mcp/revoke", {"client_id": who, "token": tokens["access_token"]})
        assert refused.status_code == status
        assert (await ask(house, tokens["access_token"])).status_code == 200
    revoked = await send(house, "/mcp/revoke", {"client_id": client, "token": tokens["refresh_token"]})
    assert revoked.status_code == 200
    assert (await ask(house, tokens["access_token"])).status_code == 401
    assert (await send(house, "/mcp/token", refresh(client, tokens["refresh_token"]))).status_code == 400


@pytest.mark.parametrize(
    ("resource", "age"),
    [
        ("https://elsewhere.example/mcp", timedelta(0)),
        ("{url}/api/v1", timedelta(0)),
        ("{url}/mcp", timedelta(hours=1)),
    ],
)
async def test_a_token_for_another_place_or_another_time_is_none(
    house: Dashboard, resource: str, age: timedelta
) -> None:
    client = (await register(house)).json()["client_id"]
    now = datetime.now(UTC) - age
    resource = resource.format(url=house.url)
    issued = Issued(TokenKind.ACCESS, "grt_x", client, "operator", (READ,), resource, now + timedelta(minutes=15))
    async with house.store.write() as transaction:
        await transaction.grants.issue("some-token", issued, now=now)
    assert (await ask(house, "some-token")).status_code == 401


async def test_a_token_is_asked_for_this_place_only(house: Dashboard) -> None:
    client = (await register(house)).json()["client_id"]
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.get(wish(house, client, resource="https://elsewhere.example/mcp"))
    assert "invalid_target" in answer.headers["location"]


async def test_an_mcp_token_opens_nothing_else(house: Dashboard) -> None:
    client, code = await code_for(house)
    token = (await send(house, "/mcp/token", exchange(client, code))).json()["access_token"]
    async with house.client(token=token) as http:
        assert (await http.get("/api/v1/apps")).status_code == 401


async def test_tokens_and_secrets_are_not_to_be_read_in_the_database(house: Dashboard, tmp_path: Any) -> None:
    client, code = await code_for(house)
    tokens = (await send(house, "/mcp/token", exchange(client, code))).json()
    body = {"client_name": "Secretive", "redirect_uris": [REDIRECT]}
    async with httpx2.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as http:
        secret = (await http.post("/mcp/register", json=body)).json()["client_secret"]
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("devgem.sqlite*"))
    for word in (code, tokens["access_token"], tokens["refresh_token"], secret):
        assert word.encode() not in stored


async def test_a_form_of_another_site_or_another_session_decides_nothing(house: Dashboard) -> None:
    client = (await register(house)).json()["client_id"]
    async with Browser(house).open() as http, Browser(house).open() as other:
        page = await http.get((await http.get(wish(house, client))).headers["location"])
        url, form, own = str(page.url), {"answer": "yes", "seal": sealed(page.text)}, {"Origin": house.url}
        assert (await http.post(url, data=form)).status_code == 403
        assert (await http.post(url, data=form, headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await http.post(url, data=form | {"seal": "0" * 64}, headers=own)).status_code == 403
        assert (await http.post(url + "&scope=more", data=form, headers=own)).status_code == 403
        assert (await other.post(url, data=form, headers=own)).status_code == 403
        assert (await http.post(url, data=form, headers=own)).status_code == 303


async def test_nobody_decides_who_is_not_signed_in(house: Dashboard) -> None:
    client = (await register(house)).json()["client_id"]
    async with Browser(house, signed_in=False).open() as http:
        page = await http.get((await http.get(wish(house, client))).headers["location"])
    assert page.status_code == 401
    assert "devgem open" in page.text


async def test_the_page_shows_names_as_text_and_runs_nothing(house: Dashboard) -> None:
    client = (await register(house, name="<script>alert(1)</script>")).json()["client_id"]
    async with Browser(house).open() as http:
        page = await http.get((await http.get(wish(house, client))).headers["location"])
    assert "<script" not in page.text
    assert "<script>alert(1)</script>" in unescape(page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert "form-action 'self' http://127.0.0.1:4321" in policy
    assert not re.search(r'name="devgem:deploy" checked', page.text)


@pytest.mark.parametrize(
    ("query", "value"),
    [("redirect_uri", "https://evil.example/"), ("client_id", "nobody"), ("code_challenge", "x"), ("resource", "x")],
)
async def test_a_consent_page_with_a_changed_request_is_not_shown(house: Dashboard, query: str, value: str) -> None:
    client = (await register(house)).json()["client_id"]
    async with Browser(house).open() as http:
        url = httpx2.URL((await http.get(wish(house, client))).headers["location"])
        assert (await http.get(url)).status_code == 200
        assert (await http.get(url.copy_set_param(query, value))).status_code == 400


@pytest.mark.parametrize(
    ("uri", "fit"),
    [
        ("https://claude.example/callback", True),
        ("http://127.0.0.1:80/x", True),
        ("http://localhost:1/x", True),
        ("http://[::1]:1/x", True),
        ("cursor://anysphere.cursor/callback", True),
        ("http://example.com/x", False),
        ("http://127.0.0.1.evil.example/x", False),
        ("http://127.0.0.1@evil.example/x", False),
        ("https://example.com/x#y", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
    ],
)
async def test_codes_are_sent_to_apps_only(house: Dashboard, uri: str, fit: bool) -> None:
    assert is_fit(uri) is fit
    assert (await register(house, uri)).status_code == (201 if fit else 400)


async def test_the_metadata_is_that_of_the_host_that_was_asked(house: Dashboard) -> None:
    async with httpx2.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as http:
        resource = (await http.get("/.well-known/oauth-protected-resource/mcp")).json()
        server = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert (resource["resource"], resource["authorization_servers"]) == (f"{house.url}/mcp", [house.url])
    assert (server["issuer"], server["code_challenge_methods_supported"]) == (house.url, ["S256"])
    assert server["registration_endpoint"] == f"{house.url}/mcp/register"


async def test_registrations_have_an_end(house: Dashboard) -> None:
    async with house.store.write() as transaction:
        for number in range(200):
            await transaction.grants.add_client(f"c{number}", "{}", now=datetime.now(UTC), limit=200)
    refused = await register(house)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    async with house.store.write() as transaction:
        tomorrow = datetime.now(UTC) + timedelta(days=2)
        assert await transaction.grants.add_client("new", "{}", now=tomorrow, limit=200)


async def test_the_operator_approves_a_call_on_a_page_with_its_exact_arguments(house: Dashboard) -> None:
    async with authorised(house, Keychain(), Browser(house)) as connected:
        asked = (await connected.call_tool("set_env", {"app": "shop", "names": ["API_KEY"]})).structured_content
        async with Browser(house).open() as http:
            page = await http.get(asked["url"])
            assert "&quot;API_KEY&quot;" in page.text and 'type="password"' in page.text
            form = {"answer": "yes", "seal": sealed(page.text), "value:API_KEY": "hunter2"}
            assert (await http.post(asked["url"], data=form)).status_code == 403
            empty = await http.post(asked["url"], data=form | {"value:API_KEY": ""}, headers={"Origin": house.url})
            assert (empty.status_code, "no value" in empty.text) == (409, True)
            assert (await http.post(asked["url"], data=form, headers={"Origin": house.url})).status_code == 200
            again = await http.post(asked["url"], data=form, headers={"Origin": house.url})
            assert again.status_code == 409 and "hunter2" not in again.text
        done = await connected.call_tool("approval_status", {"approval": asked["approval"], "wait_seconds": 20})
        assert done.structured_content["status"] == "done"
    async with house.store.read() as transaction:
        assert await transaction.config_vars.values("shop", build=False) == {"API_KEY": "hunter2"}


async def test_the_operator_removes_an_app_by_typing_its_name_on_the_page(house: Dashboard) -> None:
    async with authorised(house, Keychain(), Browser(house)) as connected:
        asked = (await connected.call_tool("remove_app", {"app": "shop"})).structured_content
        async with Browser(house).open() as http:
            page = await http.get(asked["url"])
            form = {"answer": "yes", "seal": sealed(page.text), "typed_name": "shopp"}
            assert (await http.post(asked["url"], data=form, headers={"Origin": house.url})).status_code == 409
            denied = form | {"answer": "no"}
            assert (await http.post(asked["url"], data=denied, headers={"Origin": house.url})).status_code == 200
        done = await connected.call_tool("approval_status", {"approval": asked["approval"]})
    assert done.is_error


async def test_the_operator_sees_who_was_let_in_and_shuts_it_out(house: Dashboard) -> None:
    client, code = await code_for(house)
    token = (await send(house, "/mcp/token", exchange(client, code))).json()["access_token"]
    async with Browser(house).open() as http:
        page = await http.get("/mcp/clients")
        assert "<h2>Pal</h2>" in page.text and "deploy, roll back" not in page.text
        grant = re.search(r'name="grant" value="([^"]+)"', page.text)
        assert grant is not None
        form = {"grant": grant.group(1), "seal": sealed(page.text)}
        assert (await http.post("/mcp/clients", data=form)).status_code == 403
        assert (await ask(house, token)).status_code == 200
        assert (await http.post("/mcp/clients", data=form, headers={"Origin": house.url})).status_code == 303
        assert "No client" in (await http.get("/mcp/clients")).text
    assert (await ask(house, token)).status_code == 401
