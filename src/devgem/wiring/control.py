"""The control process: web, agent and pipeline over one database, with the edge beside it."""

import asyncio
import fcntl
import gc
import hmac
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

import uvicorn

from devgem.clouds.local.cloud import LocalCloud
from devgem.clouds.local.edge_client import EdgeClient
from devgem.config import Paths, Settings
from devgem.domain.deployment import Status, Step
from devgem.domain.errors import Conflict, DevGemError, Unavailable
from devgem.pipeline import DEADLINES_SECONDS, Limits, Pipeline
from devgem.source import Sources
from devgem.source.github import GitHub
from devgem.stack import detect
from devgem.store import Store
from devgem.web.app import create_app
from devgem.web.parts import Isolation, Parts
from devgem.web.session_cache import SessionCache
from devgem.web.sign_in import SignIn
from devgem.web.socket import Sockets
from devgem.web.streams import Streams
from devgem.wiring import agent, domains, edge, google, keys, local, models, push, redis, sign_in, tools
from devgem.wiring.github import inspections, on_github, token_of_build

STATIC = Path(__file__).parent.parent / "web" / "static"

_PRUNE_SECONDS = 3600.0
_KEPT_REVISIONS = 20
_LOCK_ATTEMPTS = 10

_log = logging.getLogger(__name__)


def run(settings: Settings, on_ready: Callable[[str, str], None], begun: edge.Begun | None = None) -> None:
    """Runs DevGem until it is told to stop. `on_ready` gets a one-time sign-in URL and the operator's token, in a
    thread of its own; `begun` is an edge that is starting already. Raises Conflict when DevGem already runs on this
    data folder, Unavailable for a taken port."""
    _log_to_stderr()
    edge.allow_open_files()
    try:
        asyncio.run(_run(settings, on_ready, begun))
    except DevGemError:
        if begun is not None:
            begun.process.terminate()
        raise


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("devgem").setLevel(logging.INFO)


async def _run(settings: Settings, on_ready: Callable[[str, str], None], begun: edge.Begun | None) -> None:
    models.check(settings)
    google.check(settings)
    paths = Paths(settings.data_dir)
    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(paths)
    listener = _listen(settings.host, settings.port)
    key = keys.secret_key(settings, paths)
    # The same after a restart, so that a command line that watches goes on.
    token = hmac.digest(key, b"the operator's token", "sha256").hex()
    stopping = _Stopping()
    try:
        async with _parts(settings, paths, key, token, stopping, begun) as parts:
            server = _Server(create_app(parts), parts.sockets, stopping)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await server.ready.wait()
            # What is there now stays: full collections need not look at it, which would hold up the loop.
            gc.collect()
            gc.freeze()
            _write_control_file(paths, sign_in.own_origin(settings), token)
            url = f"{parts.origins[0]}/signin?token={parts.sign_in.new_code()}"
            asyncio.get_running_loop().run_in_executor(None, on_ready, url, token)
            _log.info("ready at %s on %s", parts.origins[0], paths.root)
            await serving
        if stopping.signal == signal.SIGINT:
            await edge.stop(paths.cloud)
    finally:
        paths.control_file.unlink(missing_ok=True)
        lock.close()


class _Stopping:
    """Why the process stops, once it does. SIGINT stops the edge too; SIGTERM leaves the apps serving."""

    signal: int | None = None

    @property
    def is_set(self) -> bool:
        return self.signal is not None


class _Server(uvicorn.Server):
    """Uvicorn that tells open streams that it stops, so that they end and their clients come back to the next one."""

    def __init__(self, app: object, open_sockets: Sockets, stopping: _Stopping) -> None:
        config = uvicorn.Config(
            app,  # type: ignore[arg-type]  # uvicorn's own protocol types and Starlette's differ in name only
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=64 << 10,
            ws_per_message_deflate=False,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)
        self._open_sockets = open_sockets
        self._stopping = stopping
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._open_sockets.announce_restart()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, does not raise the signal again when the server has ended: there is more to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        yield

    def _stop(self, number: int) -> None:
        self._stopping.signal = number
        self.handle_exit(number, None)


@asynccontextmanager
async def _parts(
    settings: Settings, paths: Paths, key: bytes, token: str, stopping: _Stopping, begun: edge.Begun | None
) -> AsyncIterator[Parts]:
    async with AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value() if settings.database_url else f"sqlite:///{paths.database}"
        store = await Store.open(url, key=key)
        stack.push_async_callback(store.close)
        sandbox = await local.open_sandbox()
        github = GitHub(settings.github_api_url)
        stack.push_async_callback(github.close)
        github_sign_in = await stack.enter_async_context(sign_in.opened(settings, store, github))
        tokens = github_sign_in.tokens.of
        sources = local.sources(settings, paths, sandbox, github, tokens)
        cloud, edge_client = await stack.enter_async_context(local.cloud(settings, paths, sandbox, sources, key, begun))
        workflows = url if settings.database_url else f"sqlite:///{paths.workflows}"
        of_domains = await stack.enter_async_context(domains.domains(settings, store, edge_client, key))
        clouds = await google.ordered(
            settings,
            cloud,
            lambda there: google.cloud(
                settings, there, token_of_build(store, github, tokens), is_stopping=lambda: stopping.is_set
            ),
            of_domains.google,
        )
        if far := clouds.get("google"):
            stack.push_async_callback(far.close)
        pipeline = Pipeline(
            store=store,
            sources=sources,
            detect=detect,
            clouds=clouds,
            workflows_url=workflows,
            limits=_limits(settings),
            domains=of_domains.of_apps,
        )
        await pipeline.start()
        stack.push_async_callback(pipeline.close)
        stack.push_async_callback(_cancel, asyncio.create_task(_record_facts(edge_client, pipeline)))
        stack.push_async_callback(_cancel, asyncio.create_task(_prune(cloud, sources, store)))
        parse = tools.parser(settings)
        looking = inspections(store, sources, github, tokens, clouds.values())
        plan = tools.Plans(store, looking.look)
        of_models = models.Models(settings, store)
        stack.push_async_callback(of_models.close)
        conversations = agent.conversations(
            settings,
            store,
            pipeline,
            clouds,
            of_models,
            sources=sources,
            github=github,
            tokens=tokens,
            parse=parse,
            plan=plan.of,
            domains=of_domains.of_apps,
        )
        await conversations.start()
        stack.push_async_callback(conversations.close)
        if cache := redis.commands(settings):
            stack.push_async_callback(cache.close)
        streams = Streams(store, clouds)
        origins = sign_in.origins(settings)
        pushes = await stack.enter_async_context(push.opened(store, pipeline, github, tokens, site=origins[0]))
        yield Parts(
            store=store,
            pipeline=pipeline,
            clouds=clouds,
            conversations=conversations,
            sign_in=SignIn(store, token, SessionCache(cache.execute) if cache else None, url=settings.url),
            github_sign_in=github_sign_in,
            streams=streams,
            sockets=Sockets(streams),
            origins=origins,
            isolation=Isolation(sandbox.isolation.level, sandbox.isolation.detail),
            parse=parse,
            detect=plan.of,
            examine=lambda: tools.examine(settings, of_domains.preflight),
            is_draining=lambda: stopping.is_set,
            static=STATIC,
            quota=of_models.board,
            quota_history=of_models.history,
            spending=lambda user: agent.spent_today(settings, store, user),
            domains=of_domains.of_apps,
            base_domain=of_domains.base,
            pushes=pushes,
            webhook_secret=push.secret(settings),
            github=on_github(settings, github, tokens),
            inspections=looking,
        )


def _limits(settings: Settings) -> Limits:
    """The cloud knows the sharper limit of a build and names it; the pipeline's own comes a minute later."""
    build_seconds = settings.build_timeout_seconds + 60.0
    return Limits(deadlines_seconds={**DEADLINES_SECONDS, Step.BUILD: build_seconds})


async def _record_facts(edge_client: EdgeClient, pipeline: Pipeline) -> None:
    """What the edge tells of instances becomes events, each once."""
    async for fact in edge_client.facts():
        await pipeline.record(fact.app, fact.type, fact.data, f"edge:{fact.seq}")
        await edge_client.acknowledge(fact.seq)


async def _prune(cloud: LocalCloud, sources: Sources, store: Store) -> None:
    """Now and then, while nothing is being deployed, drops the images that no app can go back to any more, and the
    checkouts of commits that nobody works on."""
    while True:
        await asyncio.sleep(_PRUNE_SECONDS)
        async with store.read() as transaction:
            busy = await transaction.deployments.page(statuses=(Status.WAITING, Status.RUNNING), limit=1)
            apps = await transaction.apps.page(limit=10_000, previews=True)
            kept = [row for app in apps for row in await transaction.revisions.of(app.name, limit=_KEPT_REVISIONS)]
            edited = await transaction.workspaces.commits()
        if not busy:
            await cloud.prune({row.image.digest for row in kept})
            await sources.prune(edited | {row.commit for row in kept})


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _lock(paths: Paths) -> IO[str]:
    """Held as long as the process lives, so that no other one works on the same data."""
    file = paths.control_lock.open("a")
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # `devgem status` and its like hold it for a moment to see whether it is held.
            time.sleep(0.05)
        else:
            return file
    raise Conflict(
        f"DevGem already runs on {paths.root}",
        fix="Use it, stop it with `devgem down`, or give another --data-dir and --port.",
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise Unavailable(
            f"port {port} of {host} cannot be used: {error.strerror}",
            fix=f"Stop what uses it, or choose another with --port (`devgem up --port {port + 10}`).",
        ) from error
    return listener


def _write_control_file(paths: Paths, url: str, token: str) -> None:
    keys.write_private(paths.control_file, json.dumps({"pid": os.getpid(), "url": url, "token": token}))
