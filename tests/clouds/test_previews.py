"""What the local cloud does otherwise for an app and its preview."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.app import Build, Image
from devgem.domain.ids import preview_of

from .builds import SHELL, Yard, shell
from .rig import Edge, edge_here


@pytest.fixture
async def edge(real_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_here(real_sandbox, tmp_path) as edge:
        yield edge


async def test_a_preview_answers_beside_its_app_and_leaves_the_data_alone(edge: Edge) -> None:
    await edge.deploy(1)
    migrate = ("sh", "-c", "echo migrated; exit 3")
    preview = preview_of("shop")
    spec = replace(await edge.spec(1, "wrong_port", release=(migrate,)), app=preview)

    assert await edge.client.release(spec) is None
    async for _ in edge.client.verify(preview, 1):
        pass
    await edge.client.shift(preview, {1: 100})

    assert await edge.get("/", f"{preview}.localhost") == (200, "hello from an app")
    assert await edge.get() == (200, "hello from an app")
    lines = [line.text async for line in edge.logs.read(preview)]
    assert "migrated" not in lines
    assert any("release commands are not run for a preview" in line for line in lines)
    await edge.client.delete(preview)
    assert (await edge.get("/", f"{preview}.localhost"))[0] == 404
    assert (await edge.get())[0] == 200


async def test_an_app_and_its_preview_are_built_at_once_with_the_same_dependencies(
    real_sandbox: Sandbox, tmp_path: Path
) -> None:
    yard = Yard(tmp_path, real_sandbox)
    plan = replace(
        SHELL,
        install=(shell("mkdir lib && sleep 0.3 && echo kept > lib/a"),),
        install_inputs=("lock",),
        deps=("lib",),
        build=(shell("cat lib/a > built"),),
    )
    sources = [yard.source({"lock": "1", "page": str(number)}, f"source{number}") for number in range(2)]

    orders = [yard.order(source, plan) for source in sources]
    ends = await asyncio.gather(*(_end(yard, order) for order in orders))

    assert all(isinstance(end, Image) for end in ends), ends
    assert len(yard.layers()) == 1


async def _end(yard: Yard, order: Build) -> object:
    *_, end = [item async for item in yard.builder.build(order)]
    return end
