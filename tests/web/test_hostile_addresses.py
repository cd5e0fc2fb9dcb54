"""No address, whatever its parts are, makes DevGem fail: generated from the OpenAPI document, on every database."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from devgem.web.app import create_app
from tests.contracts.postgres import Server, running_server
from tests.pipeline.peers import JournalCloud
from tests.web.conftest import TOKEN, Dashboard, dashboard_on

ROOT = Path(__file__).parent.parent.parent
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
HOSTILE = {
    "nul": "%00",
    "nul inside": "shop%00x",
    "long": "a" * 256,
    "very long": "a" * 20_000,
    "not UTF-8": "%ff%fe",
    "surrogate": "%ed%a0%80",
    "dots": "..%2f..%2fetc%2fpasswd",
    "backslashes": "..%5c..%5c",
    "double encoded": "%252e%252e%252f",
    "quotes": "'%20OR%20'1'='1",
    "percent": "%25s%25n",
    "line break": "a%0d%0aX-Evil:%201",
    "escape": "%1b%5b2J",
    "right to left": "%e2%80%ae",
    "astral": "%f0%9f%92%8e",
    "space": "%20",
    "number": "-1",
    "huge number": "9" * 200,
    "stream": "conversation:%ff",
    "logs": "logs:..%2f",
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def dashboard(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Dashboard]:
    url = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else None
    cloud = JournalCloud(tmp_path / "cloud")
    async with dashboard_on(tmp_path, clouds={"local": cloud}, database_url=url) as running:
        yield running


def bodies(operation: dict[str, Any]) -> Iterator[Any]:
    """The smallest body that fits, if there is one; so that a bad address is all that is wrong."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        yield None
        return
    yield fitting(content["application/json"]["schema"])


def fitting(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return fitting(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: fitting(schema["properties"][name]) for name in schema.get("required", ())}
        case "string":
            return "0" * 64 if "64" in schema.get("pattern", "") else "x" * max(8, schema.get("minLength", 0))
        case "boolean":
            return True
    raise AssertionError(f"a required field of a kind that is not known here: {schema}")


def addresses(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what is wrong, address): one part or parameter after the other is hostile, the others are harmless."""
    parameters = operation.get("parameters", ())
    harmless = path
    for name in [p["name"] for p in parameters if p["in"] == "path"]:
        harmless = harmless.replace(f"{{{name}}}", "none")
    for what, value in HOSTILE.items():
        for parameter in parameters:
            if parameter["in"] == "path":
                at = path.replace(f"{{{parameter['name']}}}", value)
                for other in parameters:
                    at = at.replace(f"{{{other['name']}}}", "none")
                yield what, at
            elif parameter["in"] == "query":
                yield what, f"{harmless}?{parameter['name']}={value}"
        yield what, f"{harmless}/{value}"


async def test_every_route_answers_hostile_addresses_with_a_problem(dashboard: Dashboard) -> None:
    assert DOCUMENT["paths"] == create_app(dashboard.parts).openapi()["paths"]
    wrong = []
    tried = 0
    async with dashboard.client(**{"X-DevGem": "1"}) as client:
        for method, path, operation in OPERATIONS:
            for (what, address), body in ((a, b) for a in addresses(path, operation) for b in bodies(operation)):
                answer = await ask(client, method, address, body)
                tried += 1
                is_problem = answer.headers["content-type"] == "application/problem+json"
                if answer.status_code >= 500 or (answer.status_code >= 400 and not is_problem):
                    wrong.append((method, path, what, address[:80], answer.status_code))
                if what.startswith("nul") and answer.status_code not in (404, 422):
                    wrong.append((method, path, what, address[:80], answer.status_code))
    assert wrong == []
    assert tried > 500


@pytest.mark.parametrize("what", HOSTILE)
async def test_pages_and_files_are_not_found_either(dashboard: Dashboard, what: str) -> None:
    async with dashboard.client() as client:
        for address in (f"/{HOSTILE[what]}", f"/assets/{HOSTILE[what]}", f"/signin?token={HOSTILE[what]}"):
            assert 400 <= (await ask(client, "GET", address, None)).status_code < 500, address


async def ask(client: httpx2.AsyncClient, method: str, address: str, body: Any) -> httpx2.Response:
    """Without the body of the answer: a stream that could be followed would have none of its end."""
    request = (
        client.build_request(method, address, json=body) if body is not None else client.build_request(method, address)
    )
    answer = await client.send(request, stream=True)
    await answer.aclose()
    return answer


VALUES: tuple[Any, ...] = ("a\0b", "a" * 100_000, "\ud800", "", 7, None, [])


def hostile_bodies(body: Any) -> Iterator[Any]:
    for value in VALUES:
        yield value
        yield {**body, value if isinstance(value, str) else "x": value}
        for name in body:
            yield {**body, name: value}
            yield {**body, name: {value if isinstance(value, str) else "x": value}}


async def test_every_route_answers_hostile_bodies_with_a_problem(dashboard: Dashboard) -> None:
    async with dashboard.client(**{"X-DevGem": "1", "Content-Type": "application/json"}) as client:

        async def send(method: str, path: str, body: Any) -> tuple[int, str, str, str]:
            answer = await client.request(method, re.sub(r"\{\w+\}", "none", path), content=json.dumps(body))
            return answer.status_code, answer.headers["content-type"], f"{method} {path}", str(body)[:200]

        answers = await asyncio.gather(
            *(
                send(method, path, hostile)
                for method, path, operation in OPERATIONS
                for body in filter(None, bodies(operation))
                for hostile in hostile_bodies(dict.fromkeys(properties(operation), "x") | body)
            )
        )
    assert [one for one in answers if one[0] >= 500 or one[1] != "application/problem+json"] == []
    assert len(answers) > 300


def properties(operation: dict[str, Any]) -> list[str]:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return list(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"])


@pytest.mark.parametrize("path", ["/", "/nowhere", "/assets/x", "/ws/", "/ws%00", "/api/v1/apps", "/mcp"])
async def test_a_socket_where_there_is_none_is_refused(dashboard: Dashboard, path: str) -> None:
    url = dashboard.url.replace("http", "ws") + path
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"})
    assert 400 <= refused.value.response.status_code < 500
