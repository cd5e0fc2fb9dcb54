"""All of the stand-in's services at one address: a Google project in which deployments go all the way."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import (
    artifactregistry_v1,
    billing_v1,
    certificate_manager_v1,
    iam_admin_v1,
    monitoring_v3,
    orgpolicy_v2,
    resourcemanager_v3,
    run_v2,
    secretmanager_v1,
    service_usage_v1,
)
from google.cloud.devtools import cloudbuild_v1
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2AsyncClient

from tests.standins.google.artifact_registry import ArtifactRegistry
from tests.standins.google.billing import Billing
from tests.standins.google.certificate_manager import CertificateManager
from tests.standins.google.compute import Compute
from tests.standins.google.dns import Dns
from tests.standins.google.front import front
from tests.standins.google.iam import Iam
from tests.standins.google.logging import Logging
from tests.standins.google.machine import Machine
from tests.standins.google.monitoring import Monitoring
from tests.standins.google.org_policy import OrgPolicy
from tests.standins.google.peer import Peer, serving
from tests.standins.google.resource_manager import ResourceManager
from tests.standins.google.run import Run
from tests.standins.google.secret_manager import SecretManager
from tests.standins.google.service_usage import ServiceUsage

PROJECT, REGION = "shop-415104", "us-central1"


@dataclass(frozen=True)
class Whole:
    """`address` is where everything is reached."""

    address: str
    peer: Peer
    machine: Machine
    run: Run
    secrets: SecretManager
    iam: Iam
    registry: ArtifactRegistry


def environ(google: Whole, github_url: str) -> dict[str, str]:
    """The settings of a DevGem that takes the stand-ins for Google and GitHub."""
    return {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GOOGLE_CLOUD_REGION": REGION,
        "DEVGEM_GOOGLE_API_ENDPOINT": google.address,
        "DEVGEM_GITHUB_URL": github_url,
        "DEVGEM_GITHUB_API_URL": github_url,
        "DEVGEM_ALLOW_PRIVATE_ADDRESSES": "true",
        "DEVGEM_ENDPOINTS": "gemini",
    }


@asynccontextmanager
async def whole_project(folder: Path) -> AsyncIterator[Whole]:
    """Its machine works in `folder`."""
    async with front() as made:
        peer = Peer()
        logging, secrets, iam = Logging(peer), SecretManager(PROJECT), Iam(PROJECT)
        registry, compute = ArtifactRegistry(peer), Compute(peer)
        manager = ResourceManager(PROJECT)

        def log(service: str, revision: str, name: str, text: str, **more: Any) -> None:
            labels = {"service_name": service, "revision_name": revision, "location": REGION}
            log_name = f"projects/{PROJECT}/logs/run.googleapis.com%2F{name.replace('/', '%2F')}"
            logging.write("cloud_run_revision", labels, text, log_name=log_name, **more)

        machine = Machine(folder, registry, peer, logging, secrets)
        run = Run(peer, iam, secrets, made, log)
        run.images = machine.made
        services: list[tuple[type[Any], Any]] = [
            (kind.get_transport_class("grpc_asyncio"), service)
            for kind, service in (
                (cloudbuild_v1.CloudBuildAsyncClient, machine),
                (run_v2.ServicesAsyncClient, run),
                (run_v2.RevisionsAsyncClient, run),
                (LoggingServiceV2AsyncClient, logging),
                (monitoring_v3.MetricServiceAsyncClient, Monitoring(PROJECT, REGION)),
                (secretmanager_v1.SecretManagerServiceAsyncClient, secrets),
                (artifactregistry_v1.ArtifactRegistryAsyncClient, registry),
                (iam_admin_v1.IAMAsyncClient, iam),
                (resourcemanager_v3.ProjectsAsyncClient, manager),
                (billing_v1.CloudBillingAsyncClient, Billing()),
                (service_usage_v1.ServiceUsageAsyncClient, ServiceUsage(peer)),
                (orgpolicy_v2.OrgPolicyAsyncClient, OrgPolicy()),
                (certificate_manager_v1.CertificateManagerAsyncClient, CertificateManager(peer)),
            )
        ]
        builder = f"serviceAccount:devgem-build@{PROJECT}.iam.gserviceaccount.com"
        manager.grant(builder, "roles/logging.logWriter")
        registry.grant(
            f"projects/{PROJECT}/locations/{REGION}/repositories/devgem", builder, "roles/artifactregistry.writer"
        )
        async with serving(peer, services, [*compute.routes(), *Dns().routes()]) as address:
            try:
                yield Whole(address, peer, machine, run, secrets, iam, registry)
            finally:
                machine.close()


@contextmanager
def playing_project(folder: Path) -> Iterator[Whole]:
    """The same in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    project = whole_project(folder)
    try:
        yield asyncio.run_coroutine_threadsafe(project.__aenter__(), loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(project.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
