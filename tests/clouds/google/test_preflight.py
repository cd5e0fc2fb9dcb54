"""What would stop a deployment on Google Cloud, and the one command that mends it."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc
import pytest
from google.cloud import artifactregistry_v1, resourcemanager_v3

from devgem.clouds.google import roles
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.preflight import Preflight
from devgem.domain.app import Check
from tests.clouds.google.project import PROJECT, REGION, Project, google_project
from tests.standins.google.peer import Fault

BUILDER = f"serviceAccount:devgem-build@{PROJECT}.iam.gserviceaccount.com"
REPOSITORY = f"projects/{PROJECT}/locations/{REGION}/repositories/devgem"
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    async with google_project() as made:
        made.manager.grant(BUILDER, "roles/logging.logWriter")
        made.registry.grant(REPOSITORY, BUILDER, "roles/artifactregistry.writer")
        yield made


async def findings(project: Project, *, admin: Administration | None = None, enable: bool = True) -> Sequence[Check]:
    admin = admin or project.admin()
    try:
        return await Preflight(admin, enable=enable).checks()
    finally:
        await admin.close()


def only(found: Sequence[Check]) -> Check:
    """The one finding that fails."""
    failed = [check for check in found if not check.ok]
    assert len(failed) == 1, failed
    return failed[0]


async def test_a_bare_project_is_made_ready(project: Project) -> None:
    project.services.disabled = {"run.googleapis.com", "cloudbuild.googleapis.com"}
    found = await findings(project)
    assert all(check.ok for check in found), found
    assert project.services.disabled == set()
    assert list(project.registry.repositories) == [REPOSITORY]
    made = project.registry.repositories[REPOSITORY]
    assert made.format_ == artifactregistry_v1.Repository.Format.DOCKER and made.labels["managed-by"] == "devgem"
    assert list(project.iam.accounts) == [f"projects/{PROJECT}/serviceAccounts/{BUILDER.split(':')[1]}"]
    again = await findings(project)
    assert all(check.ok for check in again)
    assert project.peer.counts["CreateRepository"] == project.peer.counts["CreateServiceAccount"] == 1


async def test_what_is_well_is_not_asked_again_for_a_while_and_what_is_not_always_is(project: Project) -> None:
    now = [0.0]
    admin = project.admin()
    preflight = Preflight(admin, clock=lambda: now[0])
    project.billing.enabled = False
    assert not all(check.ok for check in await preflight.checks())
    project.billing.enabled = True
    assert all(check.ok for check in await preflight.checks())
    calls = len(project.peer.calls)
    assert await preflight.checks() and len(project.peer.calls) == calls
    preflight.forget()
    await preflight.checks()
    assert calls < len(project.peer.calls) < calls + 20
    calls = len(project.peer.calls)
    now[0] = 301
    await preflight.checks()
    assert len(project.peer.calls) > calls
    await admin.close()


async def test_without_credentials_one_command_signs_in(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    check = only(await findings(project, admin=Administration(PROJECT, REGION)))
    assert (check.name, check.fix) == ("google credentials", "gcloud auth application-default login")


async def test_credentials_that_google_does_not_take(project: Project) -> None:
    project.peer.fault("GetProject", grpc.StatusCode.UNAUTHENTICATED)
    check = only(await findings(project))
    assert (check.name, check.fix) == ("google credentials", "gcloud auth application-default login")


async def test_a_project_that_is_not_there_or_going_away(project: Project) -> None:
    check = only(await findings(project, admin=project.admin(project="no-such-project")))
    assert check.name == "google project" and "roles/browser" in check.fix
    project.manager.state = resourcemanager_v3.Project.State.DELETE_REQUESTED
    check = only(await findings(project))
    assert check.fix == f"gcloud projects undelete {PROJECT}"


async def test_no_billing_account(project: Project) -> None:
    project.billing.enabled = False
    check = only(await findings(project))
    assert check.fix == f"https://console.cloud.google.com/billing/linkedaccount?project={PROJECT}"


async def test_apis_that_may_not_be_enabled_are_named_in_one_command(project: Project) -> None:
    project.services.disabled = {"run.googleapis.com", "iam.googleapis.com"}
    fix = f"gcloud services enable iam.googleapis.com run.googleapis.com --project={PROJECT}"
    project.peer.fault("BatchEnableServices", grpc.StatusCode.PERMISSION_DENIED)
    assert only(await findings(project)).fix == fix
    assert only(await findings(project, enable=False)).fix == fix


@pytest.mark.parametrize("role", roles.OF_DEVGEM, ids=lambda role: role.name)
async def test_exactly_the_missing_role_is_named(project: Project, role: roles.Role) -> None:
    project.manager.lacking = {role.permissions[0]}
    check = only(await findings(project))
    assert f"--role={role.name} " in check.fix and role.permissions[0] in check.detail
    assert check.fix.startswith(f"gcloud projects add-iam-policy-binding {PROJECT} --member=")


async def test_each_role_that_the_builds_lack_is_named_where_it_belongs(project: Project) -> None:
    project.manager.policy.ClearField("bindings")
    project.registry.policies.clear()
    fixes = [check.fix for check in await findings(project) if not check.ok]
    assert len(fixes) == 2
    assert f"--member={BUILDER} --role=roles/logging.logWriter" in fixes[0]
    assert fixes[1].startswith("gcloud artifacts repositories add-iam-policy-binding devgem")
    assert "--role=roles/artifactregistry.writer" in fixes[1]


async def test_who_may_push_images_need_not_be_seen(project: Project) -> None:
    project.registry.policies.clear()
    await findings(project)
    project.peer.fault("GetIamPolicy", Fault())
    project.peer.fault("GetIamPolicy", grpc.StatusCode.PERMISSION_DENIED)
    found = await findings(project)
    assert all(check.ok for check in found), found


async def test_builds_that_may_do_too_much_are_pointed_out(project: Project) -> None:
    project.manager.grant(BUILDER, "roles/editor")
    check = only(await findings(project))
    assert not check.needed and "remove-iam-policy-binding" in check.fix


@pytest.mark.parametrize(
    ("constraint", "rule", "is_open"),
    [
        ("run.managed.requireInvokerIam", {"enforce": True}, False),
        ("run.allowedIngress", {"values": {"allowed_values": ["internal"]}}, False),
        ("run.allowedIngress", {"values": {"allowed_values": ["all", "internal"]}}, True),
        ("run.allowedIngress", {"deny_all": True}, False),
        ("iam.allowedPolicyMemberDomains", {"values": {"allowed_values": ["C03xgje4y"]}}, True),
    ],
)
async def test_policies_of_the_organisation(project: Project, constraint: str, rule: object, is_open: bool) -> None:
    project.policies.rules[constraint] = rule  # type: ignore[assignment]
    found = await findings(project)
    check = next(check for check in found if check.name == "google public services")
    assert check.ok is is_open
    assert is_open or constraint in check.detail
    assert is_open or check.fix == f"gcloud org-policies reset {constraint} --project={PROJECT}"


async def test_a_region_without_cloud_run(project: Project) -> None:
    check = only(await findings(project, admin=project.admin(region="mars-north1")))
    assert check.name == "google region" and "'mars-north1'" in check.detail and "GOOGLE_CLOUD_REGION" in check.fix


async def test_a_quota_that_ran_out_is_told_and_stops_nothing(project: Project) -> None:
    project.metrics.exceeded = ["cloudbuild.googleapis.com/concurrent_public_pool_build_cpus"]
    check = only(await findings(project))
    assert not check.needed and check.fix.startswith("https://console.cloud.google.com/iam-admin/quotas")


CALLS = (
    "GetProject", "BatchGetServices", "GetProjectBillingInfo", "TestIamPermissions", "GetEffectivePolicy",
    "GetLocation", "ListServices", "ListTimeSeries", "GetRepository", "CreateRepository", "GetServiceAccount",
    "CreateServiceAccount", "GetIamPolicy",
)  # fmt: skip
CODES = (
    grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT,
)  # fmt: skip


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name.lower())
async def test_every_error_at_every_call_is_a_finding(project: Project, code: grpc.StatusCode) -> None:
    for call in CALLS:
        project.registry.repositories.clear()
        project.iam.accounts.clear()
        # As often as the client tries again by itself.
        project.peer.fault(call, code)
        found = await findings(project)
        assert any(not check.ok for check in found), call
        assert all(check.ok or check.fix or not check.needed for check in found), call
        assert not any("Unexpected" in check.detail for check in found), found
        project.peer.faults.clear()


def tables() -> dict[str, str]:
    """The rows of the guide's tables that begin with a role: role to the rest of the row."""
    text = (DOCS / "google.md").read_text()
    return {m[1]: m[2] for m in re.finditer(r"^\| `(roles/[\w.]+)` \| (.+) \|$", text, re.MULTILINE)}


def test_the_guide_tells_of_every_role_and_why() -> None:
    rows = tables()
    for role in (*roles.OF_DEVGEM, *roles.OF_DEVGEM_OPTIONAL, *roles.OF_DOMAINS):
        assert rows.pop(role.name, "").lower() == role.why.lower(), role.name
    for grant in roles.OF_BUILDS:
        assert rows.pop(grant.role, "") == f"{grant.on} | {grant.why}", grant.role
    assert not rows, "the guide has roles that the code does not"


def test_importing_the_preflight_imports_no_client() -> None:
    program = (
        "import sys, devgem.clouds.google.preflight, devgem.clouds.google.domains, devgem.clouds.google.administration;"
        "print([name for name in sys.modules if name.startswith(('grpc', 'google.cloud', 'google.api_core'))])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
