"""With whose sign-in a repository is read, and that a cloud which clones itself needs no checkout here."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds import Cloud
from devgem.domain.app import Build, Commit, Repository
from devgem.domain.deployment import Deployment, Status
from devgem.domain.errors import SourceError
from devgem.pipeline import DeployRequest
from devgem.pipeline.checks import NO_PLAN
from devgem.source import Policy, Sources
from devgem.source.github import GitHub
from devgem.source.workspace import patch_text
from devgem.store import Store
from devgem.wiring.github import token_of_build
from tests.pipeline.conftest import KEY, Databases, House, run_house
from tests.pipeline.peers import JournalCloud
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo, serving_api

VAULT = Repository("https://github.com/ada/vault")
BEHAVIOUR = json.dumps({"word": "hello"})


class FarCloud(JournalCloud):
    """One that fetches the code where it builds."""

    clones_itself = True


@pytest.fixture
def api(tmp_path: Path) -> Iterator[GitHubApi]:
    work = GitRepository(tmp_path / "work")
    work.commit({"behaviour.json": BEHAVIOUR, "app.py": "x\n"}, "Begin")
    (tmp_path / "served/ada").mkdir(parents=True)
    work.bare(tmp_path / "served/ada/vault")
    with serving_api(tmp_path / "served") as server:
        server.add_repo(Repo("ada/vault", private=True))
        yield server


def sources_at(folder: Path, api: GitHubApi, github: GitHub, tokens: dict[str, str]) -> Sources:
    async def token_of(user: str) -> str | None:
        return tokens.get(user)

    policy = Policy(github_url=api.url, timeout_seconds=60)
    return Sources(folder / "sources", policy, github=github, tokens=token_of)


@asynccontextmanager
async def house_of(folder: Path, api: GitHubApi, cloud: JournalCloud, tokens: dict[str, str]) -> AsyncIterator[House]:
    github = GitHub(api.url)
    databases = Databases.embedded(folder)
    store = await Store.open(databases.store, key=KEY)
    sources = sources_at(folder, api, github, tokens)
    async with run_house(folder, store, cloud, databases.workflows, sources=sources) as house:
        yield house
    await github.close()


def kept(folder: Path) -> Sequence[str]:
    """Everything below the folder of sources that holds anything of a repository."""
    return [str(path) for path in (folder / "sources").rglob("*") if path.is_file()]


def holds(folder: Path, secret: str) -> list[str]:
    forms = [secret.encode(), base64.b64encode(f"x-access-token:{secret}".encode())]
    files = [path for path in folder.rglob("*") if path.is_file() and "served" not in path.parts]
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms)]


async def deployed(house: House, repository: Repository, **more: object) -> Deployment:
    request = DeployRequest(repository, **more)  # type: ignore[arg-type]  # what the test gives is right
    deployment = await house.pipeline.deploy(request)
    await house.at_rest()
    async with house.store.read() as transaction:
        return (await transaction.deployments.get(deployment.id)).state


async def test_a_cloud_that_clones_needs_no_checkout_here(tmp_path: Path, api: GitHubApi) -> None:
    cloud = FarCloud(tmp_path / "cloud")
    async with house_of(tmp_path, api, cloud, {"operator": api.token}) as house:
        live = await deployed(house, VAULT)
        assert live.status is Status.LIVE, live
        patch = patch_text({"app.py": "x\n"}, {"app.py": "y\n"})
        assert live.commit is not None
        edited = await deployed(house, VAULT, app=live.app, commit=Commit(live.commit), patch=patch)
        assert edited.status is Status.LIVE, edited
    assert kept(tmp_path) == []
    assert not [seen for seen in api.seen if "git-upload-pack" in seen.path]
    assert not [seen for seen in api.seen if api.token in seen.path]
    assert holds(tmp_path, api.token) == []


async def test_the_local_cloud_fetches_what_is_private_with_the_users_token(tmp_path: Path, api: GitHubApi) -> None:
    async with house_of(tmp_path, api, JournalCloud(tmp_path / "cloud"), {"operator": api.token}) as house:
        live = await deployed(house, VAULT)
        assert live.status is Status.LIVE, live
    assert kept(tmp_path)
    assert holds(tmp_path, api.token) == []


async def test_an_app_is_read_as_the_user_whose_it_is(tmp_path: Path, api: GitHubApi) -> None:
    async with house_of(tmp_path, api, FarCloud(tmp_path / "cloud"), {"github:101": api.token}) as house:
        mine = await deployed(house, VAULT, owner="github:101")
        assert mine.status is Status.LIVE, mine
        theirs = await deployed(house, VAULT, owner="github:102", app="other")
        assert theirs.status is Status.FAILED
        assert theirs.failure is not None
        assert theirs.failure["code"] == "github_not_found"


async def test_without_a_sign_in_what_is_private_is_not_there(tmp_path: Path, api: GitHubApi) -> None:
    async with house_of(tmp_path, api, FarCloud(tmp_path / "cloud"), {}) as house:
        ended = await deployed(house, VAULT)
    assert ended.status is Status.FAILED
    assert ended.failure is not None
    assert ended.failure["code"] == "github_not_found"


async def test_what_is_on_this_machine_is_out_of_reach(tmp_path: Path, api: GitHubApi) -> None:
    async with house_of(tmp_path, api, FarCloud(tmp_path / "cloud"), {}) as house:
        ended = await deployed(house, Repository(str(tmp_path / "work")))
    assert ended.failure is not None
    assert ended.failure["code"] == "source_out_of_reach"
    assert "--cloud local" in ended.failure["fix"]


async def test_a_token_is_nobody_elses(tmp_path: Path, api: GitHubApi) -> None:
    github = GitHub(api.url)
    sources = sources_at(tmp_path, api, github, {"github:101": api.token})
    _, tree = await sources.look(VAULT, user="github:101")
    assert "app.py" in await tree.paths()
    commit, _ = await sources.fetch(VAULT, user="github:101")
    for user in (None, "github:102"):
        with pytest.raises(SourceError):
            await sources.look(VAULT, user=user)
        with pytest.raises(SourceError):
            await sources.fetch(VAULT, user=user)
        with pytest.raises(SourceError):
            await sources.tree(VAULT, commit, user=user)
    await github.close()


async def test_a_revoked_token_still_reads_what_is_public(tmp_path: Path, api: GitHubApi) -> None:
    github = GitHub(api.url)
    sources = sources_at(tmp_path, api, github, {"operator": "gho_revoked"})
    with pytest.raises(SourceError) as caught:
        await sources.look(VAULT, user="operator")
    assert caught.value.code == "github_token_refused"
    api.world.repos["ada/vault"].private = False
    looked, _ = await sources.look(VAULT, user="operator")
    fetched, _ = await sources.fetch(VAULT, user="operator")
    assert looked.sha == fetched.sha
    await github.close()


async def test_a_build_gets_a_token_only_for_what_is_private(tmp_path: Path, api: GitHubApi) -> None:
    clock = [1_796_000_000.0]
    github = GitHub(api.url, now=lambda: clock[0])

    async def token_of(user: str) -> str | None:
        return api.token if user == "github:101" else None

    async with house_of(tmp_path, api, FarCloud(tmp_path / "cloud"), {"github:101": api.token}) as house:
        live = await deployed(house, VAULT, owner="github:101")
        token = token_of_build(house.store, github, token_of)
        build = Build("dep_1", live.app, VAULT, Commit("0" * 40), NO_PLAN)
        assert await token(build) == api.token
        assert await token(replace(build, repository=Repository("https://git.example.com/ada/vault"))) is None
        api.world.repos["ada/vault"].private = False
        clock[0] += 60
        assert await token(build) is None
    await github.close()


def test_a_far_cloud_is_a_cloud(tmp_path: Path) -> None:
    cloud: Cloud = FarCloud(tmp_path / "cloud")
    assert cloud.clones_itself
