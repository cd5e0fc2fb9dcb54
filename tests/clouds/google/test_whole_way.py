"""From a commit on GitHub to an app that answers on Cloud Run: the whole pipeline, on the stand-in."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from google.cloud import (
    artifactregistry_v1,
    billing_v1,
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

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build import GoogleBuilds
from devgem.clouds.google.build_logs import BuildLogs
from devgem.clouds.google.build_request import Recipes
from devgem.clouds.google.build_secrets import BuildSecrets
from devgem.clouds.google.cloud import GoogleCloud
from devgem.clouds.google.patience import Patient
from devgem.clouds.google.preflight import Preflight
from devgem.clouds.google.run import CloudRun
from devgem.domain.app import Build, Repository
from devgem.domain.deployment import Status
from devgem.pipeline import DeployRequest
from devgem.source import Policy, Sources
from devgem.source.github import GitHub
from devgem.stack.dockerfile import dockerfile, dockerignore
from devgem.store import Store
from tests.clouds.google.project import PROJECT, REGION, Metrics, Project
from tests.clouds.google.running import IMAGES, House
from tests.pipeline.conftest import KEY, Databases, run_house
from tests.source.git_repository import GitRepository
from tests.standins.github import Repo, serving_api
from tests.standins.google.build import CloudBuild
from tests.standins.google.front import front
from tests.standins.google.peer import serving

BUILDER = f"serviceAccount:devgem-build@{PROJECT}.iam.gserviceaccount.com"


@asynccontextmanager
async def everything() -> AsyncIterator[tuple[Project, House, CloudBuild]]:
    async with front() as made:
        project = Project()
        house = House(made, peer=project.peer)
        builds = CloudBuild(project.peer, house.logging, house.secrets)

        def pushed(digest: str, build: Any) -> None:
            app = next(tag for tag in build.tags if tag.startswith("devgem-app-")).removeprefix("devgem-app-")
            house.registry.push(f"{IMAGES}/one%2F{app}@{digest}")

        builds.pushed = pushed
        repository = f"projects/{PROJECT}/locations/{REGION}/repositories/devgem"
        project.manager.grant(BUILDER, "roles/logging.logWriter")
        house.registry.grant(repository, BUILDER, "roles/artifactregistry.writer")
        services: list[tuple[type[Any], Any]] = [
            (kind.get_transport_class("grpc_asyncio"), service)
            for kind, service in (
                (resourcemanager_v3.ProjectsAsyncClient, project.manager),
                (billing_v1.CloudBillingAsyncClient, project.billing),
                (service_usage_v1.ServiceUsageAsyncClient, project.services),
                (iam_admin_v1.IAMAsyncClient, house.iam),
                (orgpolicy_v2.OrgPolicyAsyncClient, project.policies),
                (artifactregistry_v1.ArtifactRegistryAsyncClient, house.registry),
                (monitoring_v3.MetricServiceAsyncClient, Metrics()),
                (run_v2.ServicesAsyncClient, house.run),
                (run_v2.RevisionsAsyncClient, house.run),
                (secretmanager_v1.SecretManagerServiceAsyncClient, house.secrets),
                (LoggingServiceV2AsyncClient, house.logging),
                (cloudbuild_v1.CloudBuildAsyncClient, builds),
            )
        ]
        async with serving(project.peer, services, []) as endpoint:
            project.endpoint = house.endpoint = endpoint
            yield project, house, builds


async def test_a_private_commit_becomes_an_app_that_answers_in_few_calls(tmp_path: Path) -> None:
    """With the product's own pace: what it adds to instant calls of Google's is measured, and its calls are counted."""
    work = GitRepository(tmp_path / "work")
    work.commit({"behaviour.json": json.dumps({"word": "hello"}), "app.py": "x\n"}, "Begin")
    (tmp_path / "served/ada").mkdir(parents=True)
    work.bare(tmp_path / "served/ada/vault")
    with serving_api(tmp_path / "served") as api:
        api.add_repo(Repo("ada/vault", private=True))
        github = GitHub(api.url)

        async def token(build: Build) -> str:
            return api.token

        async def token_of(user: str) -> str:
            return api.token

        async with everything() as (project, house, builds):
            patient, site = Patient(project.admin()), Site(PROJECT, REGION, "one")
            building = GoogleBuilds(
                patient,
                site,
                house.notes,
                BuildLogs(patient),
                BuildSecrets(patient, site, kept_seconds=7200),
                Recipes(dockerfile, dockerignore()),
                token,
            )
            running = CloudRun(patient, site, house.notes, house.base_domain)
            cloud: Any = GoogleCloud(Preflight(patient.admin), building, running)
            databases = Databases.embedded(tmp_path)
            store = await Store.open(databases.store, key=KEY)
            sources = Sources(tmp_path / "sources", Policy(github_url=api.url), github=github, tokens=token_of)
            async with run_house(tmp_path, store, cloud, databases.workflows, sources=sources) as pipeline:
                await cloud.preflight(None, own=True)  # as it was for the deployment before
                project.peer.calls.clear()
                began = time.monotonic()
                deployment = await pipeline.pipeline.deploy(
                    DeployRequest(Repository("https://github.com/ada/vault"), app="vault")
                )
                await pipeline.at_rest()
                seconds = time.monotonic() - began
                async with store.read() as transaction:
                    ended = (await transaction.deployments.get(deployment.id)).state
                    row = await transaction.apps.get("vault")
                assert ended.status is Status.LIVE, ended
                assert row.url and row.traffic == {1: 100}
                counts = project.peer.counts
                assert counts["CreateBuild"] == counts["CreateService"] == 1
                assert counts["ListLogEntries"] <= 6
                assert sum(counts.values()) <= 60, counts
                assert seconds < 60, "the machine is busy; the benchmark looks closer"
            await patient.admin.close()
            assert not list((tmp_path / "sources").rglob("app.py"))
            assert api.token.encode() not in b"".join(builds.builds[id].__class__.serialize(builds.builds[id])
                                                      for id in builds.builds)  # fmt: skip
        await github.close()
