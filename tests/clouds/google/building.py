"""Cloud Build as the stand-in has it, and DevGem's builds on it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.cloud import artifactregistry_v1, secretmanager_v1
from google.cloud.devtools import cloudbuild_v1
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient

from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build import GoogleBuilds, Looks
from devgem.clouds.google.build_logs import BuildLogs, Pace
from devgem.clouds.google.build_request import Recipes
from devgem.clouds.google.build_secrets import BuildSecrets
from devgem.clouds.google.patience import Patience, Patient
from devgem.domain.app import Build, Commit, Image, Progress, Repository
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Kind, Stack
from devgem.stack.dockerfile import dockerfile, dockerignore
from tests.clouds.google.project import PROJECT, REGION, MemoryNotes
from tests.standins.google.artifact_registry import ArtifactRegistry
from tests.standins.google.build import CloudBuild
from tests.standins.google.logging import Logging
from tests.standins.google.peer import Peer, serving
from tests.standins.google.secret_manager import SecretManager

SITE = Site(PROJECT, REGION, "0123456789ab")
SHA = "0123456789abcdef0123456789abcdef01234567"
PLAN = BuildPlan(Stack("python", kind=Kind.SERVER, runtime="python", version="3.12"), start=("python", "app.py"))
QUICK_PATIENCE = Patience(attempts=4, timeout_seconds=5, first_seconds=0.01, most_seconds=0.05, asked_seconds=0.05)
QUICK_PACE = Pace(every_seconds=0.05, least_seconds=0.02, refused_seconds=0.05, a_minute=100_000)
QUICK_LOOKS = Looks(first_seconds=0.02, most_seconds=0.05, log_seconds=5, queue_seconds=0)

Item = LogLine | Progress | Image | Failure


def order(id: str = "dep_1", app: str = "shop", **more: Any) -> Build:
    repository = Repository("https://github.com/ada/shop")
    return Build(id, app, repository, Commit(SHA), **{"plan": PLAN, **more})


@dataclass
class Google:
    """What Google has of builds; `notes` are what DevGem's database keeps."""

    peer: Peer = field(default_factory=Peer)
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logging = Logging(self.peer)
        self.logging.a_minute = 100_000  # QUICK_PACE is no pace for the real one
        self.secrets = SecretManager(PROJECT)
        self.registry = ArtifactRegistry(self.peer)
        self.cloud = CloudBuild(self.peer, self.logging, self.secrets)
        self.endpoint = ""

    @asynccontextmanager
    async def builds(
        self, *, notes: MemoryNotes | None = None, install: str = SITE.install, looks: Looks = QUICK_LOOKS
    ) -> AsyncIterator[GoogleBuilds]:
        """As one process of DevGem has them; leaving it is that process's end."""
        admin = Administration(PROJECT, REGION, endpoint=self.endpoint)
        patient, site = Patient(admin, patience=QUICK_PATIENCE), Site(PROJECT, REGION, install)

        async def token(build: Build) -> str | None:
            return self.tokens.get(build.app)

        made = GoogleBuilds(
            patient,
            site,
            self.notes if notes is None else notes,
            BuildLogs(patient, pace=QUICK_PACE),
            BuildSecrets(patient, site, kept_seconds=7200),
            Recipes(dockerfile, dockerignore()),
            token,
            timeout_seconds=600,
            looks=looks,
        )
        try:
            yield made
        finally:
            await made.close()
            await admin.close()

    def secrets_ever(self) -> list[bytes]:
        """What was kept as a secret, in order."""
        return [bytes(request.payload.data) for request in self.peer.sent("AddSecretVersion")]

    def requested(self) -> list[Any]:
        """The builds that were asked for."""
        return [request.build for request in self.peer.sent("CreateBuild")]


@asynccontextmanager
async def google_builds() -> AsyncIterator[Google]:
    google = Google()
    services: list[tuple[type[Any], Any]] = [
        (kind.get_transport_class("grpc_asyncio"), service)
        for kind, service in (
            (cloudbuild_v1.CloudBuildAsyncClient, google.cloud),
            (LoggingServiceV2AsyncClient, google.logging),
            (secretmanager_v1.SecretManagerServiceAsyncClient, google.secrets),
            (artifactregistry_v1.ArtifactRegistryAsyncClient, google.registry),
        )
    ]
    async with serving(google.peer, services, []) as endpoint:
        google.endpoint = endpoint
        yield google


async def outcome(builds: GoogleBuilds, build: Build, *, limit_seconds: float = 60) -> tuple[list[Item], Item]:
    """All that a build says, and what it ends with."""
    items: list[Item] = []
    async with asyncio.timeout(limit_seconds):
        async for item in builds.build(build):
            items.append(item)
    return items, items[-1]


def texts(items: list[Item], stream: str = "out") -> list[str]:
    return [item.text for item in items if isinstance(item, LogLine) and item.stream == stream]


def environment(step: Any) -> Mapping[str, str]:
    """The variables of a step, as Cloud Build gives them to it."""
    pairs = (entry.partition("=") for entry in step.env)
    return {name: value.replace("$$", "$") for name, _, value in pairs}


async def until(condition: Any, limit_seconds: float = 60) -> None:
    async with asyncio.timeout(limit_seconds):
        while not condition():
            await asyncio.sleep(0.01)
