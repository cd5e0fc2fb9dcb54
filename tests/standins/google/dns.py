"""Cloud DNS's REST API: managed zones and their records."""

import json
from typing import Any

from aiohttp import web

from tests.standins.google.peer import refused


class Dns:
    """`zones` by name: the DNS name and the records as (name, type) to values."""

    def __init__(self) -> None:
        self.zones: dict[str, tuple[str, dict[tuple[str, str], list[str]]]] = {}

    def routes(self) -> list[web.RouteDef]:
        base = "/dns/v1/projects/{project}/managedZones/{zone}"
        return [
            web.get(base, self._zone),
            web.get(base + "/rrsets", self._records),
            web.post(base + "/changes", self._change),
        ]

    def _find(self, request: web.Request) -> Any:
        return self.zones.get(request.match_info["zone"])

    async def _zone(self, request: web.Request) -> web.Response:
        if (zone := self._find(request)) is None:
            return refused(404, "The 'parameters.managedZone' resource does not exist.", "notFound")
        return web.json_response({"name": request.match_info["zone"], "dnsName": zone[0], "id": "1"})

    async def _records(self, request: web.Request) -> web.Response:
        if (zone := self._find(request)) is None:
            return refused(404, "The zone does not exist.", "notFound")
        found = [{"name": n, "type": t, "ttl": 300, "rrdatas": values} for (n, t), values in zone[1].items()]
        return web.json_response({"rrsets": found})

    async def _change(self, request: web.Request) -> web.Response:
        if (zone := self._find(request)) is None:
            return refused(404, "The zone does not exist.", "notFound")
        body, records = json.loads(await request.text()), zone[1]
        for record in body["additions"]:
            if not record["name"].endswith("." + zone[0]) and record["name"] != zone[0]:
                return refused(400, f"{record['name']} is not in the zone")
            if record["type"] == "CNAME" and not record["rrdatas"][0].endswith("."):
                return refused(400, f"{record['rrdatas'][0]} is not absolute")
            if (record["name"], record["type"]) in records:
                return refused(409, f"The resource record '{record['name']}' already exists", "alreadyExists")
        for record in body["deletions"]:
            if records.get((record["name"], record["type"])) != record["rrdatas"]:
                return refused(412, "Precondition not met for 'entity.change.deletions'", "conditionNotMet")
        for record in body["deletions"]:
            del records[record["name"], record["type"]]
        for record in body["additions"]:
            records[record["name"], record["type"]] = record["rrdatas"]
        return web.json_response({"id": "1", "status": "pending", "additions": [], "deletions": []})
