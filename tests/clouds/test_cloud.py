"""The local cloud as the pipeline uses it: a real builder, a real edge, a real gateway."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from devgem.clouds import Cloud
from devgem.clouds.local.cloud import LocalCloud
from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.app import Check, Image, Progress, Proof, Revision, Traffic
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Kind, Stack

from .builds import SITE, Yard
from .rig import APPS, PYTHON, Edge, edge_here, until
from .test_edge_survival import edge_process

PLAN = BuildPlan(Stack("python", kind=Kind.SERVER), start=(PYTHON, "good.py"), env_names=("TOKEN",))


@dataclass
class Land:
    """A cloud, with what a test needs to look behind it."""

    cloud: Cloud
    edge: Edge
    yard: Yard

    async def build(self, plan: BuildPlan, files: dict[str, str | bytes]) -> Image:
        items = [item async for item in self.cloud.build(self.yard.order(self.yard.source(files), plan))]
        assert isinstance(items[-1], Image), items[-1]
        return items[-1]

    async def revision(self, number: int, plan: BuildPlan = PLAN, **env: str) -> Revision:
        files: dict[str, str | bytes] = {path.name: path.read_bytes() for path in APPS.glob("*.py")}
        image = await self.build(plan, files if plan is PLAN else {"index.html": "<h1>a page</h1>"})
        return Revision("shop", number, f"dep_{number}", image, plan, env)

    async def deploy(self, revision: Revision) -> Proof:
        assert await self.cloud.release(revision) is None
        *_, proof = [item async for item in self.cloud.verify(revision)]
        assert isinstance(proof, Proof), proof
        await self.cloud.shift(revision.app, Traffic({revision.number: 100}))
        return proof


@contextlib.asynccontextmanager
async def cloud_over(edge: Edge, yard: Yard) -> AsyncIterator[Land]:
    client = EdgeClient(EdgePaths(edge.root).socket, patience_seconds=15)
    cloud: Cloud = LocalCloud(
        yard.builder, client, edge.logs, lambda own: Check("isolation", own, "by a test"), public_port=edge.port
    )
    try:
        yield Land(cloud, edge, yard)
    finally:
        await cloud.close()


@pytest.fixture
async def land(real_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Land]:
    yard = Yard(tmp_path, real_sandbox)
    async with edge_here(real_sandbox, tmp_path / "cloud") as edge, cloud_over(edge, yard) as land:
        yield land


async def test_an_app_goes_from_its_files_to_a_url_and_away_again(land: Land) -> None:
    proof = await land.deploy(await land.revision(1, TOKEN="open-sesame-42"))
    assert proof.status == 200
    assert await land.cloud.url("shop") == f"http://shop.localhost:{land.edge.port}"
    assert await land.edge.get("/env/TOKEN", f"shop.localhost:{land.edge.port}") == (200, "open-sesame-42")
    [instance] = await land.cloud.instances("shop")
    assert (instance.revision, instance.state) == (1, "ready")
    [counts] = (await land.cloud.signals("shop", timedelta(hours=1))).revisions
    assert counts.by_status == {"2xx": 1}
    await land.cloud.delete("shop")
    assert await land.cloud.instances("shop") == []
    assert [line async for line in land.cloud.logs("shop")] == []
    assert (await land.edge.get())[0] == 404
    for folder in ("logs", "edge/apps", "edge/work", "layers"):
        assert list((land.edge.root / folder).iterdir()) == []


async def test_a_static_site_needs_no_instance(land: Land) -> None:
    proof = await land.deploy(await land.revision(1, SITE))
    assert proof.status == 200
    assert await land.edge.get() == (200, "<h1>a page</h1>")
    assert await land.cloud.instances("shop") == []
    await land.cloud.restart("shop")


async def test_logs_are_followed_across_a_restart(land: Land) -> None:
    await land.deploy(await land.revision(1))
    texts: list[str] = []

    async def follow() -> None:
        async for line in land.cloud.logs("shop", since=datetime.now(UTC) - timedelta(minutes=1), follow=True):
            texts.append(line.text)

    following = asyncio.create_task(follow())
    await land.edge.get("/before")
    await land.cloud.restart("shop")
    await land.edge.get("/after")

    async def both() -> bool:
        return any("/before" in text for text in texts) and any("/after" in text for text in texts)

    await until(both)
    following.cancel()
    tail = [line async for line in land.cloud.logs("shop", tail=2)]
    assert [line.seq for line in tail] == [tail[1].seq - 1, tail[1].seq]


async def test_a_failed_verification_shows_the_log_and_the_cause(land: Land) -> None:
    plan = BuildPlan(Stack("python", kind=Kind.SERVER), start=(PYTHON, "-c", "import os; os.environ['TOKEN']"))
    revision = Revision("shop", 1, "dep_1", await land.build(plan, {"a": ""}), plan)
    assert await land.cloud.release(revision) is None
    items = [item async for item in land.cloud.verify(revision)]
    assert any(isinstance(item, LogLine) and item.text == "KeyError: 'TOKEN'" for item in items)
    assert all(isinstance(item, LogLine | Progress) for item in items[:-1])
    assert cast(Failure, items[-1]).code == "missing_env"
    await land.cloud.discard(revision)
    await land.cloud.discard(revision)
    assert await land.cloud.instances("shop") == []


async def test_preflight_tells_of_isolation_and_tools(land: Land) -> None:
    checks = await land.cloud.preflight(PLAN, own=False)
    assert checks[0] == Check("isolation", False, "by a test")


async def test_a_revision_whose_edge_died_is_verified_in_the_next(real_sandbox: Sandbox, tmp_path: Path) -> None:
    yard = Yard(tmp_path, real_sandbox)
    async with contextlib.AsyncExitStack() as stack:
        async with edge_process(tmp_path / "cloud") as (edge, process, _):
            land = await stack.enter_async_context(cloud_over(edge, yard))
            revision = await land.revision(1)
            assert await land.cloud.release(revision) is None
            process.kill()
            await process.wait()
        async with edge_here(real_sandbox, tmp_path / "cloud"):
            *_, proof = [item async for item in land.cloud.verify(revision)]
            assert isinstance(proof, Proof)
            await land.cloud.shift("shop", Traffic({1: 100}))
            assert [instance.state for instance in await land.cloud.instances("shop")] == ["ready"]
