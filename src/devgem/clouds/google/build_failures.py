"""Why a build did not succeed, from how Cloud Build says that it ended and from its last lines."""

import re
from collections.abc import Sequence
from typing import Any

from devgem.clouds.google import commands
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.roles import BUILD_ACCOUNT
from devgem.clouds.local.failures import explain_lines, telling_line
from devgem.domain.app import Build
from devgem.domain.failure import Failure

_PRIVATE = re.compile(
    r"could not read Username|Authentication failed|Repository not found|returned error: 40[134]", re.IGNORECASE
)
_GONE = re.compile(
    r"not our ref|unadvertised object|did not match any file|unable to read tree|no such ref", re.IGNORECASE
)
_SPACE = re.compile(r"no space left on device", re.IGNORECASE)
_COMMAND = re.compile(
    r'process "(?:/bin/sh -c )?(?P<command>.+?)" did not complete successfully: exit code: (?P<code>\d+)'
)
_PUSH = re.compile(r"failed to push|denied: Permission|403 Forbidden|Unauthenticated request", re.IGNORECASE)
_AGAIN = "Deploy again."


def failure(build: Build, found: Any, lines: Sequence[str], site: Site) -> Failure:
    """`found` is the build as Cloud Build has it, at its end."""
    status, where = found.status.name, found.log_url
    evidence = telling_line(lines)
    if status == "TIMEOUT":
        fix = "Look for a command that never ends. For a build that is just long raise DEVGEM_BUILD_TIMEOUT_SECONDS."
        return Failure("build_timeout", "the build was still running when its time was up", fix, evidence)
    if status == "CANCELLED":
        return Failure("build_cancelled", "the build was cancelled in Google Cloud", _AGAIN, evidence, retryable=True)
    if status == "EXPIRED":
        fix = f"Deploy again when fewer builds wait, or ask for more: {commands.quotas(site.project)}"
        return Failure("build_expired", "the build waited too long for a place to run", fix, retryable=True)
    if status == "INTERNAL_ERROR":
        cause = f"Cloud Build broke: {found.status_detail or 'it does not say why'}"
        return Failure("build_broke", cause, f"{_AGAIN} {where}", evidence, retryable=True)
    step = _failed_step(found)
    if step == "fetch":
        return _not_fetched(build, lines, evidence)
    if step == "prepare":
        cause = "the edits cannot be applied to the commit where it is built"
        return Failure("edits_do_not_apply", cause, "Bring the edits up to date with the repository.", evidence)
    return _not_built(build, found, lines, evidence, site)


def _failed_step(found: Any) -> str:
    return next((step.id for step in found.steps if step.status.name in ("FAILURE", "INTERNAL_ERROR", "TIMEOUT")), "")


def _not_fetched(build: Build, lines: Sequence[str], evidence: str) -> Failure:
    where = build.repository.location
    if _any(_PRIVATE, lines):
        cause = f"Cloud Build may not read {where}: it is private, gone, or the sign-in with GitHub has expired"
        return Failure("repository_private", cause, "Sign in with GitHub again, then deploy again.", evidence)
    if _any(_GONE, lines):
        cause = f"the commit {build.commit.sha[:12]} is no longer in {where}"
        return Failure("commit_gone", cause, "Deploy a commit of a branch that is there.", evidence)
    cause = f"Cloud Build could not fetch {where}"
    return Failure("fetch_failed", cause, "Deploy again; see the log when it happens again.", evidence, retryable=True)


def _not_built(build: Build, found: Any, lines: Sequence[str], evidence: str, site: Site) -> Failure:
    if _any(_PUSH, lines) or found.failure_info.type_.name.startswith("PUSH"):
        cause = "the image was built, and could not be pushed to Artifact Registry"
        member = f"serviceAccount:{BUILD_ACCOUNT}@{site.project}.iam.gserviceaccount.com"
        fix = commands.grant_on_repository(site.project, site.region, member, "roles/artifactregistry.writer")
        return Failure("push_failed", cause, fix, evidence, retryable=True)
    if _any(_SPACE, lines):
        fix = "Write less during the build, or leave large files out of the image."
        return Failure("disk_limit", "the build filled the disk of its machine", fix, evidence)
    if known := explain_lines(lines):
        return known
    command = next((match for line in reversed(lines) if (match := _COMMAND.search(line))), None)
    if command is not None:
        cause = f"`{command['command']}` failed with exit code {command['code']}"
        if command["code"] == "137":
            return Failure("out_of_memory", f"{cause}: it was killed, mostly for lack of memory",
                           "Make the build use less memory.", evidence)  # fmt: skip
        return Failure("command_failed", cause, "Run it in the repository, and mend what it says.", evidence)
    detail = found.failure_info.detail or found.status_detail
    cause = f"the image could not be built{f': {detail}' if detail else ''}"
    return Failure("build_failed", cause, f"See the log above its end, or at {found.log_url}", evidence)


def _any(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    return any(pattern.search(line) for line in lines)
