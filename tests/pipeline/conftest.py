"""A pipeline with its neighbours in a folder."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devgem.domain.app import Repository
from devgem.domain.deployment import Deployment
from devgem.domain.event import Event
from devgem.pipeline import DeployRequest, Limits, Pipeline
from devgem.store import Store
from tests.pipeline.peers import FolderSources, JournalCloud, detect, write_repository

KEY = b"k" * 32


@dataclass(frozen=True)
class House:
    """Everything of one pipeline. `folder` outlives it."""

    folder: Path
    store: Store
    cloud: JournalCloud
    pipeline: Pipeline

    def repository(self, name: str = "hello", **behaviour: Any) -> Repository:
        return write_repository(self.folder / "repositories" / name, **behaviour)

    async def deploy(self, repository: Repository, **request: Any) -> Deployment:
        return await self.pipeline.deploy(DeployRequest(repository, **request))

    async def ended(self, id: str) -> Deployment:
        """The deployment, once it has had its last event and its turn is over."""
        events = [event async for event in self.until(id, lambda event: _is_last(event.type))]
        assert events
        async with self.store.read() as transaction:
            return (await transaction.deployments.get(id)).state

    async def until(self, id: str, reached: Callable[[Event], bool]) -> AsyncIterator[Event]:
        async for batch in self.store.follow(f"deployment:{id}"):
            for event in batch:
                yield event
                if reached(event):
                    return

    async def events(self, stream: str) -> list[Event]:
        return list(await self.store.events(stream, limit=100_000))


def _is_last(type: str) -> bool:
    return type in {
        "deployment.live",
        "deployment.failed",
        "deployment.cancelled",
        "deployment.superseded",
    }


@asynccontextmanager
async def open_house(folder: Path, limits: Limits | None = None) -> AsyncIterator[House]:
    store = await Store.open(f"sqlite:///{folder / 'devgem.db'}", key=KEY)
    cloud = JournalCloud(folder / "cloud")
    pipeline = Pipeline(
        store=store,
        sources=FolderSources(folder / "checkouts"),
        detect=detect,
        clouds={"local": cloud},
        workflows_url=f"sqlite:///{folder / 'workflows.db'}",
        limits=limits,
    )
    await pipeline.start()
    try:
        yield House(folder, store, cloud, pipeline)
    finally:
        await pipeline.close()
        await cloud.close()
        await store.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened
