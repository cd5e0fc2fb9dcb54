"""Certificate Manager: DNS authorizations, certificates, their map and its entries."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from devgem.clouds.google.balancer import Resource, Site
from devgem.clouds.google.construction import Found
from devgem.clouds.google.troubles import explained
from devgem.domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

T = TypeVar("T")

KINDS = {
    "dnsAuthorizations": "dns_authorization",
    "certificates": "certificate",
    "certificateMaps": "certificate_map",
    "certificateMapEntries": "certificate_map_entry",
}
_ROLE = "roles/certificatemanager.owner"
_CALL_SECONDS = 30.0


class Certificates:
    def __init__(self, admin: "Administration", site: Site, *, poll_seconds: float = 2.0) -> None:
        self._admin = admin
        self._site = site
        self._poll_seconds = poll_seconds

    async def find(self, resource: Resource) -> Found | None:
        try:
            found = await self._call(resource, "look at", "get", {"name": self._name(resource)})
        except NotFound:
            return None
        return Found(dict(found.labels) == dict(found.labels) | dict(self._site.labels), _values(resource.kind, found))

    async def create(self, resource: Resource, request_id: str) -> str:
        noun = KINDS[resource.kind]
        body = {name: value for name, value in resource.body.items() if name != "map"}
        parent = resource.body.get("map") or f"projects/{self._site.project}/locations/global"
        request = {"parent": parent, f"{noun}_id": resource.name, noun: body}
        operation = await self._call(resource, "make", "create", request)
        return str(operation.operation.name)

    async def remove(self, resource: Resource, request_id: str) -> str:
        operation = await self._call(resource, "remove", "delete", {"name": self._name(resource)})
        return str(operation.operation.name)

    async def finish(self, resource: Resource, operation: str) -> None:
        client = self._admin.certificates.transport.operations_client
        while True:
            found = await self._told(resource, "wait for", client.get_operation(operation, timeout=_CALL_SECONDS))
            if found.done:
                break
            await asyncio.sleep(self._poll_seconds)
        if found.error.code:
            said = f"Google could not complete the {resource.step} {resource.name!r}: {found.error.message}"
            raise Unavailable(said, fix="Mend what it says, then run it again.", code="operation_failed")

    def _name(self, resource: Resource) -> str:
        if parent := resource.body.get("map"):
            return f"{parent}/certificateMapEntries/{resource.name}"
        return self._site.certificates(resource.kind, resource.name)

    async def _call(self, resource: Resource, doing: str, verb: str, request: dict[str, Any]) -> Any:
        method = getattr(self._admin.certificates, f"{verb}_{KINDS[resource.kind]}")
        return await self._told(resource, doing, method(request=request, timeout=_CALL_SECONDS))

    async def _told(self, resource: Resource, doing: str, call: Awaitable[T]) -> T:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        try:
            return await call
        except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
            raise explained(
                error,
                f"{doing} the {resource.step} {resource.name!r}",
                project=self._site.project,
                member=self._admin.member,
                role=_ROLE,
            ) from error


def _values(kind: str, found: Any) -> dict[str, Any]:
    if kind == "dnsAuthorizations":
        record = found.dns_resource_record
        return {"name": record.name, "type": record.type_, "data": record.data}
    if kind == "certificates":
        managed = found.managed
        attempts = [
            f"{attempt.domain}: {attempt.details or attempt.failure_reason.name.lower()}"
            for attempt in managed.authorization_attempt_info
            if attempt.state.name == "FAILED"
        ]
        issue = managed.provisioning_issue
        return {"state": managed.state.name, "attempts": attempts, "issue": issue.details if issue else ""}
    return {}
