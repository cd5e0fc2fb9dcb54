"""GitHub as the web sees it: what a user can pick from, and what a repository is before it is deployed."""

from collections.abc import Iterable

from devgem.clouds import Cloud
from devgem.config import Settings
from devgem.pipeline.inspections import Inspections
from devgem.source import Sources, Tokens
from devgem.source.credentials import Credentials
from devgem.source.github import GitHub
from devgem.source.github.picker import Picker
from devgem.store import Store
from devgem.web.parts import OnGitHub


def on_github(settings: Settings, github: GitHub, tokens: Tokens) -> OnGitHub:
    missing_url = f"{settings.github_url.rstrip('/')}/settings/applications"
    return OnGitHub(Picker(github), tokens, missing_url)


def inspections(store: Store, sources: Sources, github: GitHub, tokens: Tokens, clouds: Iterable[Cloud]) -> Inspections:
    """`clouds`: the default one comes first."""
    reads_far = any(cloud.clones_itself for cloud in list(clouds)[:1])
    return Inspections(store, sources, github, Credentials(tokens), reads_far=reads_far)
