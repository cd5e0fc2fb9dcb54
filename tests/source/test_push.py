"""What is not pushed, and why; what is pushed is in tests/pipeline/test_publishing.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.source import Change, Policy, Pushed, Sources
from devgem.source.github import GitHub, PullRequest, slug_of
from devgem.source.workspace import patch_text
from tests.standins.github import serving_api

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository
from .http_server import GitServer

PATCH = patch_text({"app.py": "print('hello')\n"}, {"app.py": "print('bye')\n"})


async def refusal(sources: Sources, location: str, commit: Commit, change: Change) -> str:
    announced: list[Pushed] = []

    async def announce(pushed: Pushed) -> None:
        announced.append(pushed)

    with pytest.raises(SourceError) as caught:
        await sources.push(Repository(location), commit, change, announce, authorization=None)
    assert caught.value.fix
    return caught.value.code


async def test_what_cannot_be_pushed_is_named(bench: Bench, repository: GitRepository, tmp_path: Path) -> None:
    bare = repository.bare(tmp_path / "shop.git")
    location, commit = f"file://{bare}", Commit(repository.sha())
    change = Change(commit.sha, PATCH, "say-bye", "Say bye")
    assert await refusal(bench.sources, location, commit, replace(change, patch="")) == "nothing_to_push"
    assert await refusal(bench.sources, location, replace(commit, dirty=True), change) == "not_committed"
    other = patch_text({"app.py": "never\n"}, {"app.py": "x\n"})
    assert await refusal(bench.sources, location, commit, replace(change, patch=other)) == "push_refused"
    repository.git("push", str(bare), "HEAD:refs/heads/devgem")
    assert await refusal(bench.sources, location, commit, change) == "branch_in_the_way"


@pytest.mark.parametrize("branch", ["a..b", "a b", "x.lock", "", "a~1", "a:b", "a\n"])
async def test_a_branch_has_a_name_that_is_one(
    bench: Bench, repository: GitRepository, tmp_path: Path, branch: str
) -> None:
    bare = repository.bare(tmp_path / "shop.git")
    commit = Commit(repository.sha())
    code = await refusal(bench.sources, f"file://{bare}", commit, Change(commit.sha, PATCH, branch, "x"))
    assert code == "bad_ref"


async def test_a_server_that_may_only_be_read_refuses(
    new_bench: Callable[[Policy], Bench], repository: GitRepository, server: GitServer
) -> None:
    repository.bare(server.root / "shop.git")
    commit = Commit(repository.sha())
    change = Change(commit.sha, PATCH, "say-bye", "Say bye")
    assert await refusal(new_bench(LOOPBACK).sources, f"{server.url}/shop.git", commit, change) == "push_refused"
    assert repository.git("ls-remote", str(server.root / "shop.git"), "devgem/*") == ""


async def test_a_pull_request_that_cannot_be_opened_says_what_github_says(tmp_path: Path) -> None:
    request = PullRequest("devgem/x", "main", "X", "")
    with serving_api(tmp_path, "token") as api:
        github = GitHub(api.url)
        for token, slug, code in (
            ("wrong", "ada/shop", "github_token_refused"),
            ("token", "ada/none", "pull_request_refused"),
        ):
            with pytest.raises(SourceError) as caught:
                await github.open_pull(slug, request, token)
            assert caught.value.code == code
        await github.close()
    assert "404" in caught.value.message


def test_only_repositories_on_github_have_pull_requests() -> None:
    assert slug_of("https://github.com/ada/shop") == "ada/shop"
    assert slug_of("https://github.com.evil.example/ada/shop") is None
    assert slug_of("/home/ada/shop") is None
