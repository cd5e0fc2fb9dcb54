"""A pipeline over the real local cloud: sources, sandbox, builder, edge and gateway."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devgem.config import Paths, Settings
from devgem.domain.app import Repository
from devgem.domain.deployment import Deployment
from devgem.pipeline import DeployRequest, Pipeline, Workspaces
from devgem.stack import detect
from devgem.store import Store
from devgem.wiring import edge, keys, local


@dataclass(frozen=True)
class LocalHouse:
    folder: Path
    store: Store
    pipeline: Pipeline
    workspaces: Workspaces
    apps_port: int

    def repository(self, name: str, files: Mapping[str, str]) -> Repository:
        root = self.folder / "repositories" / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return Repository(str(root))

    async def deploy(self, repository: Repository, app: str) -> Deployment:
        return await self.live(await self.pipeline.deploy(DeployRequest(repository, app=app, own=True)))

    async def live(self, deployment: Deployment) -> Deployment:
        async with asyncio.timeout(120):
            async for batch in self.store.follow(f"deployment:{deployment.id}"):
                last = batch[-1].type
                if last.startswith("deployment.") and last not in ("deployment.requested", "deployment.started"):
                    break
        async with self.store.read() as transaction:
            state = (await transaction.deployments.get(deployment.id)).state
        assert state.status == "live", state.failure
        return state

    async def get(self, host: str) -> tuple[int, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.apps_port)
        try:
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}.localhost\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
            await writer.wait_closed()
        return int(head.split(b" ")[1]), body.decode()

    async def seconds_until(self, host: str, text: str, since: float) -> float:
        """From `since` (of time.perf_counter) to the first answer that holds a text."""
        async with asyncio.timeout(60):
            while text not in (await self.get(host))[1]:
                await asyncio.sleep(0.005)
        return time.perf_counter() - since


@asynccontextmanager
async def open_local_house(folder: Path) -> AsyncIterator[LocalHouse]:
    port = _free_port()
    settings = Settings(data_dir=folder / "data", port=port - 1, apps_port=port)
    paths = Paths(settings.data_dir)
    paths.root.mkdir(mode=0o700)
    key = keys.secret_key(settings, paths)
    begun = edge.begin(settings, paths)
    assert begun is not None
    store = await Store.open(f"sqlite:///{paths.database}", key=key)
    sandbox = await local.open_sandbox()
    sources = local.sources(settings, paths, sandbox)
    try:
        async with local.cloud(settings, paths, sandbox, sources, key, begun) as (cloud, _):
            pipeline = Pipeline(
                store=store,
                sources=sources,
                detect=detect,
                clouds={cloud.name: cloud},
                workflows_url=f"sqlite:///{paths.workflows}",
            )
            await pipeline.start()
            try:
                workspaces = Workspaces(store, sources, pipeline)
                yield LocalHouse(folder, store, pipeline, workspaces, port)
            finally:
                await pipeline.close()
    finally:
        await edge.stop(paths.cloud)
        begun.process.wait()
        await store.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
