"""Workspaces and previews in the database: the same in every database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devgem.domain.app import App, Commit, Repository
from devgem.domain.errors import Conflict
from devgem.source.workspace import History, Write
from devgem.store import Fact, Order, Store, WorkspaceRow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REPOSITORY = Repository("https://example.com/hello.git", "main", "web")
COMMIT = Commit("a" * 40, subject="The first")
HISTORY = History().add([Write("ü.txt", "a\n\u2028")], "Write").to_json()
ROW = WorkspaceRow("hello", "cnv_1", REPOSITORY, COMMIT, HISTORY)


async def add_app(store: Store, name: str) -> None:
    async with store.write() as transaction:
        await transaction.apps.add(App(name, REPOSITORY, "local", NOW))


async def put(store: Store, row: WorkspaceRow) -> WorkspaceRow:
    async with store.write() as transaction:
        return await transaction.workspaces.put(row)


async def test_a_workspace_comes_back_as_it_was_put(store: Store, other_store: Store) -> None:
    row = await put(store, ROW)
    row = await put(store, replace(row, deployed="patch", deployment="dep_1", branch={"name": "devgem/x", "sha": "1"}))
    async with other_store.read() as transaction:
        assert await transaction.workspaces.find("hello", "cnv_1") == row
        assert await transaction.workspaces.find("hello", "cnv_2") is None
    assert row.version == 2
    assert History.from_json(row.history).checkpoints[0].summary == "Write"


async def test_what_was_made_of_an_older_version_is_refused(store: Store, other_store: Store) -> None:
    row = await put(store, ROW)
    await put(other_store, replace(row, deployed="theirs"))
    for stale in (row, ROW):
        with pytest.raises(Conflict) as caught:
            await put(store, replace(stale, deployed="ours"))
        assert caught.value.code == "workspace_changed"
    async with store.read() as transaction:
        found = await transaction.workspaces.find("hello", "cnv_1")
    assert found is not None
    assert found.deployed == "theirs"


async def test_workspaces_go_with_their_app(store: Store) -> None:
    await add_app(store, "hello")
    await put(store, ROW)
    async with store.write() as transaction:
        await transaction.apps.remove("hello")
    async with store.read() as transaction:
        assert await transaction.workspaces.find("hello", "cnv_1") is None


async def test_previews_are_no_apps_of_their_own(store: Store) -> None:
    for name in ("hello--preview", "hello"):
        await add_app(store, name)
    async with store.read() as transaction:
        assert [row.name for row in await transaction.apps.page()] == ["hello"]
        assert [row.name for row in await transaction.apps.page(previews=True)] == ["hello", "hello--preview"]
        assert [row.name for row in await transaction.apps.previews()] == ["hello--preview"]
        known = await transaction.apps.of_repository(REPOSITORY.location, REPOSITORY.dir)
    assert known is not None
    assert known.name == "hello"
    async with store.write() as transaction:
        await transaction.events.tell_of_app("hello--preview", [Fact("traffic.shifted", {})])
        await transaction.events.tell_of_app("hello", [Fact("traffic.shifted", {})])
    assert [len(await store.events(stream)) for stream in ("app:hello--preview", "app:hello", "apps:operator")] == [
        1,
        1,
        1,
    ]


async def test_an_order_keeps_its_commit_and_edits(store: Store) -> None:
    await add_app(store, "hello")
    order = Order(REPOSITORY, "local", own=True, reason="edits", commit=COMMIT, patch="diff --git\n")
    async with store.write() as transaction:
        requested = Fact("deployment.requested", {"deployment": "dep_1", "app": "hello"})
        await transaction.deployments.add("dep_1", "hello", order, requested)
    async with store.read() as transaction:
        assert (await transaction.deployments.get("dep_1")).order == order
        assert await transaction.deployments.find("dep_2") is None
