"""Push to deploy: which pushes deploy what, and what GitHub is told of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devgem.domain.deployment import Status
from devgem.pipeline.push import Pushes
from devgem.store import AppSettings, CommitReport
from tests.pipeline.hub import SITE, SLUG, ZEROS, Hub, open_hub
from tests.standins.github import push_payload

_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with open_hub(tmp_path) as opened:
        yield opened


async def test_a_push_deploys_its_commit_and_github_is_told(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit()
    assert await hub.push(before, sha)
    ended = await hub.deployed("shop", sha)
    assert (ended.status, ended.commit, ended.ref) == (Status.LIVE, sha, "main")
    assert (await hub.deployments())[0].order.reason == "push"
    await hub.until(lambda: any(one["state"] == "success" for one in hub.statuses(sha)))
    *pending, success = hub.statuses(sha)
    assert success["target_url"] == ended.url
    assert [one["state"] for one in pending] in ([], ["pending"])
    assert all(one["target_url"] == f"{SITE}/deployments/{ended.id}" for one in pending)


async def test_a_push_that_fails_tells_the_cause(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit(build="fail")
    await hub.push(before, sha)
    ended = await hub.deployed("shop", sha)
    await hub.until(lambda: any(one["state"] == "failure" for one in hub.statuses(sha)))
    assert hub.statuses(sha)[-1]["description"] == "pip could not install flask"
    assert hub.statuses(sha)[-1]["target_url"] == f"{SITE}/deployments/{ended.id}"
    assert (await hub.house.app("shop")).live == 1


async def test_the_same_webhook_deploys_once_under_whatever_id_it_comes(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit()
    assert await hub.push(before, sha)
    assert not await hub.push(before, sha)
    await hub.deployed("shop", sha)
    await hub.dealt_with()
    assert len(await hub.deployments()) == 2


@pytest.mark.parametrize(("ref", "after"), [("refs/tags/v1", ""), ("refs/heads/topic", ""), ("refs/heads/main", ZEROS)])
async def test_a_tag_another_branch_and_a_deleted_branch_deploy_nothing(hub: Hub, ref: str, after: str) -> None:
    before = await hub.deploy()
    await hub.send("push", push_payload(SLUG, ref, before, after or hub.commit()))
    await hub.dealt_with()
    assert len(await hub.deployments()) == 1


async def test_the_branch_is_the_one_set_or_deployed_from_or_the_default_one(hub: Hub) -> None:
    before = await hub.deploy("stage", ref="next")
    await hub.deploy("pinned", ref=before)
    await hub.deploy("chosen", ref="next")
    async with hub.house.store.write() as transaction:
        await transaction.settings.set("chosen", AppSettings(branch="main"))
    sha = hub.commit()
    await hub.push(before, sha)
    await hub.deployed("pinned", sha)
    await hub.deployed("chosen", sha)
    await hub.dealt_with()
    assert len(await hub.deployments("stage")) == 1


async def test_only_what_an_app_watches_deploys_it(hub: Hub) -> None:
    before = await hub.deploy()
    async with hub.house.store.write() as transaction:
        await transaction.settings.set("shop", AppSettings(watch_paths=("web/**", "!*.md")))
    docs = hub.commit({"web/README.md": "x", "docs/a.txt": "x"})
    await hub.push(before, docs, commits=[{"added": ["web/README.md", "docs/a.txt"], "modified": [], "removed": []}])
    web = hub.commit({"web/page.html": "x"})
    await hub.push(docs, web, commits=[{"added": ["web/page.html"], "modified": [], "removed": []}])
    await hub.deployed("shop", web)
    assert len(await hub.deployments()) == 2


async def test_where_the_payload_does_not_say_what_changed_github_is_asked(hub: Hub) -> None:
    before = await hub.deploy()
    async with hub.house.store.write() as transaction:
        await transaction.settings.set("shop", AppSettings(watch_paths=("web",)))
    docs = hub.commit({"docs/a.txt": "x"})
    web = hub.commit({"web/page.html": "x"})
    await hub.push(before, docs, forced=True)
    await hub.push(docs, web, forced=True)
    await hub.deployed("shop", web)
    assert [row.order.commit.sha for row in await hub.deployments() if row.order.commit] == [web, before]
    hub.work.git("reset", "--hard", "--quiet", docs)  # what is taken back has changed too
    back = hub.commit({"docs/c.txt": "x"})
    await hub.push(web, back, forced=True)
    await hub.deployed("shop", back)
    unknown = hub.commit({"docs/b.txt": "x"})
    await hub.push("1" * 40, unknown, forced=True)  # nobody can say any more what that changes: it is deployed
    await hub.deployed("shop", unknown)


async def test_pushes_are_paused_after_a_rollback_and_where_they_are_off(hub: Hub) -> None:
    first = await hub.deploy()
    second = hub.commit()
    await hub.push(first, second)
    await hub.deployed("shop", second)
    await hub.house.pipeline.rollback("shop")
    await hub.push(second, hub.commit())
    await hub.dealt_with()
    assert len(await hub.deployments()) == 2
    async with hub.house.store.write() as transaction:
        await transaction.apps.set_push_paused("shop", False)
        await transaction.settings.set("shop", AppSettings(push=False))
    await hub.push(second, hub.commit())
    await hub.dealt_with()
    assert len(await hub.deployments()) == 2


async def test_no_app_comes_back_by_a_push(hub: Hub) -> None:
    before = await hub.deploy()
    await hub.house.pipeline.remove("shop")
    await hub.push(before, hub.commit())
    await hub.dealt_with()
    async with hub.house.store.read() as transaction:
        assert await transaction.apps.find("shop") is None


async def test_a_push_while_one_is_deployed_supersedes_what_waits(hub: Hub) -> None:
    before = await hub.deploy()
    slow, skipped, last = hub.commit(hang="build"), hub.commit(), hub.commit()
    await hub.push(before, slow)
    await hub.push(slow, skipped)
    await hub.push(skipped, last)
    await hub.dealt_with()
    (hub.house.folder / "cloud" / "go").touch()
    assert (await hub.deployed("shop", last)).status is Status.LIVE
    assert (await hub.deployed("shop", skipped)).status is Status.SUPERSEDED
    await hub.until(lambda: any(one["state"] == "error" for one in hub.statuses(skipped)))


async def test_what_github_could_not_be_told_is_told_later_and_once(hub: Hub) -> None:
    """F: GitHub is away, and then it is told by another process: each state once."""
    before = await hub.deploy()
    sha = hub.commit()
    hub.github.faults.down = True
    await hub.push(before, sha)
    await hub.deployed("shop", sha)
    await hub.until(lambda: any(f"/statuses/{sha}" in seen.path for seen in hub.github.seen))
    await hub.pushes.close()
    hub.github.faults.down = False
    async with hub.house.store.write() as transaction:
        for report in await transaction.commit_reports.due(now=_LATER):
            await transaction.commit_reports.put_off(report, until=_LONG_AGO)

    async def token_of(user: str) -> str | None:
        return hub.github.token

    others = [
        Pushes(hub.house.store, hub.house.pipeline, hub.api, token_of, site=SITE, poll_seconds=0.05) for _ in range(2)
    ]
    await asyncio.gather(*(other.start() for other in others))
    await hub.until(lambda: any(one["state"] == "success" for one in hub.statuses(sha)))
    await asyncio.gather(*(other.close() for other in others))
    assert [one["state"] for one in hub.statuses(sha)] == ["success"]


async def test_a_status_that_was_told_by_a_process_that_died_is_not_told_again(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit()
    await hub.push(before, sha)
    ended = await hub.deployed("shop", sha)
    await hub.until(lambda: any(one["state"] == "success" for one in hub.statuses(sha)))
    await hub.pushes.close()
    told = hub.statuses(sha)
    async with hub.house.store.write() as transaction:  # as if it had died between telling and noting it
        row = CommitReport(ended.id, "shop", "operator", SLUG, sha, "pending", "", 0, _LONG_AGO)
        await transaction.commit_reports.finish(row, "pending", settled=False, next_at=_LONG_AGO)
        assert await transaction.commit_reports.begin(row, "success", until=_LONG_AGO)
    await hub.pushes.start()
    await hub.until(lambda: hub.github.seen[-1].path.startswith(f"/repos/{SLUG}/commits/{sha}/statuses"))
    await hub.pushes.close()
    assert hub.statuses(sha) == told


async def test_without_a_sign_in_at_github_the_push_is_deployed_and_nobody_is_told(tmp_path: Path) -> None:
    async with open_hub(tmp_path, token=None) as hub:
        before = await hub.deploy()
        sha = hub.commit()
        await hub.push(before, sha)
        assert (await hub.deployed("shop", sha)).status is Status.LIVE
        assert hub.statuses(sha) == []


async def test_a_webhook_that_was_taken_in_outlives_the_process(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit()
    await hub.pushes.close()
    await hub.push(before, sha)
    await hub.pushes.start()
    assert (await hub.deployed("shop", sha)).status is Status.LIVE
