"""T-71: pull requests are shown beside the app; those of others get its secrets only by a member's consent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgem.domain.deployment import Status
from devgem.domain.errors import Conflict, NotFound
from devgem.pipeline import Limits
from devgem.store import AppSettings, PullRow, PullState
from tests.pipeline.hub import SITE, Hub, open_hub
from tests.standins.github import pull_request_payload

CONTEXT = "devgem/shop (preview)"
FORK = "mallory/shop"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with open_hub(tmp_path) as opened:
        yield opened


async def reached(hub: Hub, number: int, state: PullState) -> PullRow:
    await hub.dealt_with()
    row = await hub.row(number)
    assert row is not None
    assert row.state is state
    return row


async def test_a_pull_request_has_an_address_of_its_own_and_one_comment_until_it_is_closed(hub: Hub) -> None:
    await hub.deploy(GREETING="hello")
    first, second = hub.commit(), hub.commit()
    await hub.pull(7, "opened", first, at=1)
    shown = await hub.deployed("shop--pr-7", first)
    assert shown.url == "http://shop--pr-7.localhost:8081"
    assert hub.house.cloud.env("shop--pr-7", 1) == {"GREETING": "hello"}
    await hub.until(lambda: any(str(shown.url) in text for text in hub.comments()))
    await hub.pull(7, "synchronize", second, at=2)
    await hub.deployed("shop--pr-7", second)
    await hub.until(lambda: any(f"`{second[:12]}` is live" in text for text in hub.comments()))
    assert len(hub.comments()) == 1
    await hub.until(lambda: any(one["state"] == "success" for one in hub.statuses(second, CONTEXT)))
    assert (await hub.house.app("shop")).live == 1

    await hub.pull(7, "closed", second, at=3)
    await hub.house.reached_in("app:shop--pr-7", "app.removed")
    await hub.until(lambda: hub.comments()[0].endswith("The preview is removed."))
    assert len(hub.comments()) == 1
    assert hub.house.cloud.running == {"shop@1"}


async def test_a_comment_that_only_looks_like_ours_is_left_alone(hub: Hub) -> None:
    await hub.deploy()
    sha = hub.commit()
    texts = ["<!-- devgem preview of shop --> by mallory", "<!-- devgem preview of shop --> by a process that died"]
    hub.github.world.comments["ada/shop"] = [
        {"id": id, "issue": 7, "body": text, "user": {"login": login}}
        for id, (login, text) in enumerate(zip(("mallory", "ada"), texts, strict=True), 1)
    ]
    await hub.pull(7, "opened", sha)
    await hub.until(lambda: "is live" in hub.comments()[1])
    assert hub.comments()[0] == texts[0]
    assert len(hub.comments()) == 2


async def test_a_fork_waits_for_consent_when_the_app_has_secrets(hub: Hub) -> None:
    await hub.deploy(SECRET="hunter2")
    sha, later = hub.commit(), hub.commit()
    await hub.pull(8, "opened", sha, head_slug=FORK, at=1)
    await reached(hub, 8, PullState.WAITING)
    await hub.until(lambda: any("waits for a member's consent" in text for text in hub.comments()))
    assert f"{SITE}/apps/shop/settings" in hub.comments()[0]
    assert await hub.deployments("shop--pr-8") == []

    with pytest.raises(Conflict, match="another commit"):
        await hub.pushes.consent("shop", 8, later)
    await hub.pushes.consent("shop", 8, sha)
    assert (await hub.deployed("shop--pr-8", sha)).status is Status.LIVE
    assert hub.house.cloud.env("shop--pr-8", 1) == {"SECRET": "hunter2"}

    await hub.pull(8, "synchronize", later, head_slug=FORK, at=2)  # what was agreed to was the other commit
    await reached(hub, 8, PullState.WAITING)
    assert len(await hub.deployments("shop--pr-8")) == 1


async def test_a_fork_of_an_app_without_secrets_is_shown_and_gets_none_that_come_later(hub: Hub) -> None:
    await hub.deploy()
    sha = hub.commit(hang="build")
    await hub.pull(9, "opened", sha, head_slug=FORK)
    await hub.dealt_with()
    (row,) = await hub.deployments("shop--pr-9")
    await hub.house.reached(row.id, "step.started", step="build")
    await hub.house.pipeline.set_env("shop", set={"SECRET": "hunter2"})
    (hub.house.folder / "cloud" / "go").touch()
    assert (await hub.deployed("shop--pr-9", sha)).status is Status.LIVE
    assert hub.house.cloud.env("shop--pr-9", 1) == {}


async def test_a_fork_builds_apart_from_the_app(hub: Hub) -> None:
    before = await hub.deploy()
    sha = hub.commit()
    await hub.pull(9, "opened", sha, head_slug=FORK)
    await hub.deployed("shop--pr-9", sha)
    await hub.push(before, sha)
    await hub.deployed("shop", sha)
    made = hub.house.cloud.acts("image.made")
    assert len(made) == 3, "what a stranger's build left is not what the app runs"


async def test_what_a_program_proposes_counts_as_a_strangers(hub: Hub) -> None:
    await hub.deploy(SECRET="hunter2")
    payload = pull_request_payload("ada/shop", 5, "opened", hub.commit())
    payload["pull_request"]["user"] = {"login": "dependabot[bot]", "type": "Bot"}
    await hub.send("pull_request", payload)
    await reached(hub, 5, PullState.WAITING)


async def test_older_news_of_a_pull_request_change_nothing(hub: Hub) -> None:
    await hub.deploy()
    old, new = hub.commit(), hub.commit()
    await hub.pull(7, "synchronize", new, at=5)
    await hub.pull(7, "opened", old, at=1)
    await hub.deployed("shop--pr-7", new)
    await hub.dealt_with()
    assert len(await hub.deployments("shop--pr-7")) == 1


async def test_a_pull_request_that_is_opened_again_comes_back(hub: Hub) -> None:
    await hub.deploy()
    sha = hub.commit()
    await hub.pull(7, "opened", sha, at=1)
    await hub.deployed("shop--pr-7", sha)
    await hub.pull(7, "closed", sha, at=2)
    await hub.pull(7, "reopened", sha, at=3)
    await hub.house.reached_in("app:shop--pr-7", "app.removed")
    await reached(hub, 7, PullState.SHOWN)
    await hub.deployed("shop--pr-7", sha)
    await hub.until(lambda: any("is live" in text for text in hub.comments()))


async def test_without_previews_and_for_other_branches_nothing_is_shown(hub: Hub) -> None:
    await hub.deploy("other", ref="next")
    await hub.deploy()
    async with hub.house.store.write() as transaction:
        await transaction.settings.set("shop", AppSettings(previews=False))
    await hub.pull(7, "opened", hub.commit())
    await hub.dealt_with()
    assert await hub.row(7) is None
    assert await hub.row(7, "other") is None


async def test_a_failed_preview_quotes_its_cause_and_nothing_of_it_counts_as_markup(hub: Hub) -> None:
    await hub.deploy()
    sha = hub.commit(build="fail")
    await hub.pull(7, "opened", sha)
    await hub.deployed("shop--pr-7", sha)
    await hub.until(lambda: any("`pip could not install flask`" in text for text in hub.comments()))


async def test_previews_go_with_their_app_and_the_comment_says_so(hub: Hub) -> None:
    await hub.deploy()
    sha = hub.commit()
    await hub.pull(7, "opened", sha)
    await hub.deployed("shop--pr-7", sha)
    await hub.until(lambda: any("is live" in text for text in hub.comments()))
    await hub.house.pipeline.remove("shop")
    await hub.house.reached_in("app:shop--pr-7", "app.removed")
    await hub.until(lambda: hub.comments()[0].endswith("The preview is removed."))


async def test_a_preview_that_nobody_pushes_to_is_removed(tmp_path: Path) -> None:
    async with open_hub(tmp_path, limits=Limits(pull_request_seconds=0.0)) as hub:
        await hub.deploy()
        sha = hub.commit()
        await hub.pull(7, "opened", sha)
        await hub.house.reached_in("app:shop--pr-7", "app.removed")
        await hub.until(lambda: any("comes back with the next commit" in text for text in hub.comments()))


async def test_consent_that_was_given_outlives_the_process(hub: Hub) -> None:
    await hub.deploy(SECRET="hunter2")
    sha = hub.commit()
    await hub.pull(8, "opened", sha, head_slug=FORK)
    await reached(hub, 8, PullState.WAITING)
    await hub.pushes.close()
    await hub.pushes.consent("shop", 8, sha)
    await hub.pushes.start()
    assert (await hub.deployed("shop--pr-8", sha)).status is Status.LIVE
    with pytest.raises(Conflict, match="does not wait"):
        await hub.pushes.consent("shop", 8, sha)
    with pytest.raises(NotFound):
        await hub.pushes.consent("shop", 99, sha)
