"""The service account of an app: it has no roles, and so the app may do nothing in the project."""

from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls
from devgem.domain.errors import Conflict, NotFound

_ROLE = "roles/iam.serviceAccountAdmin"


class Accounts:
    """They have no labels: the description carries DevGem's mark."""

    def __init__(self, admin: Administration, site: Site, calls: Calls) -> None:
        self._admin = admin
        self._site = site
        self._call = calls

    async def ensure(self, app: str) -> str:
        """The account's address. Raises Conflict when there is one of this name that DevGem did not make."""
        email = naming.email_of(self._site, app)
        if await self._found(app) is None:
            account = {"display_name": f"DevGem app {app}", "description": self._mark(app)}
            request = {
                "name": f"projects/{self._site.project}",
                "account_id": naming.account_of(self._site, app),
                "service_account": account,
            }
            create = self._admin.iam.create_service_account
            try:
                await self._call(create, request, to=f"make the service account {email}", role=_ROLE)
            except Conflict:
                await self._found(app)  # Somebody was quicker, or the answer of the first attempt was lost.
        return email

    async def delete(self, app: str) -> None:
        """Idempotent; leaves what is not DevGem's."""
        try:
            if await self._found(app) is not None:
                email = naming.email_of(self._site, app)
                delete = self._admin.iam.delete_service_account
                await self._call(delete, {"name": self._name(app)}, to=f"delete {email}", role=_ROLE)
        except NotFound:
            pass

    async def _found(self, app: str) -> Any:
        email = naming.email_of(self._site, app)
        get = self._admin.iam.get_service_account
        try:
            found = await self._call(get, {"name": self._name(app)}, to=f"look for {email}", role=_ROLE)
        except NotFound:
            return None
        if self._site.mark not in found.description:
            raise Conflict(
                f"there is a service account {email} that this DevGem did not make",
                fix=f"Delete it, or give the app another name: gcloud iam service-accounts delete {email}",
                code="not_ours",
            )
        return found

    def _mark(self, app: str) -> str:
        return f"{self._site.mark} {naming.APP}={app}"

    def _name(self, app: str) -> str:
        return f"projects/{self._site.project}/serviceAccounts/{naming.email_of(self._site, app)}"
