"""A pipeline with its neighbours in a folder."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from devgem.domain.app import Repository
from devgem.domain.deployment import Deployment, Status
from devgem.domain.event import Event
from devgem.pipeline import DeployRequest, Limits, Pipeline
from devgem.pipeline.parts import Sources
from devgem.store import AppRow, DeploymentRow, Store
from tests.contracts.postgres import Server, running_server
from tests.pipeline.peers import FolderSources, JournalCloud, detect, write_repository

KEY = b"k" * 32
_LAST = {"deployment.live", "deployment.failed", "deployment.cancelled", "deployment.superseded"}


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
        async with asyncio.timeout(60):
            async for _ in self.until(id, lambda event: event.type in _LAST):
                pass
        return (await self.row(id)).state

    async def until(self, id: str, reached: Callable[[Event], bool]) -> AsyncIterator[Event]:
        async with aclosing(self.store.follow(f"deployment:{id}")) as batches:
            async for batch in batches:
                for event in batch:
                    yield event
                    if reached(event):
                        return

    async def reached(self, id: str, type: str, **data: Any) -> Event:
        """The first event of this type with this data, once it is there."""
        async with asyncio.timeout(30):
            *_, event = [
                event
                async for event in self.until(
                    id, lambda event: event.type == type and data.items() <= event.data.items()
                )
            ]
        return event

    async def reached_in(self, stream: str, type: str) -> None:
        """Returns once a stream has an event of this type."""
        async with asyncio.timeout(30), aclosing(self.store.follow(stream)) as batches:
            async for batch in batches:
                if any(event.type == type for event in batch):
                    return

    async def row(self, id: str) -> DeploymentRow:
        async with self.store.read() as transaction:
            return await transaction.deployments.get(id)

    async def app(self, name: str) -> AppRow:
        async with self.store.read() as transaction:
            return await transaction.apps.get(name)

    async def at_rest(self) -> None:
        """Returns once nobody acts on any app."""
        async with asyncio.timeout(60):
            while True:
                async with self.store.read() as transaction:
                    held = await transaction.apps.held()
                    waiting = await transaction.deployments.page(statuses=[Status.WAITING])
                if not held and not waiting:
                    return
                await asyncio.sleep(0.01)

    async def events(self, stream: str) -> list[Event]:
        return list(await self.store.events(stream, limit=100_000))


@dataclass(frozen=True)
class Databases:
    store: str
    workflows: str

    @classmethod
    def embedded(cls, folder: Path) -> Self:
        return cls(f"sqlite:///{folder / 'devgem.db'}", f"sqlite:///{folder / 'workflows.db'}")


@asynccontextmanager
async def run_house(
    folder: Path,
    store: Store,
    cloud: JournalCloud,
    workflows_url: str,
    limits: Limits | None = None,
    sources: Sources | None = None,
) -> AsyncIterator[House]:
    pipeline = Pipeline(
        store=store,
        sources=sources or FolderSources(folder / "checkouts"),
        detect=detect,
        clouds={"local": cloud},
        workflows_url=workflows_url,
        limits=limits,
    )
    await pipeline.start()
    try:
        yield House(folder, store, cloud, pipeline)
    finally:
        await pipeline.close()
        await cloud.close()
        await store.close()


@asynccontextmanager
async def open_house(
    folder: Path,
    limits: Limits | None = None,
    databases: Databases | None = None,
    *,
    key: bytes = KEY,
    busy_seconds: float = 60,
) -> AsyncIterator[House]:
    databases = databases or Databases.embedded(folder)
    store = await Store.open(databases.store, key=key, busy_seconds=busy_seconds)
    async with run_house(folder, store, JournalCloud(folder / "cloud"), databases.workflows, limits) as house:
        yield house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server
