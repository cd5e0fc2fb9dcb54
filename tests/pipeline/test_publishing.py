"""Edits go back to their repository: as a branch, as a pull request, or as a patch."""

import base64
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devgem.domain.app import Commit, Repository
from devgem.pipeline.publisher import Publication, Published, Publisher
from devgem.source import Policy, Sources
from devgem.source.github import GitHub
from devgem.source.workspace import patch_text
from tests.source.git_repository import GitRepository
from tests.source.http_server import GitServer, serving
from tests.standins.github import GitHubApi, serving_api

TOKEN = "ghp_" + "t" * 36
BASIC = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
FILES = {"app.py": "print('hello')\n", "page.html": "<h1>hi</h1>\r\n"}


@dataclass
class Desk:
    """Publishes edits of one repository, and keeps what is stored of the branch between two attempts."""

    publisher: Publisher
    repository: Repository
    commit: Commit
    branch: dict[str, str] = field(default_factory=dict)

    async def publish(
        self, text: str = "print('bye')\n", title: str = "Say bye", token: str | None = None
    ) -> Published:
        patch = patch_text(FILES, {**FILES, "app.py": text})

        async def announce(branch: Mapping[str, str]) -> None:
            self.branch = dict(branch)

        order = Publication(self.repository, self.commit, patch, title, "As asked for.", self.branch)
        return await self.publisher.publish(order, token, announce)


@pytest.fixture
def origin(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "work")
    repository.commit({"old.txt": "1"}, "Old")
    repository.commit({**FILES}, "The commit")
    return repository


async def desk_at(
    tmp_path: Path, location: str, policy: Policy | None = None, api: str = "http://127.0.0.1:9", fetched: str = ""
) -> Desk:
    sources = Sources(tmp_path / "sources", policy or Policy(allow_file_urls=True, timeout_seconds=30))
    commit, _ = await sources.fetch(Repository(location), authorization=fetched or None)
    return Desk(Publisher(sources, GitHub(api)), Repository(location), commit)


def git(repository: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *args], capture_output=True, check=True)
    return done.stdout.decode().strip()


async def test_edits_become_a_branch_and_a_second_push_moves_it(tmp_path: Path, origin: GitRepository) -> None:
    bare = origin.bare(tmp_path / "shop.git")
    desk = await desk_at(tmp_path, f"file://{bare}")
    first = await desk.publish()
    assert first.branch == "devgem/say-bye", first.detail
    assert git(bare, "show", f"{first.branch}:app.py") == "print('bye')"
    assert git(bare, "rev-parse", f"{first.branch}^") == desk.commit.sha
    assert git(bare, "log", "-1", "--format=%an|%s|%b", first.branch) == "DevGem|Say bye|As asked for."
    assert git(bare, "show", "--stat", "--format=", first.branch).startswith("app.py")
    assert git(bare, "rev-parse", "main") == desk.commit.sha

    second = await desk.publish("print('again')\n", "Another title")
    assert second.branch == first.branch
    assert git(bare, "show", f"{first.branch}:app.py") == "print('again')"
    assert git(bare, "rev-parse", f"{first.branch}^") == desk.commit.sha


async def test_a_branch_of_somebody_else_is_left_alone(tmp_path: Path, origin: GitRepository) -> None:
    bare = origin.bare(tmp_path / "shop.git")
    git(bare, "update-ref", "refs/heads/devgem/say-bye", "main~1")
    desk = await desk_at(tmp_path, f"file://{bare}")
    assert (await desk.publish()).branch == "devgem/say-bye-2"
    git(bare, "update-ref", "refs/heads/devgem/say-bye-2", "main~1")  # somebody works on ours, too
    assert (await desk.publish("x\n")).branch == "devgem/say-bye-2-2"
    assert git(bare, "rev-parse", "devgem/say-bye", "devgem/say-bye-2") == "\n".join(
        [git(bare, "rev-parse", "main~1")] * 2
    )


async def test_the_default_branch_is_never_pushed_to_whatever_its_name(tmp_path: Path, origin: GitRepository) -> None:
    origin.git("branch", "-m", "devgem/say-bye")
    bare = origin.bare(tmp_path / "shop.git")
    desk = await desk_at(tmp_path, f"file://{bare}")
    desk.branch = {"name": "devgem/say-bye", "sha": desk.commit.sha}
    assert (await desk.publish()).branch == "devgem/say-bye-2"
    assert git(bare, "rev-parse", "devgem/say-bye") == desk.commit.sha


async def test_a_branch_in_the_way_leaves_a_patch(tmp_path: Path, origin: GitRepository) -> None:
    bare = origin.bare(tmp_path / "shop.git")
    git(bare, "branch", "devgem", "main")
    published = await (await desk_at(tmp_path, f"file://{bare}")).publish()
    assert (published.branch, published.url) == (None, None)
    assert "devgem" in published.detail
    assert "print('bye')" in published.patch


async def test_hooks_of_a_local_repository_are_not_run(tmp_path: Path, origin: GitRepository) -> None:
    bare = origin.bare(tmp_path / "shop.git")
    for hook in ("pre-receive", "update", "post-receive", "reference-transaction"):
        (bare / "hooks").mkdir(exist_ok=True)
        (bare / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (bare / "hooks" / hook).chmod(0o755)
    assert (await (await desk_at(tmp_path, f"file://{bare}")).publish()).branch
    assert not (tmp_path / "ran").exists()


async def test_a_folder_gets_the_branch_and_keeps_its_work_tree(tmp_path: Path, origin: GitRepository) -> None:
    desk = await desk_at(tmp_path, str(origin.path))
    published = await desk.publish()
    assert published.branch == "devgem/say-bye", published.detail
    assert origin.git("show", f"{published.branch}:app.py") == "print('bye')"
    assert origin.git("status", "--porcelain") == ""
    assert origin.git("branch", "--show-current") == "main"


async def test_a_folder_inside_a_repository_gets_its_edits_at_their_place(
    tmp_path: Path, origin: GitRepository
) -> None:
    origin.commit({f"apps/web/{path}": text for path, text in FILES.items()})
    desk = await desk_at(tmp_path, str(origin.path / "apps/web"))
    published = await desk.publish()
    assert origin.git("show", f"{published.branch}:apps/web/app.py") == "print('bye')", published.detail
    assert origin.git("show", f"{published.branch}:app.py") == "print('hello')"


async def test_what_is_in_no_commit_stays_a_patch(tmp_path: Path, origin: GitRepository) -> None:
    origin.write("new.txt", "x")
    published = await (await desk_at(tmp_path, str(origin.path))).publish()
    assert published.branch is None
    assert "in no commit" in published.detail


async def test_without_a_credential_nothing_is_sent_to_a_server(tmp_path: Path, github: "Served") -> None:
    async with github.desk(tmp_path) as desk:
        before = len(github.server.seen)
        published = await desk.publish()
    assert published.branch is None
    assert "no credential" in published.detail
    assert len(github.server.seen) == before


async def test_a_token_opens_a_pull_request_and_finds_it_again(tmp_path: Path, github: "Served") -> None:
    async with github.desk(tmp_path) as desk:
        published = await desk.publish(token=TOKEN)
        assert published.url == "https://github.com/ada/shop/pull/1", published.detail
        (pull,) = github.api.pulls["ada/shop"]
        assert (pull["title"], pull["base"]["ref"], pull["head"]["ref"]) == ("Say bye", "main", "devgem/say-bye")
        again = await desk.publish("print('again')\n", token=TOKEN)
        assert (again.url, again.branch) == (published.url, published.branch)
    assert git(github.bare, "show", "devgem/say-bye:app.py") == "print('again')"
    assert TOKEN not in str(github.server.seen[-1][1])


@pytest.mark.parametrize("trouble", ["reader", "broken", "gone"])
async def test_a_pull_request_that_is_refused_leaves_the_branch(tmp_path: Path, github: "Served", trouble: str) -> None:
    async with github.desk(tmp_path, api="http://127.0.0.1:9" if trouble == "gone" else github.api.url) as desk:
        github.api.broken = trouble == "broken"
        if trouble == "reader":
            github.api.token, github.api.readers = "other", {TOKEN}
        published = await desk.publish(token=TOKEN)
    assert published.branch == "devgem/say-bye"
    assert published.url is None
    assert "pull request" in published.detail
    assert TOKEN not in published.detail


async def test_a_server_that_takes_no_push_leaves_a_patch(tmp_path: Path, github: "Served") -> None:
    git(github.bare, "config", "http.receivepack", "false")
    async with github.desk(tmp_path) as desk:
        published = await desk.publish(token=TOKEN)
    assert published.branch is None
    assert published.detail
    assert TOKEN not in published.detail


@dataclass(frozen=True)
class Served:
    """A git server and GitHub's API over the same repository ada/shop."""

    server: GitServer
    api: GitHubApi
    bare: Path

    @asynccontextmanager
    async def desk(self, tmp_path: Path, api: str | None = None) -> AsyncIterator[Desk]:
        policy = Policy(github_url=self.server.url, timeout_seconds=30)
        yield await desk_at(tmp_path, "https://github.com/ada/shop", policy, api or self.api.url, BASIC)


@pytest.fixture
def github(tmp_path: Path, origin: GitRepository) -> Iterator[Served]:
    root = tmp_path / "served"
    (root / "ada").mkdir(parents=True)
    bare = origin.bare(root / "ada/shop")
    git(bare, "config", "http.receivepack", "true")
    with serving(root) as server, serving_api(root, TOKEN) as api:
        server.token = BASIC
        yield Served(server, api, bare)
