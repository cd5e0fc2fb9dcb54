"""A Google project as far as running apps goes, and DevGem's Cloud Run on it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.cloud import artifactregistry_v1, iam_admin_v1, monitoring_v3, run_v2, secretmanager_v1
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient

from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build_request import image_name
from devgem.clouds.google.log_reader import Budget
from devgem.clouds.google.patience import Patience as Attempts
from devgem.clouds.google.patience import Patient
from devgem.clouds.google.proof import Patience
from devgem.clouds.google.run import CloudRun
from devgem.domain.app import Image, Proof, Revision, Traffic
from devgem.domain.failure import Failure
from devgem.domain.plan import BuildPlan, Kind, Stack
from tests.clouds.google.project import PROJECT, REGION, MemoryNotes
from tests.standins.google import run as standin
from tests.standins.google.artifact_registry import ArtifactRegistry
from tests.standins.google.front import Front, front
from tests.standins.google.iam import Iam
from tests.standins.google.logging import Logging
from tests.standins.google.monitoring import Monitoring
from tests.standins.google.peer import Peer, serving
from tests.standins.google.secret_manager import SecretManager

IMAGES = f"projects/{PROJECT}/locations/{REGION}/repositories/devgem/dockerImages"
QUICK = Patience(look=0.01, ready=60, well=0.3, answer=30, unknown=0.05)
PLAN = BuildPlan(Stack("python", kind=Kind.SERVER))


@dataclass
class House:
    """What Google has; every `cloud()` is one DevGem process."""

    front: Front
    peer: Peer = field(default_factory=Peer)
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    domain: str | None = None

    def __post_init__(self) -> None:
        self.registry = ArtifactRegistry(self.peer)
        self.iam = Iam(PROJECT)
        self.secrets = SecretManager(PROJECT)
        self.logging = Logging(self.peer)
        self.logging.a_minute = 100_000
        self.monitoring = Monitoring(PROJECT, REGION)
        self.run = standin.Run(self.peer, self.iam, self.secrets, self.front, self.log)
        self.endpoint = ""

    def log(self, service: str, revision: str, name: str, text: str, **more: Any) -> None:
        """One more line of a revision; `name` is stdout, stderr, varlog/system or requests."""
        labels = {"service_name": service, "revision_name": revision, "location": REGION}
        log_name = f"projects/{PROJECT}/logs/run.googleapis.com%2F{name.replace('/', '%2F')}"
        self.logging.write("cloud_run_revision", labels, text, log_name=log_name, **more)

    async def base_domain(self) -> str | None:
        return self.domain

    def image(self, app: str, number: int, does: standin.Image | None = None) -> Image:
        """A pushed image, and what it does."""
        digest = f"sha256:{number:064x}"
        for install in ("one", "two"):
            path = image_name(Site(PROJECT, REGION, install), app).split("/", 3)[-1]
            self.registry.push(f"{IMAGES}/{path.replace('/', '%2F')}@{digest}")
        if does is not None:
            self.run.images[digest] = does
        return Image(digest)

    def revision(
        self,
        number: int = 1,
        env: Mapping[str, str] | None = None,
        *,
        app: str = "shop",
        does: standin.Image | None = None,
        plan: BuildPlan = PLAN,
    ) -> Revision:
        image = self.image(app, number, does)
        return Revision(app, number, f"dep_{app}_{number}", image, plan, env or {})

    def service(self, app: str = "shop") -> Any:
        return self.run.services[f"projects/{PROJECT}/locations/{REGION}/services/{app}"]

    def revisions(self) -> list[str]:
        return [name.rsplit("/", 1)[-1] for name in self.run.revisions]

    def shares(self, app: str = "shop") -> list[tuple[str, int, str]]:
        return [(one.revision, one.percent, one.tag) for one in self.service(app).traffic]

    @property
    def is_empty(self) -> bool:
        return not (self.run.services or self.run.revisions or self.secrets.secrets or self.iam.accounts)

    @asynccontextmanager
    async def cloud(self, install: str = "one", notes: MemoryNotes | None = None) -> AsyncIterator[CloudRun]:
        admin = Administration(PROJECT, REGION, endpoint=self.endpoint)
        made = CloudRun(
            Patient(admin, patience=Attempts(3, 30, 0.005, 0.01, 0.01)),
            Site(PROJECT, REGION, install),
            notes or self.notes,
            self.base_domain,
            budget=Budget(10_000),
            patience=QUICK,
            look_seconds=0.01,
        )
        try:
            yield made
        finally:
            await made.close()
            await admin.close()


@asynccontextmanager
async def google_house() -> AsyncIterator[House]:
    async with front() as made:
        house = House(made)
        services: list[tuple[type[Any], Any]] = [
            (kind.get_transport_class("grpc_asyncio"), service)
            for kind, service in (
                (run_v2.ServicesAsyncClient, house.run),
                (run_v2.RevisionsAsyncClient, house.run),
                (iam_admin_v1.IAMAsyncClient, house.iam),
                (artifactregistry_v1.ArtifactRegistryAsyncClient, house.registry),
                (secretmanager_v1.SecretManagerServiceAsyncClient, house.secrets),
                (monitoring_v3.MetricServiceAsyncClient, house.monitoring),
                (LoggingServiceV2AsyncClient, house.logging),
            )
        ]
        async with serving(house.peer, services, []) as endpoint:
            house.endpoint = endpoint
            yield house


async def verdict(cloud: CloudRun, revision: Revision) -> Proof | Failure:
    """What the proof ends with."""
    *_, last = [item async for item in cloud.verify(revision)]
    assert isinstance(last, Proof | Failure)
    return last


async def deploy(cloud: CloudRun, revision: Revision) -> Proof:
    """Released, proven, and with all of the traffic."""
    assert await cloud.release(revision) is None
    proof = await verdict(cloud, revision)
    assert isinstance(proof, Proof), proof
    await cloud.shift(revision.app, Traffic({revision.number: 100}))
    return proof
