"""GitHub as the web sees it: what a user can pick from, and what a repository is before it is deployed."""

from collections.abc import Awaitable, Callable, Iterable

from devgem.clouds import Cloud
from devgem.config import Settings
from devgem.domain.app import Build
from devgem.domain.errors import SourceError, Unavailable
from devgem.pipeline.inspections import Inspections
from devgem.source import Sources, Tokens
from devgem.source.credentials import Credentials
from devgem.source.github import GitHub, slug_of
from devgem.source.github.picker import Picker
from devgem.store import Store
from devgem.web.parts import OnGitHub


def on_github(settings: Settings, github: GitHub, tokens: Tokens) -> OnGitHub:
    missing_url = f"{settings.github_url.rstrip('/')}/settings/applications"
    return OnGitHub(Picker(github), tokens, missing_url)


def token_of_build(store: Store, github: GitHub, tokens: Tokens) -> Callable[[Build], Awaitable[str | None]]:
    """What a cloud fetches a build's source with: the app's owner's own token, and only where one is needed."""
    credentials = Credentials(tokens)

    async def token(build: Build) -> str | None:
        async with store.read() as transaction:
            user = (await transaction.apps.get(build.app)).owner
        found = await credentials.of(build.repository, user)
        slug = slug_of(build.repository.location)
        if found is None or slug is None:
            return None
        try:
            return found if (await github.repository(slug, found)).private else None
        except Unavailable:
            return found
        except SourceError:  # what is public is fetched without one
            return None

    return token


def inspections(store: Store, sources: Sources, github: GitHub, tokens: Tokens, clouds: Iterable[Cloud]) -> Inspections:
    """`clouds`: the default one comes first."""
    reads_far = any(cloud.clones_itself for cloud in list(clouds)[:1])
    return Inspections(store, sources, github, Credentials(tokens), reads_far=reads_far)
