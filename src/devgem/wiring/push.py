"""Push to deploy over the house's parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devgem.config import Settings
from devgem.pipeline import Pipeline
from devgem.pipeline.push import Pushes
from devgem.source import Tokens
from devgem.source.github import GitHub
from devgem.store import Store


@asynccontextmanager
async def opened(
    store: Store, pipeline: Pipeline, github: GitHub, tokens: Tokens, *, site: str
) -> AsyncIterator[Pushes]:
    """Deals with webhooks until it is left."""
    pushes = Pushes(store, pipeline, github, tokens, site=site)
    await pushes.start()
    try:
        yield pushes
    finally:
        await pushes.close()


def secret(settings: Settings) -> str | None:
    found = settings.github_webhook_secret
    return found.get_secret_value() if found else None
