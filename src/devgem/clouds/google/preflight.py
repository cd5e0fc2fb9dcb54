"""What would stop a deployment on Google Cloud, found before anything is built: all questions at once, and none again
for a few minutes while all is well."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from devgem.clouds.google import checks, commands, roles
from devgem.domain.app import Check
from devgem.domain.errors import DevGemError

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_KEPT_SECONDS = 300.0

Question = Callable[["Administration"], Awaitable[list[Check]]]


class Preflight:
    """`enable` lets it enable missing APIs, where its credentials may."""

    def __init__(
        self, admin: "Administration", *, enable: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._admin = admin
        self._enable = enable
        self._clock = clock
        self._asking = asyncio.Lock()
        self._well: tuple[float, Sequence[Check]] | None = None

    async def checks(self) -> Sequence[Check]:
        """Every finding, the needed ones that fail first."""
        async with self._asking:
            if self._well is not None and self._clock() < self._well[0]:
                return self._well[1]
            found = await self._ask()
            found = sorted(found, key=lambda check: (check.ok, not check.needed))
            well = all(check.ok or not check.needed for check in found)
            self._well = (self._clock() + _KEPT_SECONDS, found) if well else None
            return found

    def forget(self) -> None:
        """The next look asks again: something that was well has failed since."""
        self._well = None

    async def _ask(self) -> list[Check]:
        try:
            await asyncio.to_thread(self._admin.load)
        except DevGemError as error:
            return [Check("google credentials", False, error.message, error.fix)]
        first = await self._together(
            ("google project", checks.project),
            ("google apis", lambda admin: checks.apis(admin, roles.APIS, enable=self._enable)),
        )
        found = [*([] if _is_signed_out(first) else [Check("google credentials", True, self._admin.who)]), *first]
        if any(not check.ok for check in first):
            return found
        found += await self._together(
            ("google billing", checks.billing),
            ("google roles", lambda admin: checks.permissions(admin, roles.OF_DEVGEM)),
            ("google public services", checks.public_services),
            ("google region", checks.region),
            ("google quota", checks.quota),
        )
        if any(check.name == "google region" and not check.ok for check in found):
            return found
        # The roles of what is only being made are asked for when it is there.
        made = await self._together(
            ("google image repository", checks.repository), ("google build account", checks.build_account)
        )
        if all(check.ok for check in made):
            made += await self._together(("google build account roles", checks.build_roles))
        return found + made

    async def _together(self, *questions: tuple[str, Question]) -> list[Check]:
        answers = await asyncio.gather(*(self._put(name, question) for name, question in questions))
        return [check for answer in answers for check in answer]

    async def _put(self, name: str, question: Question) -> list[Check]:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        try:
            return await question(self._admin)
        except GoogleAuthError as error:
            said = f"Google does not take the credentials: {checks.said_by(error)}"
            return [Check("google credentials", False, said, commands.SIGN_IN)]
        except (GoogleAPICallError, RetryError, TimeoutError) as error:
            return [refused(name, error, self._admin)]


_OPTIONAL = {"google public services", "google quota", "google billing"}
"""What these ask for is not needed for a deployment; that they could not be asked keeps nobody from one."""
_ROLES = {
    "google project": "roles/browser",
    "google billing": "roles/browser",
    "google roles": "roles/browser",
    "google public services": "roles/orgpolicy.policyViewer",
    "google quota": "roles/monitoring.viewer",
    "google apis": "roles/serviceusage.serviceUsageConsumer",
    "google region": "roles/run.admin",
    "google image repository": "roles/artifactregistry.admin",
    "google build account": "roles/iam.serviceAccountAdmin",
    "google build account roles": "roles/browser",
}


def refused(name: str, error: Exception, admin: "Administration") -> Check:
    """A question that Google did not answer, as a finding: what it said, and what mends that."""
    from google.api_core import exceptions

    said = checks.said_by(error)
    if isinstance(error, exceptions.Unauthenticated):
        return Check("google credentials", False, f"Google does not take the credentials: {said}", commands.SIGN_IN)
    if getattr(error, "reason", None) == "SERVICE_DISABLED":
        api = (getattr(error, "metadata", None) or {}).get("service", "")
        return Check(name, False, said, commands.enable(admin.project, [api]), needed=name not in _OPTIONAL)
    if isinstance(error, exceptions.NotFound) and name == "google project":
        return Check(name, False, f"there is no project {admin.project!r}", commands.see_project())
    needed = name not in _OPTIONAL
    if isinstance(error, exceptions.PermissionDenied):
        role = _ROLES[name]
        fix = commands.grant(admin.project, admin.member, role)
        return Check(name, False, f"{admin.who} may not ask for it ({role}): {said}", fix, needed=needed)
    if isinstance(error, exceptions.ResourceExhausted):
        return Check(
            name, False, f"Google's quota refused the question: {said}", commands.quotas(admin.project), needed
        )
    if isinstance(error, exceptions.MethodNotImplemented):
        return Check(name, False, f"this address of Google's services does not know it: {said}", "", needed=False)
    if isinstance(error, exceptions.InvalidArgument):
        # Our own fault, or news of Google's: nobody is kept from deploying by a question that was put wrongly.
        return Check(name, False, f"Google does not understand the question: {said}", "", needed=False)
    fix = "Try again in a minute; https://status.cloud.google.com tells of trouble at Google."
    return Check(name, False, f"Google did not answer: {said or type(error).__name__}", fix, needed=needed)


def _is_signed_out(found: Sequence[Check]) -> bool:
    return any(check.name == "google credentials" and not check.ok for check in found)
