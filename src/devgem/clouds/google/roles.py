"""Least privilege as a table: what DevGem's own account needs, what the builds' needs, and why.

docs/google.md shows the same table; a test compares the two. An app's account has no roles at all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

REPOSITORY = "devgem"
"""The Artifact Registry repository of all images."""
BUILD_ACCOUNT = "devgem-build"
"""The service account that builds run as."""


@dataclass(frozen=True)
class Role:
    """`permissions` are those of the role that DevGem uses, as testIamPermissions is asked for them. What is not
    `needed` only takes something away."""

    name: str
    why: str
    permissions: tuple[str, ...]
    needed: bool = True


OF_DEVGEM = (
    Role(
        "roles/browser",
        "reads the project and who may do what in it",
        ("resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"),
    ),
    Role(
        "roles/cloudbuild.builds.editor",
        "starts, watches and cancels builds",
        ("cloudbuild.builds.create", "cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.update"),
    ),
    Role(
        "roles/run.admin",
        "makes, changes and deletes the services of apps, and lets anyone reach them",
        (
            "run.services.create",
            "run.services.get",
            "run.services.list",
            "run.services.update",
            "run.services.delete",
            "run.services.setIamPolicy",
            "run.revisions.get",
            "run.revisions.list",
            "run.revisions.delete",
        ),
    ),
    Role(
        "roles/artifactregistry.repoAdmin",
        "finds images that were built before, and deletes those of removed apps",
        ("artifactregistry.repositories.get", "artifactregistry.dockerimages.get", "artifactregistry.versions.delete"),
    ),
    Role(
        "roles/iam.serviceAccountAdmin",
        "makes an account for every app, and the one that builds run as",
        ("iam.serviceAccounts.create", "iam.serviceAccounts.get", "iam.serviceAccounts.delete"),
    ),
    Role(
        "roles/iam.serviceAccountUser",
        "lets builds and apps run as these accounts",
        ("iam.serviceAccounts.actAs",),
    ),
    Role("roles/logging.viewer", "reads the logs of builds and apps", ("logging.logEntries.list",)),
    Role("roles/monitoring.viewer", "reads requests, errors and latency", ("monitoring.timeSeries.list",)),
    Role(
        "roles/secretmanager.admin",
        "keeps the secrets of apps, and a private repository's token while it is built",
        (
            "secretmanager.secrets.create",
            "secretmanager.secrets.delete",
            "secretmanager.secrets.get",
            "secretmanager.secrets.list",
            "secretmanager.secrets.setIamPolicy",
            "secretmanager.versions.access",
            "secretmanager.versions.add",
            "secretmanager.versions.destroy",
            "secretmanager.versions.list",
        ),
    ),
    Role(
        "roles/serviceusage.serviceUsageConsumer",
        "sees which APIs are enabled, and calls them on this project",
        ("serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.use"),
    ),
)
OF_DEVGEM_OPTIONAL = (
    Role(
        "roles/serviceusage.serviceUsageAdmin",
        "enables the APIs that are missing; without it you do, with one command",
        ("serviceusage.services.enable",),
        needed=False,
    ),
    Role(
        "roles/artifactregistry.admin",
        "makes the repository of images once; without it you do, with one command",
        ("artifactregistry.repositories.create",),
        needed=False,
    ),
    Role(
        "roles/orgpolicy.policyViewer",
        "sees whether the organisation lets services be public",
        ("orgpolicy.policy.get",),
        needed=False,
    ),
)
OF_DOMAINS = (
    Role(
        "roles/compute.loadBalancerAdmin",
        "makes and removes the load balancer of your domain",
        (
            "compute.globalAddresses.create",
            "compute.globalAddresses.delete",
            "compute.backendServices.create",
            "compute.urlMaps.create",
            "compute.urlMaps.update",
            "compute.targetHttpsProxies.create",
            "compute.targetHttpProxies.create",
            "compute.globalForwardingRules.create",
            "compute.regionNetworkEndpointGroups.create",
        ),
    ),
    Role(
        "roles/certificatemanager.owner",
        "makes and removes its certificates",
        (
            "certificatemanager.certs.create",
            "certificatemanager.certs.delete",
            "certificatemanager.certmaps.create",
            "certificatemanager.certmapentries.create",
            "certificatemanager.dnsauthorizations.create",
        ),
    ),
    Role(
        "roles/dns.admin",
        "adds the DNS records itself, where you name a zone of Cloud DNS",
        ("dns.changes.create", "dns.managedZones.get", "dns.resourceRecordSets.create"),
        needed=False,
    ),
)


@dataclass(frozen=True)
class Grant:
    """A role of the builds' account, on the project or on the repository alone."""

    role: str
    on: str
    why: str


OF_BUILDS = (
    Grant("roles/logging.logWriter", "the project", "writes the log of the build"),
    Grant("roles/artifactregistry.writer", "the repository", "pushes the image and the layer cache"),
)

APIS = (
    "artifactregistry.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "orgpolicy.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
)
DOMAIN_APIS = ("certificatemanager.googleapis.com", "compute.googleapis.com")
ZONE_API = "dns.googleapis.com"


def permissions(roles: Sequence[Role]) -> list[str]:
    """Every permission that is asked for, once."""
    return sorted({permission for role in roles for permission in role.permissions})


def missing(roles: Sequence[Role], held: Collection[str]) -> list[tuple[Role, list[str]]]:
    """The roles of which something is not held, with what is not."""
    lacking = ((role, [name for name in role.permissions if name not in held]) for role in roles)
    return [(role, names) for role, names in lacking if names]
