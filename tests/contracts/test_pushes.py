"""Webhooks, reports, pull requests and settings of apps: over every database."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from devgem.domain.app import App, Repository
from devgem.store import AppSettings, CommitReport, PullRow, PullState, Store

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
PULL = PullRow(
    "shop", 7, "operator", "ada/shop", "a" * 40, "A change", "eve", "eve/shop", True, PullState.WAITING, NOON, NOON
)


async def add_app(store: Store, name: str, location: str = "https://github.com/Ada/Shop") -> None:
    async with store.write() as transaction:
        await transaction.apps.add(App(name, Repository(location), "local", NOON))


async def test_a_webhook_is_taken_in_once_under_any_id_by_all_processes(store: Store, other_store: Store) -> None:
    async def add(through: Store, id: str, digest: bytes) -> bool:
        async with through.write() as transaction:
            return await transaction.deliveries.add(id, digest, {"kind": "Pushed", "n": [1]}, now=NOON)

    several = [(store, "a", b"1"), (other_store, "a", b"1"), (store, "b", b"1"), (other_store, "a", b"2")]
    assert sum(await asyncio.gather(*(add(*one) for one in several))) == 1
    assert await add(store, "c", b"3")


async def test_a_webhook_is_dealt_with_by_one_process_until_it_is_done(store: Store, other_store: Store) -> None:
    async with store.write() as transaction:
        await transaction.deliveries.add("a", b"1", {"kind": "Pushed"}, now=NOON)
        taken = await transaction.deliveries.take(now=NOON)
    assert taken is not None
    assert (taken.id, taken.at, taken.document) == ("a", NOON, {"kind": "Pushed"})
    async with other_store.write() as transaction:
        assert await transaction.deliveries.take(now=NOON + timedelta(seconds=30)) is None
        again = await transaction.deliveries.take(now=LATER)  # the first one is taken for dead
        assert again == taken
        await transaction.deliveries.put_back("a", until=LATER)
        assert await transaction.deliveries.take(now=LATER) == taken
        await transaction.deliveries.finish("a", "deploys it")
        assert await transaction.deliveries.take(now=LATER + timedelta(days=1)) is None


async def test_a_state_is_told_by_one_process(store: Store, other_store: Store) -> None:
    async with store.write() as transaction:
        for _ in range(2):
            await transaction.commit_reports.add("dep_1", app="shop", owner="ann", slug="a/b", sha="c" * 40, now=NOON)
        (report,) = await transaction.commit_reports.due(now=NOON)

    async def begin(through: Store) -> bool:
        async with through.write() as transaction:
            return await transaction.commit_reports.begin(report, "pending", until=LATER)

    assert sorted(await asyncio.gather(begin(store), begin(other_store))) == [False, True]
    async with store.write() as transaction:
        assert await transaction.commit_reports.due(now=NOON) == []
        (begun,) = await transaction.commit_reports.due(now=LATER)
        assert begun == CommitReport("dep_1", "shop", "ann", "a/b", "c" * 40, "", "pending", 0, LATER)
        await transaction.commit_reports.put_off(begun, until=LATER)
        await transaction.commit_reports.finish(begun, "pending", settled=False, next_at=LATER)
        (told,) = await transaction.commit_reports.due(now=LATER)
        assert (told.told, told.telling, told.attempts) == ("pending", "", 0)
        await transaction.commit_reports.finish(told, "success", settled=True, next_at=LATER)
        assert await transaction.commit_reports.due(now=LATER) == []


async def test_a_comment_is_settled_only_for_what_it_was_written_for(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.pull_requests.put(PULL)
        (row,) = await transaction.pull_requests.due(now=NOON)
        assert row == PULL
        assert await transaction.pull_requests.begin(row, until=LATER)
        assert not await transaction.pull_requests.begin(row, until=LATER)
        await transaction.pull_requests.put(replace(row, sha="b" * 40, next_at=LATER))  # a commit comes meanwhile
        await transaction.pull_requests.told(row, "waits", comment=5, settled=True, next_at=LATER)
        (newer,) = await transaction.pull_requests.due(now=LATER)
        assert (newer.sha, newer.comment, newer.told) == ("b" * 40, 5, "waits")
        await transaction.pull_requests.told(newer, "waits", comment=5, settled=True, next_at=LATER)
        assert await transaction.pull_requests.due(now=LATER) == []
        assert [one.number for one in await transaction.pull_requests.of("shop")] == [7]
        await transaction.pull_requests.close_all("shop", now=LATER)
        assert await transaction.pull_requests.of("shop") == []
        assert len(await transaction.pull_requests.due(now=LATER)) == 1


async def test_apps_are_found_by_their_repository_and_previews_are_not_among_them(store: Store) -> None:
    await add_app(store, "shop")
    await add_app(store, "by-ssh", "ssh://git@github.com/ada/shop.git")
    await add_app(store, "elsewhere", "https://gitlab.com/ada/shop")
    for preview in ("shop--preview", "shop--pr-7", "shop--pr-120"):
        await add_app(store, preview)
    await add_app(store, "shop--pr-x")  # a name like any other
    async with store.read() as transaction:
        found = [row.name for row in await transaction.apps.from_github("ada/shop")]
        previews = {row.name for row in await transaction.apps.previews()}
    assert found == ["by-ssh", "shop", "shop--pr-x"]
    assert previews == {"shop--preview", "shop--pr-7", "shop--pr-120"}


async def test_settings_are_kept_and_go_with_the_app(store: Store) -> None:
    await add_app(store, "shop")
    settings = AppSettings(push=False, branch="main", watch_paths=("web/**", "!*.md"), previews=False)
    async with store.write() as transaction:
        assert await transaction.settings.of("shop") == AppSettings()
        await transaction.settings.set("shop", AppSettings(branch="x"))
        await transaction.settings.set("shop", settings)
        assert await transaction.settings.of("shop") == settings
        await transaction.apps.remove("shop")
        assert await transaction.settings.of("shop") == AppSettings()
