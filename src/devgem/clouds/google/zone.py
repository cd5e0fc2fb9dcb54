"""Cloud DNS: adds the records of a domain to a zone, and removes those that it added."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from devgem.clouds.domains import DnsRecord
from devgem.clouds.google.notes import Notes
from devgem.clouds.google.troubles import explained
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_ROLE = "roles/dns.admin"
_TTL_SECONDS = 300


class Zone:
    """Records have no labels, so those that were added are noted: no other is ever removed."""

    def __init__(self, admin: "Administration", name: str, notes: Notes) -> None:
        self._admin = admin
        self._name = name
        self._notes = notes
        self._key = f"domains/records/{name}"

    async def check(self, domain: str) -> None:
        """Raises NotFound for a zone that is not there, InvalidInput for one of another domain."""
        held = await asyncio.to_thread(self._told, "look at", self._dns_name)
        if not f".{domain}.".endswith(f".{held}"):
            raise InvalidInput(
                f"{domain} is not in the zone {self._name!r}, which is of {held.rstrip('.')}",
                fix="See `gcloud dns managed-zones list`.",
            )

    async def add(self, records: Sequence[DnsRecord]) -> None:
        """Raises Conflict for a name that has another value already."""
        there = await asyncio.to_thread(self._told, "read the records of", self._records)
        wanted = []
        for record in records:
            values = [values for name, kind, values in there if (name, kind) == (_dotted(record.name), record.type)]
            if not values:
                wanted.append(record)
            elif _value(record) not in values[0]:
                raise Conflict(
                    f"{record.name} in the zone {self._name!r} is {', '.join(values[0])} already",
                    fix=f"Remove it there, or set it to {record.value}.",
                )
        if wanted:
            # Noted first: what is noted and not there is not removed, what is there and not noted would stay.
            await self._note([*await self._noted(), *wanted])
            await asyncio.to_thread(self._told, "add records to", lambda: self._change(wanted, add=True))

    async def remove(self, records: Sequence[DnsRecord] | None = None) -> None:
        """Those of `records` that were added (all, without), where they still have their values."""
        ours = [record for record in await self._noted() if records is None or record in records]
        try:
            there = await asyncio.to_thread(self._told, "read the records of", self._records)
        except NotFound:
            there = []
        left = [record for record in ours if (_dotted(record.name), record.type, [_value(record)]) in there]
        if left:
            await asyncio.to_thread(self._told, "remove records from", lambda: self._change(left, add=False))
        await self._note([record for record in await self._noted() if record not in ours])

    async def _noted(self) -> list[DnsRecord]:
        return [DnsRecord(**found) for found in json.loads(await self._notes.get(self._key) or "[]")]

    async def _note(self, records: Sequence[DnsRecord]) -> None:
        if records:
            await self._notes.put(self._key, json.dumps([vars(record) for record in dict.fromkeys(records)]))
        else:
            await self._notes.drop(self._key)

    # In a thread: the client is synchronous

    def _dns_name(self) -> str:
        zone = self._client().zone(self._name)
        zone.reload()
        return str(zone.dns_name)

    def _records(self) -> list[tuple[str, str, list[str]]]:
        found = self._client().zone(self._name).list_resource_record_sets()
        return [(record.name, record.record_type, list(record.rrdatas)) for record in found]

    def _change(self, records: Sequence[DnsRecord], *, add: bool) -> None:
        zone = self._client().zone(self._name)
        changes = zone.changes()
        for record in records:
            made = zone.resource_record_set(_dotted(record.name), record.type, _TTL_SECONDS, [_value(record)])
            (changes.add_record_set if add else changes.delete_record_set)(made)
        changes.create()

    def _client(self) -> Any:
        from google.cloud import dns  # type: ignore[attr-defined]  # it has no types

        options = {"api_endpoint": self._admin.endpoint} if self._admin.endpoint else None
        return dns.Client(project=self._admin.project, credentials=self._admin.credentials, client_options=options)

    def _told(self, doing: str, call: Any) -> Any:
        try:
            from google.api_core.exceptions import GoogleAPICallError
            from google.auth.exceptions import GoogleAuthError
            from requests.exceptions import RequestException
        except ImportError as error:
            raise Unavailable("Google's clients are not installed", fix="pip install 'devgem[google]'") from error
        try:
            return call()
        except RequestException as error:
            raise Unavailable(f"Google did not answer: {error}", fix="Try again.", code="google_away") from error
        except (GoogleAPICallError, GoogleAuthError) as error:
            what = f"{doing} the zone {self._name!r}"
            member = self._admin.member
            raise explained(error, what, project=self._admin.project, member=member, role=_ROLE) from error


def _dotted(name: str) -> str:
    return name if name.endswith(".") else name + "."


def _value(record: DnsRecord) -> str:
    return _dotted(record.value) if record.type == "CNAME" else record.value
