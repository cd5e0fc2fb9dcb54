"""The load balancer's parts, by Compute Engine's REST API.

Its client is synchronous and takes a second and 150 MB to import: that is done when a domain is set up, in a thread,
and each call runs in one. The client's own waiting for operations is not used: it asks another address, and does
not survive a crash.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgem.clouds.google.balancer import Resource, Site
from devgem.clouds.google.construction import Found
from devgem.clouds.google.troubles import explained
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_ROLE = "roles/compute.loadBalancerAdmin"
_CALL_SECONDS = 30.0
_CHANGES = 5


@dataclass(frozen=True)
class _Kind:
    client: str
    noun: str
    is_regional: bool = False


KINDS: Mapping[str, _Kind] = {
    "addresses": _Kind("GlobalAddressesClient", "address"),
    "networkEndpointGroups": _Kind("RegionNetworkEndpointGroupsClient", "network_endpoint_group", is_regional=True),
    "backendServices": _Kind("BackendServicesClient", "backend_service"),
    "urlMaps": _Kind("UrlMapsClient", "url_map"),
    "targetHttpsProxies": _Kind("TargetHttpsProxiesClient", "target_https_proxy"),
    "targetHttpProxies": _Kind("TargetHttpProxiesClient", "target_http_proxy"),
    "forwardingRules": _Kind("GlobalForwardingRulesClient", "forwarding_rule"),
}
RULES = "rules"


class Compute:
    def __init__(self, admin: "Administration", site: Site, *, poll_seconds: float = 1.0) -> None:
        self._admin = admin
        self._site = site
        self._poll_seconds = poll_seconds
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    async def find(self, resource: Resource) -> Found | None:
        if resource.kind == RULES:
            return await self._find_rule(resource)
        try:
            found = await self._get(resource, KINDS[resource.kind], resource.name)
        except NotFound:
            return None
        values = {"address": found.address} if resource.kind == "addresses" else {}
        return Found(self._site.mark in found.description, values)

    async def create(self, resource: Resource, request_id: str) -> str:
        if resource.kind == RULES:
            return await self._change_map(resource, lambda found: _with_rule(found, resource))
        kind = KINDS[resource.kind]
        request = {**self._place(kind), f"{kind.noun}_resource": {"name": resource.name, **resource.body}}
        return await self._begin(resource, "make", kind, "insert_unary", {**request, "request_id": request_id})

    async def remove(self, resource: Resource, request_id: str) -> str:
        if resource.kind == RULES:
            return await self._change_map(resource, lambda found: _without_rule(found, resource))
        kind = KINDS[resource.kind]
        request = {**self._place(kind), kind.noun: resource.name, "request_id": request_id}
        return await self._begin(resource, "remove", kind, "delete_unary", request)

    async def finish(self, resource: Resource, operation: str) -> None:
        regional = resource.kind in KINDS and KINDS[resource.kind].is_regional
        client = "RegionOperationsClient" if regional else "GlobalOperationsClient"
        place = {"project": self._site.project} | ({"region": self._site.region} if regional else {})
        while True:
            found = await self._call(resource, "wait for", client, "get", {**place, "operation": operation})
            if found.status.name == "DONE":
                break
            await asyncio.sleep(self._poll_seconds)
        if found.error.errors:
            first = found.error.errors[0]
            said = f"Google could not complete the {resource.step} {resource.name!r}: {first.message} ({first.code})"
            raise Unavailable(said, fix="Mend what it says, then run it again.", code="operation_failed")

    # Rules: single hosts in the URL map of the domain

    async def _find_rule(self, resource: Resource) -> Found | None:
        try:
            found = await self._get(resource, KINDS["urlMaps"], resource.body["url_map"])
        except NotFound:
            return None
        named = [matcher for matcher in found.path_matchers if matcher.name == resource.name]
        hosts = [host for rule in found.host_rules for host in rule.hosts]
        if not named:
            return Found(is_ours=False) if resource.body["host"] in hosts else None
        return Found(self._site.mark in named[0].description)

    async def _change_map(self, resource: Resource, change: Callable[[Any], None]) -> str:
        """Changes the URL map as it is now; Google refuses when somebody else has changed it meanwhile."""
        kind, name = KINDS["urlMaps"], resource.body["url_map"]
        for attempt in range(_CHANGES):
            found = await self._get(resource, kind, name)
            if self._site.mark not in found.description:
                raise Conflict(f"the URL map {name!r} was not made by this DevGem", fix="Set the domain up again.")
            change(found)
            request = {"project": self._site.project, kind.noun: name, "url_map_resource": found}
            try:
                return await self._begin(resource, "change", kind, "update_unary", request)
            except Conflict:
                if attempt + 1 == _CHANGES:
                    raise
        raise AssertionError

    # Calls

    async def _get(self, resource: Resource, kind: _Kind, name: str) -> Any:
        return await self._call(resource, "look at", kind.client, "get", {**self._place(kind), kind.noun: name})

    async def _begin(self, resource: Resource, doing: str, kind: _Kind, method: str, request: Mapping[str, Any]) -> str:
        operation = await self._call(resource, doing, kind.client, method, request)
        return str(operation.name)

    def _place(self, kind: _Kind) -> dict[str, str]:
        return {"project": self._site.project} | ({"region": self._site.region} if kind.is_regional else {})

    async def _call(self, resource: Resource, doing: str, client: str, method: str, request: Mapping[str, Any]) -> Any:
        return await asyncio.to_thread(self._call_now, resource, doing, client, method, request)

    def _call_now(self, resource: Resource, doing: str, client: str, method: str, request: Mapping[str, Any]) -> Any:
        try:
            from google.api_core.exceptions import GoogleAPICallError, RetryError
            from google.auth.exceptions import GoogleAuthError
            from requests.exceptions import RequestException
        except ImportError as error:
            raise Unavailable("Google's clients are not installed", fix="pip install 'devgem[google]'") from error
        try:
            return getattr(self._client(client), method)(request=dict(request), timeout=_CALL_SECONDS)
        except RequestException as error:
            raise Unavailable(f"Google did not answer: {error}", fix="Try again.", code="google_away") from error
        except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
            what = f"{doing} the {resource.step} {resource.name!r}"
            member = self._admin.member
            raise explained(error, what, project=self._site.project, member=member, role=_ROLE) from error
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"the {resource.step} {resource.name!r} cannot be described: {error}") from error

    def _client(self, name: str) -> Any:
        with self._making:
            if name not in self._clients:
                from google.api_core.client_options import ClientOptions
                from google.cloud import compute_v1

                options = ClientOptions(api_endpoint=self._admin.endpoint) if self._admin.endpoint else None
                kind = getattr(compute_v1, name)
                self._clients[name] = kind(credentials=self._admin.credentials, client_options=options)
            return self._clients[name]


def _with_rule(found: Any, resource: Resource) -> None:
    from google.cloud import compute_v1

    _without_rule(found, resource)
    found.host_rules.append(compute_v1.HostRule(hosts=[resource.body["host"]], path_matcher=resource.name))
    matcher = compute_v1.PathMatcher(
        name=resource.name, default_service=resource.body["service"], description=resource.body["description"]
    )
    found.path_matchers.append(matcher)


def _without_rule(found: Any, resource: Resource) -> None:
    found.host_rules = [rule for rule in found.host_rules if rule.path_matcher != resource.name]
    found.path_matchers = [matcher for matcher in found.path_matchers if matcher.name != resource.name]
