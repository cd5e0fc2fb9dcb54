"""A dashboard over a real database, served by a real server on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn

from devgem.config import Settings
from devgem.pipeline import Pipeline
from devgem.source import Policy, Sources
from devgem.stack import detect
from devgem.store import Store
from devgem.web.app import create_app
from devgem.web.parts import Isolation, Parts
from devgem.web.sign_in import SignIn
from devgem.web.socket import Sockets
from devgem.web.streams import Streams
from devgem.wiring import agent, tools

TOKEN = "operator-token"


@dataclass(frozen=True)
class Dashboard:
    url: str
    store: Store
    parts: Parts

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws"

    def client(self, *, token: str | None = TOKEN, **headers: str) -> httpx2.AsyncClient:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=self.url, headers=authorization | headers, trust_env=False)


@asynccontextmanager
async def dashboard_on(folder: Path) -> AsyncIterator[Dashboard]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    store = await Store.open(f"sqlite:///{folder / 'devgem.sqlite'}", key=b"k" * 32)
    sources = Sources(folder / "sources", Policy())
    workflows = f"sqlite:///{folder / 'workflows.sqlite'}"
    pipeline = Pipeline(store=store, sources=sources, detect=detect, clouds={}, workflows_url=workflows)
    settings = Settings(data_dir=folder)
    parse = tools.parser(settings)
    (folder / "static").mkdir(exist_ok=True)
    (folder / "static" / "index.html").write_text("<!doctype html><title>DevGem</title>")

    async def examine() -> list[object]:
        return []

    conversations = agent.conversations(
        store, pipeline, {}, sources=sources, parse=parse, plan=lambda repository: tools.plan(sources, repository)
    )
    streams = Streams(store, {})
    parts = Parts(
        store=store,
        pipeline=pipeline,
        clouds={},
        conversations=conversations,
        sign_in=SignIn(store, TOKEN),
        streams=streams,
        sockets=Sockets(streams),
        origins=[url],
        isolation=Isolation("L1", "sandbox"),
        parse=parse,
        detect=lambda repository: tools.plan(sources, repository),
        examine=examine,  # type: ignore[arg-type]  # nothing is examined here
        is_draining=lambda: server.should_exit,
        static=folder / "static",
    )
    config = uvicorn.Config(create_app(parts), ws="websockets-sansio", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield Dashboard(url, store, parts)
    server.should_exit = True
    await serving
    await conversations.close()
    await store.close()


@pytest.fixture
async def dashboard(tmp_path: Path) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path) as running:
        yield running
