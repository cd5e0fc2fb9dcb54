"""Why a revision did not become ready: what Cloud Run says of it and what the app printed, in plain words."""

import re
from collections.abc import Sequence
from typing import Any

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.shape import port_of
from devgem.clouds.local.start_failures import Context, diagnose, telling
from devgem.domain.app import Revision
from devgem.domain.failure import Failure
from devgem.domain.log import Redactor

_PORT = re.compile(
    r"failed to start and listen on the port|failed to listen|startup probe|STARTUP (?:TCP|HTTP) probe", re.I
)
_MEMORY = re.compile(r"Memory limit of .* exceeded|out[- ]of[- ]memory|signal 9|exit\(137\)", re.I)
_EXIT = re.compile(r"Container called exit\((\d+)\)")
_QUOTA = re.compile(r"quota", re.I)
# Condition.CommonReason
_MISSING, _FORBIDDEN, _UNAUTHORIZED, _UNCHECKED, _SECRETS = 6, 7, 8, 9, 12
_PASSING = (4, 13, 14, 15, 16)


def explain(site: Site, revision: Revision, condition: Any, said: str, lines: Sequence[str]) -> Failure:
    """`condition` is the revision's "Ready" or None, `said` how the operation ended, `lines` what was logged, the
    system's own lines among them. No config var's value is in what comes of it."""
    redact = Redactor(revision.env.values())
    lines = [redact(line) for line in lines]
    message = redact(str(condition.message) if condition is not None and condition.message else said)
    reason = int(condition.reason) if condition is not None else 0
    return (
        _of_the_platform(site, reason, message)
        or _of_the_app(revision, message, lines)
        or Failure(
            "not_ready",
            cause=f"Cloud Run could not start it: {message or 'it does not say why'}",
            fix="Its log in the Cloud console may say more.",
            evidence=telling(lines),
            retryable=reason in _PASSING,
        )
    )


def _of_the_platform(site: Site, reason: int, message: str) -> Failure | None:
    if reason == _MISSING or ("Image '" in message and "not found" in message):
        return Failure(
            "image_missing", "Cloud Run did not find its image", "Deploy again: it will be built anew.", message, True
        )
    if reason in (_FORBIDDEN, _UNAUTHORIZED, _UNCHECKED):
        agent = f"service-$(gcloud projects describe {site.project} --format='value(projectNumber)')"
        fix = (
            f"gcloud artifacts repositories add-iam-policy-binding devgem --location={site.region} "
            f"--project={site.project} --role=roles/artifactregistry.reader "
            f"--member=serviceAccount:{agent}@serverless-robot-prod.iam.gserviceaccount.com"
        )
        return Failure("image_forbidden", "Cloud Run may not read its image", fix, message)
    if reason == _SECRETS:
        return Failure(
            "secret_access",
            "its service account may not read a config var's secret, or the secret is gone",
            "Deploy again: DevGem makes the secret and lets the account read it.",
            message,
            True,
        )
    if _QUOTA.search(message):
        fix = f"Ask for more: https://console.cloud.google.com/iam-admin/quotas?project={site.project}"
        return Failure("quota", "a quota of Cloud Run is used up", fix, message, True)
    return None


def _of_the_app(revision: Revision, message: str, lines: Sequence[str]) -> Failure | None:
    plan, port = revision.plan, port_of(revision)
    context = Context(
        revision.app,
        port,
        revision.resources.memory_bytes,
        env=tuple(revision.env),
        env_names=plan.env_names,
        env_required=plan.env_required,
    )
    text = "\n".join((message, *lines))
    own = [line for line in lines if not _EXIT.search(line) and not _PORT.search(line)]
    if memory := _MEMORY.search(text):
        evidence = next((line for line in lines if _MEMORY.search(line)), memory.group())
        cause = f"it used more than the {context.memory} that it may, and was killed"
        fix = "Let it use less memory: fewer workers, smaller caches, no development server."
        return Failure("out_of_memory", cause, fix, evidence)
    if known := diagnose(lines, context):
        return known
    if ended := _EXIT.search(text):
        cause = f"it ended with exit code {ended.group(1)} before it answered"
        return Failure("exited", cause, f"The log says more.{context.unset}", telling(own) or ended.group())
    if _PORT.search(text):
        return Failure(
            "never_listens",
            cause=f"it started, and did not listen on PORT={port} in time",
            fix=f"Let it listen on 0.0.0.0 and the port that PORT names ({port}).{context.unset}",
            evidence=telling(own) or message,
        )
    return None
