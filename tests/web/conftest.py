"""A dashboard over a real database, served by a real server on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from pydantic_ai.models.function import FunctionModel
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from devgem.agent.brain import Asker, Brain, Choose
from devgem.agent.conversation import Conversations
from devgem.agent.parts import Parts as AgentParts
from devgem.clouds import Cloud
from devgem.clouds.domains import BaseDomain, CustomHosts
from devgem.config import Settings
from devgem.llm.offline import OfflineModel
from devgem.pipeline import Pipeline
from devgem.pipeline.domains import AppDomains
from devgem.pipeline.parts import Detect
from devgem.pipeline.push import Pushes
from devgem.pipeline.workspaces import Workspaces
from devgem.quota import Board
from devgem.quota.history import Minute
from devgem.source import Policy, Sources, Tokens
from devgem.source.credentials import no_tokens
from devgem.source.github import GitHub
from devgem.source.github.oauth import GitHubOAuth
from devgem.stack import detect
from devgem.store import Store
from devgem.web.app import create_app
from devgem.web.github_sign_in import GitHubSignIn
from devgem.web.github_tokens import GitHubTokens
from devgem.web.parts import Isolation, Parts, Spent
from devgem.web.sign_in import SignIn
from devgem.web.socket import LIFETIME_SECONDS, Sockets
from devgem.web.streams import Streams
from devgem.wiring import tools
from devgem.wiring.github import inspections, on_github
from tests.agent.rig import Script
from tests.pipeline.peers import JournalCloud
from tests.standins.github import OAuthApp

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
        return httpx2.AsyncClient(base_url=self.url, headers=authorization | headers, trust_env=False, timeout=30)


async def no_endpoints(user: str) -> Board:
    return Board(endpoints=(), waiting={})


async def no_history(user: str) -> dict[str, list[Minute]]:
    return {}


async def nothing_spent(user: str) -> Spent:
    return Spent(0, None, None)


async def nobodys_token(user: str) -> str | None:
    return None


async def by_the_planner(asker: Asker) -> Brain:
    return Brain(OfflineModel(), is_metered=False)


def nowhere() -> httpx2.AsyncClient:
    """Reaches a GitHub that has nothing."""

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"message": "Not Found"}, 404)(scope, receive, send)

    return httpx2.AsyncClient(transport=httpx2.ASGITransport(not_found))


@asynccontextmanager
async def dashboard_on(
    folder: Path,
    choose: Choose | None = None,
    clouds: Mapping[str, Cloud] | None = None,
    *,
    database_url: str | None = None,
    static: Path | None = None,
    planner: Detect = detect,
    socket_seconds: float = LIFETIME_SECONDS,
    hosts: Mapping[str, CustomHosts] | None = None,
    base_domain: BaseDomain | None = None,
    webhook_secret: str | None = None,
    github_url: str = "",
    github_client: OAuthApp | None = None,
    github_app: str = "",
    public_url: str = "",
    tokens: Tokens = no_tokens,
) -> AsyncIterator[Dashboard]:
    """`choose` is the model that answers; the planner where there is none. The database is SQLite, the page an empty
    one, and GitHub has nothing, unless others are given."""
    clouds = clouds or {}
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    store = await Store.open(database_url or f"sqlite:///{folder / 'devgem.sqlite'}", key=b"k" * 32)
    github_site = github_url or "http://github.invalid"
    github = GitHub(github_url or "http://github.invalid", client=None if github_url else nowhere())
    policy = Policy(github_url=github_url or "http://127.0.0.1:9")
    sources = Sources(folder / "sources", policy, github=github, tokens=tokens)
    workflows = f"sqlite:///{folder / 'workflows.sqlite'}"
    pipeline = Pipeline(store=store, sources=sources, detect=planner, clouds=clouds, workflows_url=workflows)
    oauth = GitHubOAuth(github_site, github_client.client_id, github_client.secret) if github_client else None
    user_tokens = GitHubTokens(store, github, oauth)
    settings = Settings(data_dir=folder, github_url=policy.github_url)
    parse = tools.parser(settings)
    if static is None:
        static = folder / "static"
        static.mkdir(exist_ok=True)
        (static / "index.html").write_text("<!doctype html><title>DevGem</title>")

    async def examine() -> list[object]:
        return []

    async def base_domains() -> list[str]:
        return ["localhost", "apps.example.com"]

    domains = AppDomains(store, hosts or {}, base_domains)
    about = AgentParts(
        store,
        pipeline,
        clouds,
        parse=parse,
        plan=lambda repository, user: tools.plan(sources, repository),
        sources=sources,
        workspaces=Workspaces(store, sources, pipeline),
        domains=domains,
    )
    conversations = Conversations(about, choose or by_the_planner)
    streams = Streams(store, clouds)
    parts = Parts(
        store=store,
        pipeline=pipeline,
        clouds=clouds,
        conversations=conversations,
        sign_in=SignIn(store, TOKEN, url=public_url),
        github_sign_in=GitHubSignIn(store, github, oauth, user_tokens, site=settings.github_url, app=github_app),
        streams=streams,
        sockets=Sockets(streams, lifetime_seconds=socket_seconds),
        origins=[url, *([public_url] if public_url else [])],
        isolation=Isolation("L1", "sandbox"),
        parse=parse,
        detect=lambda repository, user: tools.plan(sources, repository),
        examine=examine,  # type: ignore[arg-type]  # nothing is examined here
        is_draining=lambda: server.should_exit,
        static=static,
        quota=no_endpoints,
        quota_history=no_history,
        spending=nothing_spent,
        domains=domains,
        base_domain=base_domain,
        pushes=Pushes(store, pipeline, github, nobodys_token, site=url, poll_seconds=0.05),
        webhook_secret=webhook_secret,
        github=on_github(settings, github, tokens),
        inspections=inspections(store, sources, github, tokens, clouds.values()),
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
    await user_tokens.close()
    if oauth is not None:
        await oauth.close()
    await github.close()
    await store.close()


@dataclass(frozen=True)
class Scripted:
    """A dashboard whose conversations are answered by a model that does as its script says."""

    dashboard: Dashboard
    script: Script


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[Scripted]:
    script = Script()
    model = FunctionModel(stream_function=script.answer, model_name="scripted")

    async def choose(asker: Asker) -> Brain:
        return Brain(model, is_metered=False)

    async with dashboard_on(tmp_path, choose, {"local": JournalCloud(tmp_path / "cloud")}) as running:
        yield Scripted(running, script)


@pytest.fixture
async def dashboard(tmp_path: Path) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path) as running:
        yield running
