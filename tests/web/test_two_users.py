"""T-20: what is one user's is not there for another, on every route that names it and in every list.

Generated from the rows of test_rights: a new route is tried as soon as it has its row.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from devgem.domain.app import App, Repository
from devgem.domain.event import EventType
from devgem.store import Conversation, Fact, Order
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import Dashboard, dashboard_on
from tests.web.test_rights import BODIES, OPEN, ROWS

ANN, BEN = "github:1", "github:2"
CANARY = "canary-of-ann"
NAMES = {"app": CANARY, "deployment": "dep_canary_of_ann", "conversation": "cnv_canary_of_ann"}
OPERATORS = {"GET /metrics", "GET /api/v1/doctor", "POST /api/v1/signin-urls", "POST /api/v1/domains"}
OPERATORS |= {"DELETE /api/v1/domains"}
STREAMS = [f"app:{CANARY}", f"logs:{CANARY}", *(f"{kind}:{NAMES[kind]}" for kind in ("deployment", "conversation"))]


@dataclass(frozen=True)
class House:
    dashboard: Dashboard
    tokens: dict[str, str]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Ann has an app with a deployment, a config var and a conversation; Ben has nothing."""
    async with dashboard_on(tmp_path, clouds={"local": JournalCloud(tmp_path / "cloud")}) as dashboard:
        now, repository = datetime.now(UTC), Repository(f"https://github.com/ann/{CANARY}")
        async with dashboard.store.write(owner=ANN) as transaction:
            await transaction.apps.add(App(CANARY, repository, "local", now))
            await transaction.config_vars.set(CANARY, {"CANARY_OF_ANN": CANARY}, build=False)
            requested = Fact(EventType.DEPLOYMENT_REQUESTED, {"app": CANARY, "deployment": NAMES["deployment"]})
            order = Order(repository, "local", own=False, reason="request")
            await transaction.deployments.add(NAMES["deployment"], CANARY, order, requested)
            await transaction.conversations.add(Conversation(NAMES["conversation"], CANARY, now))
            said = {"message": "msg_1", "role": "user", "text": CANARY}
            stream = f"conversation:{NAMES['conversation']}"
            await transaction.events.append(stream, [Fact(EventType.MESSAGE_FINISHED, said)])
            await transaction.spending.add(now, ANN, NAMES["conversation"], 10, 0.1)
        tokens = {user: await dashboard.parts.sign_in.open(user) for user in (ANN, BEN)}
        yield House(dashboard, tokens)


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda named: NAMES.get(named.group(1), "1"), path)


async def test_what_is_anns_is_not_there_for_ben(house: House) -> None:
    wrong = []
    async with house.dashboard.client(token=house.tokens[BEN]) as ben:
        for row, lets_in in ROWS.items():
            method, path = row.split(" ")
            if lets_in is OPEN or "{stream}" in path or row == "DELETE /api/v1/session":
                continue
            body = BODIES.get(path, {} if method in ("POST", "PATCH") else None)
            answer = await ben.request(method, filled(path), json=body)
            names_anns = any(f"{{{name}}}" in path for name in NAMES)
            told = answer.text.replace(filled(path), "")
            if names_anns and answer.status_code not in (404, 422):
                wrong.append((row, answer.status_code))
            if row in OPERATORS and answer.status_code not in (403, 422):
                wrong.append((row, answer.status_code))
            if not names_anns and CANARY in told:
                wrong.append((row, answer.status_code))
    assert wrong == []
    async with house.dashboard.store.read(owner=ANN) as transaction:
        assert (await transaction.conversations.get(NAMES["conversation"])).title == CANARY
        assert not (await transaction.apps.get(CANARY)).removing
        assert not (await transaction.deployments.get(NAMES["deployment"])).cancel_requested


async def test_the_owner_finds_it_by_the_same_routes(house: House) -> None:
    """Else the test above would prove nothing."""
    wrong = []
    async with house.dashboard.client(token=house.tokens[ANN]) as ann:
        for row in ROWS:
            method, path = row.split(" ")
            if method == "GET" and path.startswith("/api/v1/") and path.endswith(("{app}", "{deployment}", "{env}")):
                answer = await ann.get(filled(path))
                if answer.status_code != 200 or CANARY not in answer.text:
                    wrong.append((row, answer.status_code))
        assert [app["name"] for app in (await ann.get("/api/v1/apps")).json()["items"]] == [CANARY]
        assert len((await ann.get("/api/v1/conversations")).json()["items"]) == 1
    assert wrong == []


async def test_streams_are_their_owners(house: House) -> None:
    async with house.dashboard.client(token=house.tokens[BEN]) as ben:
        for stream in [*STREAMS, f"apps:{ANN}"]:
            assert (await ben.get(f"/api/v1/streams/{stream}")).status_code == 404, stream
    frames = [*({"type": "subscribe", "stream": stream} for stream in [*STREAMS, f"apps:{ANN}"])]
    acts = [
        {"type": "message", "conversation": NAMES["conversation"], "text": "x"},
        {"type": "cancel", "conversation": NAMES["conversation"]},
    ]

    headers = {"Authorization": f"Bearer {house.tokens[BEN]}"}
    url, protocols = house.dashboard.socket_url, [Subprotocol("devgem.v1")]
    async with connect(url, subprotocols=protocols, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "hello", "resume": [{"stream": "apps"}]}))
        assert json.loads(await socket.recv())["type"] == "welcome"
        for frame in [*frames, *acts]:
            await socket.send(json.dumps(frame))
        answers = [json.loads(await socket.recv()) for _ in [*frames, *acts]]
    assert {(answer["type"], answer["data"]["code"]) for answer in answers} == {("error", "not_found")}


async def test_a_name_that_is_taken_is_told_and_no_more(house: House) -> None:
    body = {"source": "ben/shop", "name": CANARY}
    async with house.dashboard.client(token=house.tokens[BEN]) as ben:
        answer = await ben.post("/api/v1/deployments", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
        assert "ann" not in answer.text.replace(CANARY, "")
        folder = await ben.post("/api/v1/deployments", json={"source": "/etc", "name": "mine"})
        assert folder.status_code == 422
