"""T-06, T-07, T-10: hosts, origins and headers."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.web.conftest import TOKEN, Dashboard

DEVGEM = [Subprotocol("devgem.v1")]


@pytest.mark.parametrize("host", ["evil.example", "shop.localhost", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:80/x?"])
async def test_a_host_that_is_not_the_dashboards_is_refused(dashboard: Dashboard, host: str) -> None:
    async with dashboard.client(Host=host) as client:
        response = await client.get("/api/v1/apps")
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://shop.localhost:8081", "http://127.0.0.1"])
async def test_a_request_from_another_origin_is_refused(dashboard: Dashboard, origin: str) -> None:
    async with dashboard.client(Origin=origin) as client:
        assert (await client.post("/api/v1/conversations", json={})).status_code == 403


async def test_an_unsafe_request_that_a_form_could_send_is_refused(dashboard: Dashboard) -> None:
    async with dashboard.client(token=None) as client:
        response = await client.post("/api/v1/conversations", data={"a": "b"})
    assert response.status_code == 403
    assert "X-DevGem" in response.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_socket_from_another_origin_is_refused(dashboard: Dashboard, origin: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with pytest.raises(InvalidStatus):
        await connect(dashboard.socket_url, subprotocols=DEVGEM, origin=Origin(origin), additional_headers=headers)


async def test_a_socket_without_an_origin_needs_a_bearer_token(dashboard: Dashboard) -> None:
    with pytest.raises(InvalidStatus):
        await connect(dashboard.socket_url, subprotocols=DEVGEM)


async def test_every_answer_carries_the_security_headers(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        for path in ("/", "/api/v1/apps", "/nowhere"):
            headers = (await client.get(path)).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-request-id"]
