"""What the edge does otherwise for the preview of an app."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.ids import preview_of

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
