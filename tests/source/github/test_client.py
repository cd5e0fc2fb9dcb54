"""The client against the stand-in: what it asks, how often, and what it makes of a bad day."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from devgem.domain.errors import SourceError, Unavailable
from devgem.source.github import GitHub, PullRequest, Status
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, OAuthApp, Repo


class Clock:
    def __init__(self) -> None:
        self.now = 1_796_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def github(api: GitHubApi, clock: Clock) -> AsyncIterator[GitHub]:
    api.reset_at = int(clock.now) + 1800
    client = GitHub(api.url, now=clock)
    yield client
    await client.close()


def asked(api: GitHubApi, part: str) -> list[int]:
    return [seen.status for seen in api.seen if part in seen.path]


async def test_a_user_and_what_they_can_reach(api: GitHubApi, github: GitHub) -> None:
    api.add_account("bea", 102)
    api.add_organisation("guild", 103, {"ada"})
    api.add_repo(Repo("guild/tool", private=True, pushed_at="2026-11-20T00:00:00Z"))
    api.add_repo(Repo("bea/diary", private=True))
    me = await github.user(api.token)
    assert (me.id, me.login, me.name) == (101, "ada", "Ada Lovelace")
    found = await github.repositories(api.token)
    assert [(r.slug, r.private) for r in found.items] == [
        ("guild/tool", True),
        ("ada/shop", False),
        ("ada/vault", True),
    ]
    assert not found.stale
    assert await github.organisations(api.token) == ("guild",)


async def test_two_thousand_repositories_are_listed_and_an_empty_account_has_none(
    api: GitHubApi, github: GitHub
) -> None:
    for number in range(2000):
        api.add_repo(Repo(f"ada/r{number:04d}", pushed_at=f"20{10 + number % 10}-01-01T00:00:00Z"))
    found = await github.repositories(api.token)
    assert len(found.items) == 2002
    assert found.note == ""
    api.add_account("new", 200)
    assert (await github.repositories(api.grant("new"))).items == []


async def test_an_answer_is_asked_for_once_and_costs_nothing_again(
    api: GitHubApi, github: GitHub, clock: Clock
) -> None:
    await asyncio.gather(*(github.repositories(api.token) for _ in range(10)))
    assert asked(api, "/user/repos") == [200]
    clock.now += 31
    used = api.used
    assert len((await github.repositories(api.token)).items) == 2
    assert asked(api, "/user/repos") == [200, 304]
    assert api.used == used


async def test_nobody_is_shown_what_another_one_was_answered(api: GitHubApi, github: GitHub) -> None:
    await github.repositories(api.token)
    await github.repository("ada/vault", api.token)
    api.add_account("bea", 102)
    other = api.grant("bea", "repo")
    assert (await github.repositories(other)).items == []
    with pytest.raises(SourceError, match="does not show it"):
        await github.repository("ada/vault", other)


@pytest.mark.parametrize("trouble", ["down", "unicorn", "primary", "secondary"])
async def test_on_a_bad_day_the_last_list_stands_in_and_says_so(
    api: GitHubApi, github: GitHub, clock: Clock, trouble: str
) -> None:
    before = await github.repositories(api.token)
    clock.now += 60
    api.faults.down = trouble == "down"
    api.faults.status = 503 if trouble == "unicorn" else 0
    api.faults.limited = trouble if trouble in ("primary", "secondary") else ""
    found = await github.repositories(api.token)
    assert found.items == before.items
    assert found.stale
    assert "GitHub" in found.note
    assert found.as_of == before.as_of
    with pytest.raises(Unavailable) as caught:
        await github.commit("ada/shop", "main", api.token)
    assert caught.value.fix


async def test_on_a_slow_day_the_last_list_does_not_wait(api: GitHubApi, github: GitHub, clock: Clock) -> None:
    before = await github.repositories(api.token)
    clock.now += 60
    api.faults.slow_seconds = 300.0
    found = await github.repositories(api.token)
    assert (found.items, found.stale, found.note) == (before.items, True, "GitHub is slow to answer.")


async def test_while_github_is_down_it_is_not_asked_all_the_time(api: GitHubApi, github: GitHub, clock: Clock) -> None:
    await github.repositories(api.token)
    clock.now += 60
    api.faults.status = 503
    for _ in range(5):
        assert (await github.repositories(api.token)).stale
    assert asked(api, "/user/repos") == [200, 503]
    api.faults.status = 0
    clock.now += 6
    assert not (await github.repositories(api.token)).stale


async def test_a_limit_is_waited_for_and_not_run_against(api: GitHubApi, github: GitHub, clock: Clock) -> None:
    api.faults.limited = "secondary"
    for _ in range(3):
        with pytest.raises(Unavailable, match="limit"):
            await github.repository("ada/shop", api.token)
    assert len(api.seen) == 1
    api.faults.limited = ""
    clock.now += 61
    assert (await github.repository("ada/shop", api.token)).slug == "ada/shop"


async def test_when_few_calls_are_left_lists_are_not_asked_for_again(
    api: GitHubApi, github: GitHub, clock: Clock
) -> None:
    await github.repositories(api.token)
    api.used = 4950
    clock.now += 60
    await github.commit("ada/shop", "main", api.token)
    seen = len(api.seen)
    found = await github.repositories(api.token)
    assert len(api.seen) == seen
    assert found.stale
    assert found.note == "Few calls to GitHub are left for now."


async def test_a_revoked_token_is_told_from_a_missing_repository(api: GitHubApi, github: GitHub, clock: Clock) -> None:
    token = api.grant("ada", "repo")
    await github.repositories(token)
    api.revoke(token)
    clock.now += 60
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            await github.repositories(token)
        assert caught.value.code == "github_token_refused"
    assert token not in str(caught.value)


async def test_a_renamed_repository_is_found_and_a_deleted_one_is_not(api: GitHubApi, github: GitHub) -> None:
    api.rename("ada/shop", "ada/store")
    assert (await github.repository("ada/shop", api.token)).slug == "ada/store"
    assert (await github.commit("ada/shop", None, api.token)).subject == "The commit"
    api.delete("ada/vault")
    with pytest.raises(SourceError) as caught:
        await github.repository("ada/vault", api.token)
    assert caught.value.code == "github_not_found"


async def test_a_redirect_to_elsewhere_does_not_get_the_token(api: GitHubApi, github: GitHub) -> None:
    with_path = GitHub(api.url + "/api/v3")
    api.rename("ada/shop", "ada/store")
    with pytest.raises(SourceError) as caught:  # the stand-in leads out of /api/v3
        await with_path.repository("ada/shop", api.token)
    assert caught.value.code == "redirected_elsewhere"
    await with_path.close()


async def test_answers_that_are_no_answers(api: GitHubApi, github: GitHub) -> None:
    api.faults.garbled = True
    with pytest.raises(SourceError) as caught:
        await github.user(api.token)
    assert caught.value.code == "github_garbled"


async def test_an_empty_repository_is_called_empty(api: GitHubApi, github: GitHub) -> None:
    api.git("ada/none", "init", "--quiet", "--bare", "--initial-branch=main", str(api.root / "ada/none"))
    with pytest.raises(SourceError) as caught:
        await github.commit("ada/none", None, api.token)
    assert caught.value.code == "empty_repository"
    with pytest.raises(SourceError) as caught:
        await github.commit("ada/nowhere", None, api.token)
    assert caught.value.message == "GitHub has no ada/nowhere, or does not show it to you"


async def test_answers_without_an_end(api: GitHubApi, github: GitHub, shop: GitRepository) -> None:
    api.faults.renamed = {"ada/shop": "ada/vault", "ada/vault": "ada/shop"}
    with pytest.raises(SourceError) as caught:
        await github.repository("ada/shop", api.token)
    assert caught.value.code == "github_redirects"
    api.faults.renamed = {}
    shop.commit({"big.bin": b"x" * (9 << 20)})
    shop.bare(api.root / "ada/big")
    with pytest.raises(SourceError) as caught:
        await github.blob("ada/big", shop.sha("HEAD:big.bin"), api.token)
    assert caught.value.code == "github_too_much"


async def test_what_needs_a_sign_in_says_so(api: GitHubApi, github: GitHub) -> None:
    with pytest.raises(SourceError) as caught:
        await github.user("")
    assert caught.value.code == "github_needs_token"


@pytest.mark.parametrize("slug", ["ada", "ada/../x", "ada/shop/x", "ada/shop?x", "../x", "ada/..", "ada/s hop"])
async def test_what_is_no_name_is_not_asked_for(api: GitHubApi, github: GitHub, slug: str) -> None:
    with pytest.raises(SourceError):
        await github.repository(slug, api.token)
    assert api.seen == []


async def test_branches_commits_and_what_differs(api: GitHubApi, github: GitHub, shop: GitRepository) -> None:
    first, last = shop.sha("HEAD~1"), shop.sha()
    assert [(b.name, b.sha) for b in await github.branches("ada/shop", None)] == [("main", last)]
    found = await github.commit("ada/shop", "main", None)
    assert (found.sha, found.subject, found.author) == (last, "The commit", "Ada")
    assert found.at
    compared = await github.compare("ada/shop", first, last, None)
    assert (compared.paths, compared.whole, compared.ahead) == (["app.py", "requirements.txt"], True, 1)
    with pytest.raises(SourceError) as caught:
        await github.commit("ada/shop", "no-such-branch", None)
    assert caught.value.code == "no_such_ref"


async def test_statuses_pull_requests_and_comments(api: GitHubApi, github: GitHub, shop: GitRepository) -> None:
    api.git("ada/shop", "branch", "topic", "main")
    status = Status("success", "devgem", "Live " + "x" * 200, "https://shop.example.com")
    await github.set_status("ada/shop", shop.sha(), status, api.token)
    (said,) = api.world.statuses["ada/shop"]
    assert (said["state"], said["context"], len(said["description"])) == ("success", "devgem", 140)
    request = PullRequest("topic", "main", "A change", "")
    opened = await github.open_pull("ada/shop", request, api.token)
    assert opened == "https://github.com/ada/shop/pull/1"
    assert await github.open_pull("ada/shop", request, api.token) == opened
    with pytest.raises(SourceError) as caught:
        await github.open_pull("ada/shop", PullRequest("none", "main", "x", ""), api.token)
    assert caught.value.code == "pull_request_refused"
    comment = await github.add_comment("ada/shop", 1, "Building", api.token)
    await github.change_comment("ada/shop", comment, "Live", api.token)
    assert [c["body"] for c in api.world.comments["ada/shop"]] == ["Live"]
    await github.delete_comment("ada/shop", comment, api.token)
    await github.delete_comment("ada/shop", comment, api.token)
    assert api.world.comments["ada/shop"] == []
    assert await github.role("ada/shop", "ada", api.token) == "admin"
    await github.add_hook("ada/shop", "https://devgem.example.com/webhooks/github", "s", ["push"], api.token)


async def test_who_may_only_read_is_told_so(api: GitHubApi, github: GitHub, shop: GitRepository) -> None:
    token = api.grant("ada", "repo", reads_only=True)
    with pytest.raises(SourceError, match="403") as caught:
        await github.set_status("ada/shop", shop.sha(), Status("success", "devgem"), token)
    assert caught.value.code == "github_refused"


async def test_a_token_is_ended_and_only_once(api: GitHubApi, github: GitHub) -> None:
    app = api.add_app(OAuthApp())
    token = api.grant("ada", app=app.client_id)
    await github.revoke(app.client_id, app.secret, token)
    assert api.token_of(token) is None
    await github.revoke(app.client_id, app.secret, token)
    assert all(token not in seen.path for seen in api.seen)


async def test_a_slow_answer_is_shared_and_one_who_leaves_does_not_end_it(api: GitHubApi, github: GitHub) -> None:
    api.faults.slow_seconds = 30.0
    leaving = asyncio.create_task(github.repository("ada/shop", api.token))
    staying = asyncio.create_task(github.repository("ada/shop", api.token))
    while not api.seen:
        await asyncio.sleep(0.005)
    leaving.cancel()
    api.released.set()
    assert (await staying).slug == "ada/shop"
    assert len(api.seen) == 1
