"""Service accounts of apps: one each, without any role, so that no app has another's rights or DevGem's."""

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.troubles import explained
from devgem.domain.errors import Conflict, DevGemError

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_CALL_SECONDS = 20.0
_ROLE = "roles/iam.serviceAccountAdmin"


def account_id(install: str, app: str) -> str:
    """6 to 30 characters, as Google wants them; the digest keeps apart what is cut, and two DevGems on one project."""
    slug = re.sub(r"[^a-z0-9-]", "-", app)[:17].strip("-")
    return f"app-{slug}-{hashlib.sha256(f'{install}/{app}'.encode()).hexdigest()[:8]}"


class Accounts:
    def __init__(self, admin: "Administration", site: Site) -> None:
        self._admin = admin
        self._site = site

    def email(self, app: str) -> str:
        return f"{account_id(self._site.install, app)}@{self._site.project}.iam.gserviceaccount.com"

    async def ensure(self, app: str) -> str:
        """The address of the app's account, which is made when it is missing. Raises Conflict for one of the same name
        that this DevGem did not make."""
        from google.api_core.exceptions import AlreadyExists, GoogleAPICallError, NotFound, RetryError

        name, mark = self._name(app), self._mark(app)
        try:
            try:
                found = await self._admin.iam.get_service_account(name=name, timeout=_CALL_SECONDS)
            except NotFound:
                request = {
                    "name": f"projects/{self._site.project}",
                    "account_id": account_id(self._site.install, app),
                    "service_account": {"display_name": f"DevGem app {app}", "description": mark},
                }
                with contextlib.suppress(AlreadyExists):
                    await self._admin.iam.create_service_account(request=request, timeout=_CALL_SECONDS)
                return self.email(app)
        except (GoogleAPICallError, RetryError) as error:
            raise self._explained(error, f"make the service account of {app!r}") from error
        if found.description != mark:
            raise Conflict(
                f"this DevGem did not make the service account {self.email(app)}",
                fix=f"Remove it: gcloud iam service-accounts delete {self.email(app)} --project={self._site.project}",
            )
        return self.email(app)

    async def remove(self, app: str) -> None:
        """Idempotent; leaves alone what this DevGem did not make."""
        from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError

        try:
            found = await self._admin.iam.get_service_account(name=self._name(app), timeout=_CALL_SECONDS)
            if found.description == self._mark(app):
                await self._admin.iam.delete_service_account(name=self._name(app), timeout=_CALL_SECONDS)
        except NotFound:
            return
        except (GoogleAPICallError, RetryError) as error:
            raise self._explained(error, f"remove the service account of {app!r}") from error

    def _name(self, app: str) -> str:
        return f"projects/{self._site.project}/serviceAccounts/{self.email(app)}"

    def _mark(self, app: str) -> str:
        return f"devgem-app={app}; {self._site.mark}"

    def _explained(self, error: Exception, doing: str) -> DevGemError:
        return explained(error, doing, project=self._site.project, member=self._admin.member, role=_ROLE)
