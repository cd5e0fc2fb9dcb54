"""The parts of the local cloud that live in the control process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from devgem.clouds.local.builder import LIMITS, Builder
from devgem.clouds.local.cloud import LocalCloud
from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.probe import probe
from devgem.clouds.local.runtime_logs import RuntimeLogs
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.wire import EdgePaths
from devgem.config import Paths, Settings
from devgem.domain.app import Resources
from devgem.source import Sources, Tokens
from devgem.source.credentials import no_tokens
from devgem.source.github import GitHub
from devgem.wiring import edge, fetching, tools


async def open_sandbox() -> Sandbox:
    return Sandbox(await probe())


def sources(
    settings: Settings,
    paths: Paths,
    sandbox: Sandbox,
    github: GitHub | None = None,
    tokens: Tokens = no_tokens,
) -> Sources:
    own_github = settings.github_url != Settings.model_fields["github_url"].default
    run = fetching.runner(sandbox, reaches_private=settings.allow_private_addresses or own_github)
    return Sources(paths.sources, tools.policy(settings), run, github=github, tokens=tokens)


@asynccontextmanager
async def cloud(
    settings: Settings, paths: Paths, sandbox: Sandbox, sources: Sources, key: bytes, begun: edge.Begun | None
) -> AsyncIterator[tuple[LocalCloud, EdgeClient]]:
    """The cloud with its edge running, which is started again should it die."""
    options = edge.options_of(settings, paths)
    await edge.start(options, key, paths.edge_log, begun)
    keeping = asyncio.create_task(edge.keep_running(options, key, paths.edge_log))
    limits = replace(
        LIMITS,
        memory_bytes=settings.build_memory_mb << 20,
        wall_seconds=float(settings.build_timeout_seconds),
    )
    builder = Builder(paths.cloud, sandbox, sources.checkout, limits=limits)
    await builder.sweep()
    places = EdgePaths(paths.cloud)
    client = EdgeClient(places.socket)
    made = LocalCloud(
        builder,
        client,
        RuntimeLogs(places.logs),
        lambda own: sandbox.isolation.check(own=own, allow_unsandboxed=settings.allow_unsandboxed),
        resources=Resources(memory_bytes=settings.app_memory_mb << 20),
        base_domain=settings.base_domain,
        public_port=options.port,
    )
    try:
        yield made, client
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await made.close()
