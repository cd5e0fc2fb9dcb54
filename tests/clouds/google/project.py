"""A Google project as the stand-in has it, and DevGem's parts that set things up in it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
    service_usage_v1,
)

from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.certificates import KINDS as CERTIFICATE_KINDS
from devgem.clouds.google.certificates import Certificates
from devgem.clouds.google.compute import KINDS as COMPUTE_KINDS
from devgem.clouds.google.compute import RULES
from devgem.clouds.google.compute import Compute as ComputeClient
from devgem.clouds.google.construction import Construction
from devgem.clouds.google.domains import GoogleDomains
from devgem.clouds.google.undertaking import Pace
from tests.standins.google.artifact_registry import ArtifactRegistry
from tests.standins.google.billing import Billing
from tests.standins.google.certificate_manager import CertificateManager
from tests.standins.google.compute import ADDRESS, Compute
from tests.standins.google.dns import Dns
from tests.standins.google.iam import Iam
from tests.standins.google.org_policy import OrgPolicy
from tests.standins.google.peer import Peer, serving
from tests.standins.google.resource_manager import ResourceManager
from tests.standins.google.service_usage import ServiceUsage

PROJECT, REGION = "shop-415104", "us-central1"
QUICK = Pace(look_seconds=0.01, retry_seconds=0.01, attempts=6)


class MemoryNotes:
    """Notes that a crash leaves behind."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def put(self, key: str, value: str) -> None:
        self.kept[key] = value

    async def drop(self, key: str) -> None:
        self.kept.pop(key, None)


class Runs:
    """Cloud Run, as far as it is asked whether it is there."""

    async def ListServices(self, request: Any) -> Any:  # noqa: N802
        return run_v2.ListServicesResponse()


class Metrics:
    """Cloud Monitoring: what has run out."""

    def __init__(self) -> None:
        self.exceeded: list[str] = []

    async def ListTimeSeries(self, request: Any) -> Any:  # noqa: N802
        return monitoring_v3.ListTimeSeriesResponse(
            time_series=[
                {
                    "metric": {"labels": {"quota_metric": name}},
                    "resource": {"labels": {"service": "run.googleapis.com"}},
                    "points": [{"value": {"bool_value": True}}],
                }
                for name in self.exceeded
            ]
        )


@dataclass
class Project:
    """What Google has; `addresses` are what everyone resolves host names under a domain to."""

    peer: Peer = field(default_factory=Peer)
    addresses: set[str] = field(default_factory=lambda: {ADDRESS})

    def __post_init__(self) -> None:
        self.manager = ResourceManager(PROJECT)
        self.billing = Billing()
        self.services = ServiceUsage(self.peer)
        self.iam = Iam(PROJECT)
        self.policies = OrgPolicy()
        self.registry = ArtifactRegistry(self.peer)
        self.certificates = CertificateManager(self.peer)
        self.compute = Compute(self.peer)
        self.dns = Dns()
        self.metrics = Metrics()
        self.endpoint = ""

    async def resolve(self, host: str) -> Collection[str]:
        return self.addresses

    @property
    def is_empty(self) -> bool:
        return not self.certificates.things and not self.compute.resources

    def admin(self, region: str = REGION, project: str = PROJECT) -> Administration:
        return Administration(project, region, endpoint=self.endpoint)


@asynccontextmanager
async def google_project() -> AsyncIterator[Project]:
    project = Project()
    services: list[tuple[type[Any], Any]] = [
        (kind.get_transport_class("grpc_asyncio"), service)
        for kind, service in (
            (resourcemanager_v3.ProjectsAsyncClient, project.manager),
            (billing_v1.CloudBillingAsyncClient, project.billing),
            (service_usage_v1.ServiceUsageAsyncClient, project.services),
            (iam_admin_v1.IAMAsyncClient, project.iam),
            (orgpolicy_v2.OrgPolicyAsyncClient, project.policies),
            (artifactregistry_v1.ArtifactRegistryAsyncClient, project.registry),
            (certificate_manager_v1.CertificateManagerAsyncClient, project.certificates),
            (run_v2.ServicesAsyncClient, Runs()),
            (monitoring_v3.MetricServiceAsyncClient, project.metrics),
        )
    ]
    async with serving(project.peer, services, [*project.compute.routes(), *project.dns.routes()]) as endpoint:
        project.endpoint = endpoint
        yield project


@asynccontextmanager
async def domains_on(
    project: Project, notes: MemoryNotes, install: str = "one", pace: Pace = QUICK
) -> AsyncIterator[GoogleDomains]:
    """DevGem's domains, as one process has them; leaving it is that process's end."""
    admin = project.admin()
    domains = GoogleDomains(admin, construction_on(project, admin, notes, install), notes, project.resolve, pace=pace)
    try:
        yield domains
    finally:
        await domains.close()
        await admin.close()


def construction_on(project: Project, admin: Administration, notes: MemoryNotes, install: str = "one") -> Construction:
    site = Site(PROJECT, REGION, install)
    certificates = Certificates(admin, site, poll_seconds=0.01)
    compute = ComputeClient(admin, site, poll_seconds=0.01)
    makers = dict.fromkeys(CERTIFICATE_KINDS, certificates) | dict.fromkeys((*COMPUTE_KINDS, RULES), compute)
    return Construction(site, makers, notes)


async def settled(domains: GoogleDomains, *states: str, limit_seconds: float = 150) -> Any:
    """The domain, once it is in one of these states."""
    async with asyncio.timeout(limit_seconds):
        while (found := await domains.state()) is None or found.state not in states:
            if found is not None and found.state == "failed" and "failed" not in states:
                raise AssertionError(f"failed: {found.detail} {found.fix}")
            await asyncio.sleep(0.01)
    return found
