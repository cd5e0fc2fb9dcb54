"""Editing what is deployed: from an edit to the live app, its preview, and back."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devgem.domain.app import Repository
from devgem.domain.errors import Conflict, InvalidInput, NotFound
from devgem.pipeline import DeployRequest, Limits, OpenWorkspace, Workspaces
from devgem.source import Policy, Sources
from devgem.source.workspace import Edit, Replacement, Write
from devgem.store import Store
from tests.pipeline.conftest import KEY, Databases, House, run_house
from tests.pipeline.peers import JournalCloud, write_repository

PAGE = "<h1>Shop</h1>\n" + "".join(f"<p>{n}</p>\n" for n in range(30)) + "<footer>2024</footer>\n"


@dataclass(frozen=True)
class Bench:
    house: House
    workspaces: Workspaces
    repository: Repository

    async def open(self, conversation: str = "one") -> OpenWorkspace:
        return await self.workspaces.open("hello", conversation)

    async def redeploy(self, **behaviour: Any) -> str:
        """The repository's folder as it is, perhaps changed."""
        if behaviour:
            write_repository(Path(self.repository.location), **behaviour)
        return await self.live(await self.house.deploy(self.repository))

    async def live(self, deployment: Any) -> str:
        ended = await self.house.ended(deployment.id)
        assert ended.status == "live", ended.failure
        return str(ended.id)


@asynccontextmanager
async def opened(folder: Path, limits: Limits | None = None) -> AsyncIterator[Bench]:
    store = await Store.open(Databases.embedded(folder).store, key=KEY)
    sources = Sources(folder / "sources", Policy())
    cloud = JournalCloud(folder / "cloud")
    repository = write_repository(folder / "repositories/hello")
    (Path(repository.location) / "page.html").write_text(PAGE)
    async with run_house(folder, store, cloud, Databases.embedded(folder).workflows, limits, sources) as house:
        yield Bench(house, Workspaces(store, sources, house.pipeline), repository)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as bench:
        await bench.redeploy()
        yield bench


async def test_an_edit_becomes_a_live_revision_of_the_same_commit(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.edit("behaviour.json", "{}", '{"env_required": ["EDITED"]}')
    deployment = await workspace.deploy()
    await bench.live(deployment)

    row = await bench.house.row(deployment.id)
    assert row.plan is not None
    assert row.plan.env_required == ("EDITED",)
    async with bench.house.store.read() as transaction:
        new, old = await transaction.revisions.of("hello")
    assert (new.commit, new.number, old.edits) == (old.commit, 2, None)
    assert new.edits
    requested = (await bench.house.events(f"deployment:{deployment.id}"))[0]
    assert (requested.data["edits"], requested.data["reason"]) == (new.edits, "edits")
    assert json.loads((Path(bench.repository.location) / "behaviour.json").read_text()) == {}


async def test_files_are_listed_read_and_searched_with_the_edits_on_them(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.write("src/new.js", "const Shop = 1\n")
    await workspace.delete("behaviour.json")
    assert await workspace.files() == ["page.html", "src/new.js"]
    assert await workspace.files("src") == ["src/new.js"]
    assert await workspace.read("page.html") == PAGE
    with pytest.raises(NotFound):
        await workspace.read("behaviour.json")
    found = [(match.path, match.line) for match in await workspace.search("shop")]
    assert found == [("page.html", 1), ("src/new.js", 1)]


async def test_only_accepted_hunks_go_live_and_the_others_stay(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.apply(
        [Replacement("page.html", "Shop", "Store"), Replacement("page.html", "2024", "2025")], "Two things"
    )
    (file,) = (await workspace.diff()).files
    assert len(file.hunks) == 2
    await bench.live(await workspace.deploy([file.hunks[1].id]))

    workspace = await bench.open()
    assert await workspace.is_pending()
    (rest,) = (await workspace.diff()).files
    assert [hunk.id for hunk in rest.hunks] == [file.hunks[0].id]
    live = await bench.open("another")
    assert "2025" in await live.read("page.html")
    assert "<h1>Shop</h1>" in await live.read("page.html")


async def test_undo_redo_restore_and_discard_are_kept(bench: Bench) -> None:
    workspace = await bench.open()
    first = await workspace.edit("page.html", "Shop", "One")
    await workspace.edit("page.html", "One", "Two")
    assert await workspace.undo() == first.id
    assert "One" in await (await bench.open()).read("page.html")
    assert await workspace.redo() == "c2"
    assert await workspace.restore(None) is None
    assert await workspace.read("page.html") == PAGE
    await workspace.restore("c2")
    assert await workspace.discard() == "c3"
    reopened = await bench.open()
    assert (await reopened.diff()).files == []
    await reopened.undo()
    assert "Two" in await reopened.read("page.html")


async def test_two_writers_do_not_undo_each_other(bench: Bench) -> None:
    one, other = await bench.open(), await bench.open()
    await one.edit("page.html", "Shop", "One")
    with pytest.raises(Conflict) as caught:
        await other.edit("page.html", "Shop", "Other")
    assert caught.value.code == "workspace_changed"
    assert "One" in await (await bench.open()).read("page.html")


async def test_an_edit_that_is_refused_leaves_no_checkpoint(bench: Bench) -> None:
    workspace = await bench.open()
    refused: Sequence[Sequence[Edit]] = (
        [Write("a", "x"), Replacement("page.html", "absent", "x")],
        [Write("../a", "")],
        [Write("page.html", PAGE)],
    )
    for edits in refused:
        with pytest.raises((Conflict, InvalidInput)):
            await workspace.apply(edits, "")
    assert workspace.checkpoints == ()
    with pytest.raises(Conflict) as caught:
        await workspace.deploy()
    assert caught.value.code == "no_edits"


async def test_another_conversation_begins_with_what_is_live(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.edit("page.html", "Shop", "Store")
    await bench.live(await workspace.deploy())
    other = await bench.open("other")
    assert "Store" in await other.read("page.html")
    assert (await other.diff()).files == []
    await other.edit("page.html", "2024", "2025")
    await bench.live(await other.deploy())
    page = await (await bench.open("third")).read("page.html")
    assert "Store" in page
    assert "2025" in page


async def test_a_plain_deployment_goes_back_to_the_repository_and_says_so(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.edit("page.html", "Shop", "Store")
    await bench.live(await workspace.deploy())
    plain = await bench.redeploy()
    said = [event.data["text"] for event in await bench.house.events(f"deployment:{plain}") if event.type == "log"]
    assert any("v2 is live with edits" in text for text in said)
    reopened = await bench.open()
    assert await reopened.read("page.html") == PAGE
    assert not await reopened.is_pending()


async def test_edits_that_are_not_live_are_brought_onto_a_newer_commit(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.edit("page.html", "Shop", "Store")
    (Path(bench.repository.location) / "page.html").write_text("<!doctype html>\n" + PAGE)
    await bench.redeploy(lines=1)
    with pytest.raises(Conflict) as caught:
        await workspace.deploy()
    assert caught.value.code == "edits_behind"

    workspace = await bench.open()
    assert not workspace.is_behind
    assert workspace.checkpoint == "c2", "a name is never given twice"
    assert (await workspace.read("page.html")).startswith("<!doctype html>\n<h1>Store</h1>")
    await bench.live(await workspace.deploy())
    assert (await (await bench.open()).diff()).files == []


async def test_edits_that_do_not_go_with_a_newer_commit_stay_as_they_are(bench: Bench) -> None:
    await (await bench.open()).edit("page.html", "Shop", "Store")
    (Path(bench.repository.location) / "page.html").write_text("<h1>Market</h1>\n")
    await bench.redeploy(lines=1)
    workspace = await bench.open()
    assert workspace.is_behind
    for act in (workspace.rebase, workspace.deploy):
        with pytest.raises(Conflict):
            await act()
    assert "Store" in await (await bench.open()).read("page.html")
    await workspace.discard()
    assert await (await bench.open()).read("page.html") == "<h1>Market</h1>\n"


async def test_edits_of_two_conversations_do_not_undo_each_other(bench: Bench) -> None:
    one, other = await bench.open("one"), await bench.open("other")
    await one.edit("page.html", "Shop", "Store")
    await other.edit("page.html", "2024", "2025")
    await bench.live(await one.deploy())
    with pytest.raises(Conflict) as caught:
        await other.deploy()
    assert caught.value.code == "edits_behind"
    await bench.live(await (await bench.open("other")).deploy())
    page = await (await bench.open("third")).read("page.html")
    assert "Store" in page
    assert "2025" in page


async def test_after_a_rollback_edits_begin_at_what_is_live(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.edit("page.html", "Shop", "Store")
    await bench.live(await workspace.deploy())
    await bench.house.pipeline.rollback("hello")
    assert await (await bench.open()).read("page.html") == PAGE


async def test_edits_whose_deployment_was_cancelled_are_still_to_become_live(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.write("behaviour.json", '{"hang": "build"}')
    deployment = await workspace.deploy()
    await bench.house.reached(deployment.id, "step.started", step="build")
    await bench.house.pipeline.cancel(deployment.id)
    assert (await bench.house.ended(deployment.id)).status == "cancelled"
    workspace = await bench.open()
    assert not workspace.is_behind
    assert [file.path for file in (await workspace.diff()).files] == ["behaviour.json"]
    await workspace.edit("behaviour.json", '"build"', "null")
    await bench.live(await workspace.deploy())


async def test_a_failed_deployment_is_what_is_mended(bench: Bench) -> None:
    write_repository(Path(bench.repository.location), verify="fail")
    failed = await bench.house.ended((await bench.house.deploy(bench.repository)).id)
    assert failed.status == "failed"
    workspace = await bench.open()
    await workspace.edit("behaviour.json", '"fail"', "null")
    await bench.live(await workspace.deploy())
    assert bench.house.cloud.traffic("hello") == {3: 100}


async def test_edits_that_fail_leave_the_last_good_revision_and_can_be_mended(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.write("behaviour.json", '{"build": "fail"}')
    failed = await bench.house.ended((await workspace.deploy()).id)
    assert failed.status == "failed"
    assert bench.house.cloud.traffic("hello") == {1: 100}
    workspace = await bench.open()
    await workspace.edit("behaviour.json", '"fail"', "null")
    await bench.live(await workspace.deploy())


async def test_an_app_that_was_never_deployed_has_nothing_to_edit(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await bench.workspaces.open("none", "one")
    broken = write_repository(Path(bench.repository.location).with_name("broken"))
    (Path(broken.location) / "out").symlink_to("/etc")
    await bench.house.ended((await bench.house.deploy(broken, app="broken")).id)
    with pytest.raises(Conflict):
        await bench.workspaces.open("broken", "one")


async def test_a_preview_runs_beside_the_app_and_then_goes_live_without_a_build(bench: Bench) -> None:
    await bench.house.pipeline.set_env("hello", set={"GREETING": "good morning"})
    workspace = await bench.open()
    await workspace.edit("page.html", "Shop", "Store")
    preview = await workspace.preview()
    await bench.live(preview)
    cloud = bench.house.cloud
    assert preview.app == "hello--preview"
    assert (await bench.house.row(preview.id)).state.url == "http://hello--preview.localhost:8081"
    assert (cloud.traffic("hello"), cloud.traffic("hello--preview")) == ({1: 100}, {1: 100})
    assert cloud.env("hello--preview", 1) == {"GREETING": "good morning"}
    async with bench.house.store.read() as transaction:
        assert [row.name for row in await transaction.apps.page()] == ["hello"]
        assert [row.name for row in await transaction.apps.page(previews=True)] == ["hello", "hello--preview"]
    assert all(event.data["app"] == "hello" for event in await bench.house.events("apps:operator"))

    live = await workspace.deploy()
    await bench.live(live)
    await bench.house.reached_in("app:hello--preview", "app.removed")
    await bench.house.at_rest()
    assert (await bench.house.row(live.id)).state.steps["build"].status == "skipped"
    assert cloud.running == {"hello@2"}
    async with bench.house.store.read() as transaction:
        assert await transaction.apps.previews() == []


async def test_a_preview_is_replaced_and_goes_when_the_edits_or_the_app_do(bench: Bench) -> None:
    workspace = await bench.open()
    for text in ("One", "Two"):
        await workspace.apply([Write("page.html", text)], text)
        await bench.live(await workspace.preview())
    assert bench.house.cloud.running == {"hello@1", "hello--preview@2"}
    await workspace.discard()
    await bench.house.reached_in("app:hello--preview", "app.removed")
    assert bench.house.cloud.running == {"hello@1"}

    await workspace.edit("page.html", "Shop", "Store")
    await bench.live(await workspace.preview())
    await bench.house.pipeline.remove("hello")
    await bench.house.at_rest()
    assert bench.house.cloud.running == set()


async def test_a_preview_ends_after_a_while(tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        await bench.redeploy()
        workspace = await bench.open()
        await workspace.edit("page.html", "Shop", "Store")
        await bench.live(await workspace.preview())
        await bench.house.at_rest()
    async with opened(tmp_path, Limits(preview_seconds=0)) as bench:
        await bench.house.reached_in("app:hello--preview", "app.removed")
        assert bench.house.cloud.running == {"hello@1"}
        assert "Store" in await (await bench.open()).read("page.html")


async def test_nobody_names_an_app_like_a_preview_or_deploys_edits_of_no_commit(bench: Bench) -> None:
    for request in (
        DeployRequest(bench.repository, app="x--preview"),
        DeployRequest(bench.repository, app="hello", patch="rm -rf"),
        DeployRequest(bench.repository, app="hello", patch="diff --git a/f b/f\nnew file mode 100644\n"),
        DeployRequest(bench.repository, preview=True),
    ):
        with pytest.raises(InvalidInput):
            await bench.house.pipeline.deploy(request)


async def test_edits_that_are_made_live_twice_are_one_deployment(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.write("behaviour.json", '{"hang": "build"}')
    for act in (workspace.preview, workspace.deploy):
        one, other = await act(), await act()
        assert one.id == other.id
    again = await (await bench.open()).deploy()
    assert again.id == one.id
    (Path(bench.house.folder) / "cloud/go").touch()
    await bench.live(one)
    await bench.house.at_rest()
    assert bench.house.cloud.traffic("hello") == {2: 100}


async def test_a_worker_has_no_preview(bench: Bench) -> None:
    workspace = await bench.open()
    await workspace.write("behaviour.json", '{"kind": "worker"}')
    failed = await bench.house.ended((await workspace.preview()).id)
    assert failed.failure is not None
    assert failed.failure["code"] == "preview_of_worker"
    assert bench.house.cloud.running == {"hello@1"}
    await bench.live(await workspace.deploy())
