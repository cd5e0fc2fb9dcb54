"""Compute Engine's REST API: the parts of a load balancer, which refer to each other."""

import itertools
import json
import re
from typing import Any

from aiohttp import web

from tests.standins.google.peer import Peer, refused

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_REFERENCE = re.compile(r"(?:https://www\.googleapis\.com/compute/v1/)?(projects/[^/]+/(?:global|regions/[^/]+)/.+)")
COLLECTIONS = frozenset(
    {"addresses", "networkEndpointGroups", "backendServices", "urlMaps", "targetHttpsProxies", "targetHttpProxies"}
    | {"forwardingRules"}
)
_REFERRING = ("defaultService", "urlMap", "target", "IPAddress")
ADDRESS = "203.0.113.7"


class Compute:
    """`resources` by `projects/p/global/urlMaps/name`."""

    def __init__(self, peer: Peer) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, str] = {}
        self._peer = peer
        self._requests: dict[str, str] = {}
        self._operations: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        routes = []
        for scope in ("/global", "/regions/{region}"):
            base = "/compute/v1/projects/{project}" + scope
            routes += [
                web.get(base + "/operations/{operation}", self._operation),
                web.post(base + "/{collection}", self._insert),
                web.get(base + "/{collection}/{name}", self._get),
                web.put(base + "/{collection}/{name}", self._update),
                web.delete(base + "/{collection}/{name}", self._delete),
            ]
        return routes

    async def _insert(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        collection, key = request.match_info["collection"], _key(request.path) + "/" + body.get("name", "")
        if again := self._again(request):
            return again
        if collection not in COLLECTIONS or not _NAME.fullmatch(body.get("name", "")):
            return refused(400, f"Invalid value for field 'resource.name': '{body.get('name')}'")
        if "labels" in body:
            return refused(400, "Invalid value for field 'resource.labels': labels can only be set by setLabels")
        if key in self.resources:
            return refused(409, f"The resource '{key}' already exists", "alreadyExists")
        for reference in _references(body):
            if reference not in self.resources:
                return refused(
                    400, f"Invalid value for a field: '{reference}'. The referenced resource does not exist."
                )
        if collection == "networkEndpointGroups" and (
            body.get("networkEndpointType") != "SERVERLESS" or len(body.get("cloudRun", {})) != 1
        ):
            return refused(400, "Invalid value for field 'resource.cloudRun'")
        if collection == "addresses":
            body["address"] = ADDRESS
        if not (failed := self._failing(key)):
            self.resources[key] = {**body, "fingerprint": "MQ=="}
        return self._begin(request, key, failed)

    async def _get(self, request: web.Request) -> web.Response:
        key = _key(request.path)
        if key not in self.resources:
            return refused(404, f"The resource '{key}' was not found", "notFound")
        return web.json_response(self.resources[key])

    async def _update(self, request: web.Request) -> web.Response:
        key, body = _key(request.path), json.loads(await request.text())
        if key not in self.resources:
            return refused(404, f"The resource '{key}' was not found", "notFound")
        if body.get("fingerprint") != self.resources[key]["fingerprint"]:
            return refused(412, "Invalid fingerprint.", "conditionNotMet")
        for reference in _references(body):
            if reference not in self.resources:
                return refused(400, f"'{reference}' does not exist")
        self.resources[key] = {**body, "fingerprint": f"f{next(self._numbers)}=="}
        return self._begin(request, key, "")

    async def _delete(self, request: web.Request) -> web.Response:
        key = _key(request.path)
        if again := self._again(request):
            return again
        if key not in self.resources:
            return refused(404, f"The resource '{key}' was not found", "notFound")
        users = [other for other, body in self.resources.items() if key in _references(body)]
        if users:
            said = f"The resource '{key}' is already being used by '{users[0]}'"
            return refused(400, said, "resourceInUseByAnotherResource")
        del self.resources[key]
        return self._begin(request, key, "")

    def _again(self, request: web.Request) -> web.Response | None:
        """The same request, sent twice, is one."""
        sent = request.query.get("requestId", "")
        if sent in self._requests:
            return web.json_response(self._operations[self._requests[sent]])
        return None

    def _begin(self, request: web.Request, key: str, failed: str) -> web.Response:
        name = f"operation-{next(self._numbers)}"
        operation = {"kind": "compute#operation", "name": name, "status": "RUNNING", "targetLink": key, "looks": 0}
        if failed:
            operation["failed"] = failed
        self._operations[name] = operation
        if sent := request.query.get("requestId"):
            self._requests[sent] = name
        return web.json_response({k: v for k, v in operation.items() if k not in ("looks", "failed")})

    async def _operation(self, request: web.Request) -> web.Response:
        operation = self._operations.get(request.match_info["operation"])
        if operation is None:
            return refused(404, "The operation was not found", "notFound")
        operation["looks"] += 1
        shown = {k: v for k, v in operation.items() if k not in ("looks", "failed")}
        if operation["looks"] >= self._peer.looks:
            shown["status"] = "DONE"
            if "failed" in operation:
                shown["error"] = {"errors": [{"code": "QUOTA_EXCEEDED", "message": operation["failed"]}]}
        return web.json_response(shown)

    def forget_operations(self) -> None:
        self._operations.clear()

    def _failing(self, key: str) -> str:
        return next((said for part, said in self.failing.items() if part in key), "")


def _key(path: str) -> str:
    return path.removeprefix("/compute/v1/")


def _references(body: dict[str, Any]) -> list[str]:
    named = [body[field] for field in _REFERRING if field in body]
    named += [backend["group"] for backend in body.get("backends", [])]
    named += [matcher["defaultService"] for matcher in body.get("pathMatchers", [])]
    return [match[1] for text in named if (match := _REFERENCE.fullmatch(text))]
