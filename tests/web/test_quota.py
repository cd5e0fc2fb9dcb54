"""The board as HTTP and Prometheus show it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devgem.quota import Board, Endpoint, EndpointState, Limits, Priority, Usage
from devgem.quota.history import Minute
from devgem.web.app import create_app
from devgem.web.parts import Spent
from tests.web.conftest import TOKEN, Dashboard

UNKNOWN = Usage(3, None)
BOARD = Board(
    endpoints=(
        EndpointState(
            Endpoint("vertex/us-central1", "vertex", "gemini-flash", "us-central1", Limits(rpm=60, tpm=1000)),
            rpm=Usage(60, 60, 4.5),
            tpm=Usage(900, 1000, 1.0),
            rph=UNKNOWN,
            tph=UNKNOWN,
            circuit="cooling",
            reason="429: asked to wait",
            retry_in_seconds=12.0,
            ceiling=0.8,
            refused_ago_seconds=3.0,
        ),
    ),
    waiting={Priority.CHAT: 2},
    processes=3,
    degraded="Redis does not answer",
)


def client_of(dashboard: Dashboard, board: Board, spent: Spent) -> httpx2.AsyncClient:
    async def quota(user: str) -> Board:
        return board

    async def spending(user: str) -> Spent:
        return spent

    app = create_app(replace(dashboard.parts, quota=quota, spending=spending))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=dashboard.url, headers=headers)


async def test_the_board_is_shown_whole(dashboard: Dashboard) -> None:
    async with client_of(dashboard, BOARD, Spent(1200, 50_000, 0.01)) as client:
        shown = (await client.get("/api/v1/quota")).json()
    assert shown["endpoints"] == [
        {
            "id": "vertex/us-central1",
            "provider": "vertex",
            "model": "gemini-flash",
            "region": "us-central1",
            "rpm": {"used": 60, "limit": 60, "frees_in_seconds": 4.5},
            "tpm": {"used": 900, "limit": 1000, "frees_in_seconds": 1.0},
            "rph": {"used": 3, "limit": None, "frees_in_seconds": None},
            "tph": {"used": 3, "limit": None, "frees_in_seconds": None},
            "circuit": "cooling",
            "reason": "429: asked to wait",
            "retry_in_seconds": 12.0,
            "ceiling": 0.8,
            "refused_ago_seconds": 3.0,
        }
    ]
    assert shown["waiting"] == {"deploy": 0, "analyze": 0, "chat": 2, "background": 0}
    assert (shown["processes"], shown["degraded"]) == (3, "Redis does not answer")
    assert shown["spent"] == {"day_tokens": 1200, "day_limit": 50_000, "cost_usd": 0.01}
    assert shown["as_of"]


async def test_without_endpoints_the_board_is_empty(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        shown = (await client.get("/api/v1/quota")).json()
    assert (shown["endpoints"], shown["degraded"]) == ([], "")


async def test_prometheus_gets_the_same_figures(dashboard: Dashboard) -> None:
    async with client_of(dashboard, BOARD, Spent(0, None, None)) as client:
        text = (await client.get("/metrics")).text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("devgem_quota")
    }
    endpoint = "vertex/us-central1"
    assert samples["devgem_quota_used", endpoint, "rpm"] == 60
    assert samples["devgem_quota_limit", endpoint, "tpm"] == 1000
    assert ("devgem_quota_limit", endpoint, "rph") not in samples
    assert samples["devgem_quota_circuit", endpoint, "cooling"] == 1
    assert samples["devgem_quota_circuit", endpoint, "closed"] == 0
    assert samples["devgem_quota_waiting", "chat"] == 2
    assert samples["devgem_quota_degraded",] == 1


@pytest.mark.parametrize("circuit", ["closed", "cooling", "open", "probing", "ramping", "off"])
async def test_exactly_one_state_of_a_circuit_is_set(dashboard: Dashboard, circuit: str) -> None:
    board = replace(BOARD, endpoints=(replace(BOARD.endpoints[0], circuit=circuit),))
    async with client_of(dashboard, board, Spent(0, None, None)) as client:
        text = (await client.get("/metrics")).text
    states = [line for line in text.splitlines() if line.startswith("devgem_quota_circuit{") and line.endswith(" 1.0")]
    assert len(states) == 1
    assert f'state="{circuit}"' in states[0]


async def test_an_hour_of_each_endpoint_is_told(dashboard: Dashboard) -> None:
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)

    async def history(user: str) -> Mapping[str, Sequence[Minute]]:
        assert user == "operator"
        return {"vertex/us-central1": [Minute(at, 7, 700, True, "cooling")]}

    app = create_app(replace(dashboard.parts, quota_history=history))
    transport, headers = httpx2.ASGITransport(app=app), {"Authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(transport=transport, base_url=dashboard.url, headers=headers) as client:
        found = (await client.get("/api/v1/quota/history")).json()
    assert found["step_seconds"] == 60
    assert found["endpoints"] == {
        "vertex/us-central1": [
            {"at": "2026-11-29T12:00:00Z", "requests": 7, "tokens": 700, "refused": True, "circuit": "cooling"}
        ]
    }


async def test_what_a_conversation_cost_is_told_by_its_title(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        id = (await client.post("/api/v1/conversations", json={}, headers={"X-DevGem": "1"})).json()["id"]
        async with dashboard.store.write() as transaction:
            await transaction.conversations.rename(id, "Deploy the shop")
            await transaction.spending.add(datetime.now(UTC), "operator", id, 1200, 0.25)
            await transaction.spending.add(datetime.now(UTC), "operator", "cnv_gone", 100, None)
            await transaction.spending.add(datetime.now(UTC), "github:7", "cnv_other", 9000, 1.0)
        found = (await client.get("/api/v1/spending")).json()["items"]
    assert found == [
        {"conversation": id, "title": "Deploy the shop", "tokens": 1200, "cost_usd": 0.25},
        {"conversation": "cnv_gone", "title": None, "tokens": 100, "cost_usd": None},
    ]
