"""The checks of the preflight, each a question to one service of Google's, answered by findings."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from devgem.clouds.google import commands, roles
from devgem.domain.app import Check

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_TIMEOUT_SECONDS = 20.0
_BATCH = 20
"""Google enables at most so many APIs at once."""
_ENABLE_SECONDS = 120.0
_INGRESS_ALL = frozenset({"all", "INGRESS_TRAFFIC_ALL"})


async def project(admin: "Administration") -> list[Check]:
    found = await admin.projects.get_project(name=f"projects/{admin.project}", timeout=_TIMEOUT_SECONDS)
    if found.state.name != "ACTIVE":
        detail = f"{admin.project} is {found.state.name.lower().replace('_', ' ')}"
        return [Check("google project", False, detail, commands.restore(admin.project))]
    return [Check("google project", True, f"{admin.project} in {admin.region}")]


async def billing(admin: "Administration") -> list[Check]:
    name = f"projects/{admin.project}"
    found = await admin.billing.get_project_billing_info(name=name, timeout=_TIMEOUT_SECONDS)
    if not found.billing_enabled:
        detail = f"{admin.project} has no billing account, so nothing can be built or run"
        return [Check("google billing", False, detail, commands.link_billing(admin.project))]
    return [Check("google billing", True, "linked to a billing account")]


async def disabled_apis(admin: "Administration", apis: Sequence[str]) -> list[str]:
    parent = f"projects/{admin.project}"
    names = [f"{parent}/services/{api}" for api in apis]
    request = {"parent": parent, "names": names}
    answer = await admin.services.batch_get_services(request=request, timeout=_TIMEOUT_SECONDS)
    enabled = {service.config.name or service.name.rsplit("/", 1)[-1] for service in answer.services
               if service.state.name == "ENABLED"}  # fmt: skip
    return [api for api in apis if api not in enabled]


async def apis(admin: "Administration", wanted: Sequence[str], *, enable: bool) -> list[Check]:
    """Enables those that are missing, where that is wished and allowed."""
    from google.api_core.exceptions import GoogleAPICallError

    missing = await disabled_apis(admin, wanted)
    if not missing:
        return [Check("google apis", True, f"all {len(wanted)} are enabled")]
    fix = commands.enable(admin.project, missing)
    said = f"not enabled: {', '.join(missing)}"
    if not enable:
        return [Check("google apis", False, said, fix)]
    try:
        for first in range(0, len(missing), _BATCH):
            request = {"parent": f"projects/{admin.project}", "service_ids": missing[first : first + _BATCH]}
            operation = await admin.services.batch_enable_services(request=request, timeout=_TIMEOUT_SECONDS)
            await operation.result(timeout=_ENABLE_SECONDS)
    except GoogleAPICallError as error:
        return [Check("google apis", False, f"{said}; enabling them did not succeed: {said_by(error)}", fix)]
    except TimeoutError:
        return [Check("google apis", False, f"{said}; they are being enabled, which takes long", fix)]
    return [Check("google apis", True, f"enabled {', '.join(missing)}")]


async def permissions(admin: "Administration", wanted: Sequence[roles.Role]) -> list[Check]:
    """One finding per role that is missing."""
    asked = roles.permissions(wanted)
    request = {"resource": f"projects/{admin.project}", "permissions": asked}
    answer = await admin.projects.test_iam_permissions(request=request, timeout=_TIMEOUT_SECONDS)
    lacking = roles.missing(wanted, set(answer.permissions))
    if not any(role.needed for role, _ in lacking):
        return [Check("google roles", True, f"{admin.who} may do all that DevGem does")]
    return [
        Check(
            f"google role {role.name.removeprefix('roles/')}",
            False,
            f"{admin.who} lacks {', '.join(names)}: DevGem {role.why}",
            commands.grant(admin.project, admin.member, role.name),
        )
        for role, names in lacking
        if role.needed
    ]


async def repository(admin: "Administration") -> list[Check]:
    """Makes it when it is missing."""
    from google.api_core.exceptions import AlreadyExists, NotFound

    parent = f"projects/{admin.project}/locations/{admin.region}"
    name = f"{parent}/repositories/{roles.REPOSITORY}"
    title = "google image repository"
    fix = commands.make_repository(admin.project, admin.region)
    try:
        found = await admin.registry.get_repository(name=name, timeout=_TIMEOUT_SECONDS)
    except NotFound:
        body = {"format_": "DOCKER", "labels": {"managed-by": "devgem"}, "description": "Images that DevGem has built"}
        request = {"parent": parent, "repository_id": roles.REPOSITORY, "repository": body}
        # Another DevGem may make it meanwhile.
        with contextlib.suppress(AlreadyExists):
            operation = await admin.registry.create_repository(request=request, timeout=_TIMEOUT_SECONDS)
            await operation.result(timeout=_ENABLE_SECONDS)
        return [Check(title, True, f"made {roles.REPOSITORY} in {admin.region}")]
    if found.format_.name != "DOCKER":
        detail = f"{roles.REPOSITORY} in {admin.region} holds {found.format_.name.lower()} packages, not images"
        return [Check(title, False, detail, f"Remove it, then: {fix}")]
    return [Check(title, True, f"{roles.REPOSITORY} in {admin.region}")]


async def build_account(admin: "Administration") -> list[Check]:
    """Makes it when it is missing."""
    from google.api_core.exceptions import AlreadyExists, NotFound

    email = admin.build_account
    name = f"projects/{admin.project}/serviceAccounts/{email}"
    title = "google build account"
    try:
        found = await admin.iam.get_service_account(name=name, timeout=_TIMEOUT_SECONDS)
    except NotFound:
        body = {"display_name": "DevGem builds", "description": "managed-by=devgem"}
        request = {
            "name": f"projects/{admin.project}",
            "account_id": roles.BUILD_ACCOUNT,
            "service_account": body,
        }
        # Another DevGem may make it meanwhile.
        with contextlib.suppress(AlreadyExists):
            await admin.iam.create_service_account(request=request, timeout=_TIMEOUT_SECONDS)
        return [Check(title, True, f"made {email}")]
    if found.disabled:
        return [Check(title, False, f"{email} is disabled", commands.enable_account(admin.project, email))]
    return [Check(title, True, email)]


async def build_roles(admin: "Administration") -> list[Check]:
    """Exactly those that the builds' account lacks, and those that it has and should not."""
    member = f"serviceAccount:{admin.build_account}"
    of_project = await admin.projects.get_iam_policy(
        request={"resource": f"projects/{admin.project}"}, timeout=_TIMEOUT_SECONDS
    )
    on_project, on_repository = _held(of_project, member), await _held_on_repository(admin, member)
    too_much = sorted(on_project & {"roles/owner", "roles/editor"})
    checks = []
    for grant in roles.OF_BUILDS:
        name = f"google build account {grant.role.removeprefix('roles/')}"
        if too_much or grant.role in on_project:
            continue
        if grant.on == "the repository" and (on_repository is None or grant.role in on_repository):
            continue
        mend = (
            commands.grant_on_repository(admin.project, admin.region, member, grant.role)
            if grant.on == "the repository"
            else commands.grant(admin.project, member, grant.role)
        )
        checks.append(Check(name, False, f"{admin.build_account} lacks it on {grant.on}: a build {grant.why}", mend))
    if too_much:
        fix = (
            f"gcloud projects remove-iam-policy-binding {admin.project} --member={member} "
            f"--role={too_much[0]} --condition=None"
        )
        said = f"{admin.build_account} has {too_much[0]}: what any repository builds could change the whole project"
        checks.append(Check("google build account power", False, said, fix, needed=False))
    said = "has what it needs" if on_repository is not None else "has its role; who may push images cannot be seen"
    return checks or [Check("google build account roles", True, said)]


async def _held_on_repository(admin: "Administration", member: str) -> set[str] | None:
    """None where DevGem may not see that: it needs no right to, and a build that cannot push says so."""
    from google.api_core.exceptions import PermissionDenied

    resource = f"projects/{admin.project}/locations/{admin.region}/repositories/{roles.REPOSITORY}"
    try:
        policy = await admin.registry.get_iam_policy(request={"resource": resource}, timeout=_TIMEOUT_SECONDS)
    except PermissionDenied:
        return None
    return _held(policy, member)


def _held(policy: Any, member: str) -> set[str]:
    return {binding.role for binding in policy.bindings if member in binding.members}


async def public_services(admin: "Administration") -> list[Check]:
    """Whether the organisation lets anyone reach a service."""
    title = "google public services"
    invoker = await _rules(admin, "run.managed.requireInvokerIam")
    if any(rule.enforce for rule in invoker):
        detail = "the organisation's policy run.managed.requireInvokerIam keeps services from being public"
        return [Check(title, False, detail, commands.open_policy(admin.project, "run.managed.requireInvokerIam"))]
    ingress = await _rules(admin, "run.allowedIngress")
    if any(_keeps_out(rule) for rule in ingress):
        detail = "the organisation's policy run.allowedIngress keeps the internet from reaching services"
        return [Check(title, False, detail, commands.open_policy(admin.project, "run.allowedIngress"))]
    members = await _rules(admin, "iam.allowedPolicyMemberDomains")
    if any(rule.deny_all or rule.values.allowed_values for rule in members):
        detail = "iam.allowedPolicyMemberDomains is set; services are made public without a grant to allUsers"
        return [Check(title, True, detail)]
    return [Check(title, True, "allowed")]


def _keeps_out(rule: Any) -> bool:
    allowed = set(rule.values.allowed_values)
    return (
        rule.deny_all
        or bool(allowed and not allowed & _INGRESS_ALL)
        or bool(set(rule.values.denied_values) & _INGRESS_ALL)
    )


async def _rules(admin: "Administration", constraint: str) -> Sequence[Any]:
    from google.api_core.exceptions import NotFound

    name = f"projects/{admin.project}/policies/{constraint}"
    try:
        policy = await admin.policies.get_effective_policy(name=name, timeout=_TIMEOUT_SECONDS)
    except NotFound:
        return ()
    return list(policy.spec.rules)


async def region(admin: "Administration") -> list[Check]:
    """Whether there are Artifact Registry and Cloud Run in the region."""
    from google.api_core.exceptions import InvalidArgument, NotFound

    parent = f"projects/{admin.project}/locations/{admin.region}"
    fix = f"Choose one of `{commands.see_regions()}` as GOOGLE_CLOUD_REGION."
    try:
        await admin.registry.get_location(request={"name": parent}, timeout=_TIMEOUT_SECONDS)
        await admin.runs.list_services(request={"parent": parent, "page_size": 1}, timeout=_TIMEOUT_SECONDS)
    except (NotFound, InvalidArgument):
        return [Check("google region", False, f"there is no Cloud Run in {admin.region!r}", fix)]
    return [Check("google region", True, admin.region)]


async def quota(admin: "Administration") -> list[Check]:
    """What ran out in the last ten minutes, as Cloud Monitoring counts it."""
    from google.cloud.monitoring_v3 import ListTimeSeriesRequest

    now = datetime.now(UTC)
    request = {
        "name": f"projects/{admin.project}",
        "filter": (
            'metric.type="serviceruntime.googleapis.com/quota/exceeded" AND '
            'resource.type="consumer_quota" AND '
            'resource.labels.service=one_of("run.googleapis.com","cloudbuild.googleapis.com")'
        ),
        "interval": {"start_time": now - timedelta(minutes=10), "end_time": now},
        "view": ListTimeSeriesRequest.TimeSeriesView.FULL,
    }
    pager = await admin.metrics.list_time_series(request=request, timeout=_TIMEOUT_SECONDS)
    over: Mapping[str, str] = {
        series.metric.labels.get("quota_metric", "a quota"): series.resource.labels.get("service", "")
        async for series in pager
        if any(point.value.bool_value or point.value.int64_value for point in series.points)
    }
    return [
        Check(
            f"google quota {metric.rsplit('/', 1)[-1]}",
            False,
            f"{metric} of {service} has run out in the last ten minutes; calls are refused for a while",
            commands.quotas(admin.project),
            needed=False,
        )
        for metric, service in over.items()
    ] or [Check("google quota", True, "none has run out lately")]


def said_by(error: Exception) -> str:
    """What Google said, without what its client adds."""
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(message).strip().rstrip(".")
