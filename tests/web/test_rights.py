"""T-20: who may use which route. A route without a row here fails; what MCP adds has its own tests."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from devgem.web.app import PAGES, create_app
from tests.web.conftest import Dashboard

OPEN, SIGNED_IN = "anyone", "who is signed in"
ROWS = {
    **{f"GET {page}": OPEN for page in PAGES},  # the built page, which holds nothing of anybody
    "GET /api/v1/openapi.json": OPEN,
    "HEAD /api/v1/openapi.json": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /signin": OPEN,
    "GET /signin/github": OPEN,
    "GET /signin/github/callback": OPEN,
    "POST /api/v1/signin/token": OPEN,
    "POST /api/v1/signin/device": OPEN,
    "POST /api/v1/signin/device/{handle}": OPEN,
    "GET /api/v1/session": OPEN,
    "GET /metrics": SIGNED_IN,
    "POST /api/v1/signin-urls": SIGNED_IN,
    "DELETE /api/v1/session": SIGNED_IN,
    "GET /api/v1/sessions": SIGNED_IN,
    "DELETE /api/v1/sessions/{session}": SIGNED_IN,
    "POST /api/v1/deployments": SIGNED_IN,
    "GET /api/v1/deployments/{deployment}": SIGNED_IN,
    "POST /api/v1/deployments/{deployment}/cancel": SIGNED_IN,
    "GET /api/v1/deployments/{deployment}/log": SIGNED_IN,
    "POST /api/v1/detect": SIGNED_IN,
    "GET /api/v1/apps": SIGNED_IN,
    "GET /api/v1/apps/{app}": SIGNED_IN,
    "DELETE /api/v1/apps/{app}": SIGNED_IN,
    "GET /api/v1/apps/{app}/deployments": SIGNED_IN,
    "GET /api/v1/apps/{app}/revisions": SIGNED_IN,
    "POST /api/v1/apps/{app}/rollback": SIGNED_IN,
    "POST /api/v1/apps/{app}/restart": SIGNED_IN,
    "POST /api/v1/apps/{app}/cancel": SIGNED_IN,
    "GET /api/v1/apps/{app}/env": SIGNED_IN,
    "PATCH /api/v1/apps/{app}/env": SIGNED_IN,
    "GET /api/v1/apps/{app}/domains": SIGNED_IN,
    "POST /api/v1/apps/{app}/domains": SIGNED_IN,
    "DELETE /api/v1/apps/{app}/domains/{host}": SIGNED_IN,
    "GET /api/v1/domains": SIGNED_IN,
    "POST /api/v1/domains": SIGNED_IN,
    "DELETE /api/v1/domains": SIGNED_IN,
    "GET /api/v1/apps/{app}/logs": SIGNED_IN,
    "GET /api/v1/apps/{app}/signals": SIGNED_IN,
    "GET /api/v1/apps/{app}/metrics": SIGNED_IN,
    "GET /api/v1/apps/{app}/settings": SIGNED_IN,
    "PATCH /api/v1/apps/{app}/settings": SIGNED_IN,
    "GET /api/v1/apps/{app}/previews": SIGNED_IN,
    "POST /api/v1/apps/{app}/previews/{number}/consent": SIGNED_IN,
    "DELETE /api/v1/apps/{app}/previews/{number}": SIGNED_IN,
    "POST /webhooks/github": OPEN,
    "GET /button.svg": OPEN,
    "POST /api/v1/button": SIGNED_IN,
    "POST /api/v1/conversations": SIGNED_IN,
    "GET /api/v1/conversations": SIGNED_IN,
    "PATCH /api/v1/conversations/{conversation}": SIGNED_IN,
    "GET /api/v1/conversations/{conversation}": SIGNED_IN,
    "POST /api/v1/conversations/{conversation}/messages": SIGNED_IN,
    "POST /api/v1/conversations/{conversation}/stop": SIGNED_IN,
    "GET /api/v1/conversations/{conversation}/approvals": SIGNED_IN,
    "POST /api/v1/conversations/{conversation}/approvals/{approval}": SIGNED_IN,
    "GET /api/v1/conversations/{conversation}/edits/{edit}": SIGNED_IN,
    "POST /api/v1/conversations/{conversation}/edits/{edit}": SIGNED_IN,
    "GET /api/v1/streams/{stream}": SIGNED_IN,
    "GET /api/v1/repositories": SIGNED_IN,
    "GET /api/v1/repositories/{owner}/{name}/branches": SIGNED_IN,
    "GET /api/v1/repositories/{owner}/{name}/folders": SIGNED_IN,
    "POST /api/v1/inspections": SIGNED_IN,
    "GET /api/v1/quota": SIGNED_IN,
    "GET /api/v1/quota/history": SIGNED_IN,
    "GET /api/v1/spending": SIGNED_IN,
    "GET /api/v1/keys/gemini": SIGNED_IN,
    "PUT /api/v1/keys/gemini": SIGNED_IN,
    "DELETE /api/v1/keys/gemini": SIGNED_IN,
    "GET /api/v1/doctor": SIGNED_IN,
}
BODIES: dict[str, Any] = {
    "/api/v1/signin/token": {"token": "x"},
    "/api/v1/button": {"source": "/x", "ref": "a" * 40},
    "/api/v1/deployments": {"source": "x"},
    "/api/v1/detect": {"source": "x"},
    "/api/v1/inspections": {"source": "x"},
    "/api/v1/apps/{app}/domains": {"host": "shop.example.org"},
    "/api/v1/domains": {"domain": "apps.example.com"},
    "/api/v1/conversations/{conversation}/messages": {"text": "x"},
    "/api/v1/conversations/{conversation}/approvals/{approval}": {"granted": True, "digest": "0" * 64},
    "/api/v1/conversations/{conversation}/edits/{edit}": {"action": "discard"},
    "/api/v1/keys/gemini": {"key": "AIzaSyExample1234"},
}


def names(routes: Sequence[BaseRoute]) -> Iterator[str]:
    """`METHOD /path` of every route, also of those in routers."""
    for route in routes:
        if isinstance(route, Mount):
            continue
        if isinstance(route, WebSocketRoute) or not hasattr(route, "path"):
            inner = getattr(route, "original_router", None)
            yield from names(inner.routes if inner is not None else ())
            if inner is None:
                yield f"SOCKET {getattr(route, 'path', route)}"
        else:
            yield from (f"{method} {route.path}" for method in sorted(getattr(route, "methods", ())))


def test_every_route_has_a_row(dashboard: Dashboard) -> None:
    found = set(names(create_app(dashboard.parts).routes))
    assert found == ROWS.keys() | {"SOCKET /ws"}


@pytest.fixture
async def people(dashboard: Dashboard) -> Any:
    """Clients, by who sends; a new one for every request, since a request may sign its sender out."""
    async with AsyncExitStack() as stack:

        async def client(who: str) -> httpx2.AsyncClient:
            token = {"operator": "operator-token", "wrong token": "operator-token2"}.get(who)
            client = await stack.enter_async_context(dashboard.client(token=token, **{"X-DevGem": "1"}))
            if who in ("browser", "revoked"):
                await client.get("/signin", params={"token": dashboard.parts.sign_in.new_code()})
            if who == "revoked":
                async with dashboard.store.write() as transaction:
                    await transaction.sessions.revoke(client.cookies["devgem_session"])
            return client

        yield client


@pytest.mark.parametrize("who", ["operator", "browser", "signed out", "revoked", "wrong token"])
async def test_a_route_lets_in_whom_its_row_says(dashboard: Dashboard, people: Any, who: str) -> None:
    wrong = []
    for row, lets_in in ROWS.items():
        method, path = row.split(" ")
        sender = await people(who)
        address = re.sub(r"\{\w+\}", "none", path) + ("?token=x" if path == "/signin" else "")
        request = sender.build_request(
            method, address, json=BODIES.get(path, {} if method in ("POST", "PATCH") else None)
        )
        answer = await sender.send(request, stream=True)
        await answer.aclose()
        is_let_in = answer.status_code not in (401, 403)
        is_due = lets_in is OPEN or who in ("operator", "browser")
        if path == "/signin":
            is_let_in = is_due  # a code that is not valid opens nothing, for nobody
        if is_let_in != is_due or answer.status_code >= 500:
            wrong.append((row, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("who", ["signed out", "revoked", "wrong token"])
async def test_a_socket_is_closed_to_who_is_not_signed_in(dashboard: Dashboard, people: Any, who: str) -> None:
    client = await people(who)
    headers = {"Cookie": f"devgem_session={client.cookies.get('devgem_session', '')}"}
    if "authorization" in client.headers:
        headers["Authorization"] = client.headers["authorization"]
    socket = connect(
        dashboard.socket_url,
        subprotocols=[Subprotocol("devgem.v1")],
        origin=Origin(dashboard.url),
        additional_headers=headers,
    )
    async with socket as connection:
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 4401


async def test_who_is_not_signed_in_changes_nothing(dashboard: Dashboard, people: Any) -> None:
    for who in ("signed out", "revoked", "wrong token"):
        client = await people(who)
        await client.post("/api/v1/conversations", json={})
        await client.put("/api/v1/keys/gemini", json={"key": "AIzaSyExample1234"})
    async with dashboard.store.read() as transaction:
        assert await transaction.conversations.page() == []
        assert await transaction.user_keys.get("operator", "gemini") is None
