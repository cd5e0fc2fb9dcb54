"""Certificate Manager: authorizations, certificates, maps and entries, with what refers to what."""

import re
from typing import Any

import grpc
from google.cloud import certificate_manager_v1 as cm
from google.protobuf import empty_pb2

from tests.standins.google.peer import Peer, Trouble

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+")
_INVALID = grpc.StatusCode.INVALID_ARGUMENT


class CertificateManager:
    """`active`: whether certificates are issued. Authority: `things` by their full name."""

    def __init__(self, peer: Peer) -> None:
        self.things: dict[str, Any] = {}
        self.active = True
        self._peer = peer

    def _get(self, name: str) -> Any:
        if name not in self.things:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Resource '{name}' was not found")
        return self.things[name]

    def _create(self, parent: str, collection: str, thing_id: str, body: Any) -> Any:
        texts = [*body.labels.keys(), *body.labels.values()]
        if not _ID.fullmatch(thing_id) or not all(_LABEL.fullmatch(text) for text in texts):
            raise Trouble(_INVALID, f"{thing_id!r} or a label has the wrong form")
        name = f"{parent}/{collection}/{thing_id}"
        if name in self.things:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, f"Resource '{name}' already exists")
        made = type(body)(body)
        made.name = name
        operation = self._peer.begin("projects/p/locations/global", made, f"create-{collection}")
        if not self._peer.operations[operation.name].HasField("error"):
            self.things[name] = made
        return operation

    def _delete(self, name: str, used_by: list[str]) -> Any:
        self._get(name)
        if used_by:
            raise Trouble(grpc.StatusCode.FAILED_PRECONDITION, f"'{name}' is used by {used_by}")
        del self.things[name]
        return self._peer.begin("projects/p/locations/global", empty_pb2.Empty(), "delete")

    def _using(self, name: str) -> list[str]:
        def uses(thing: Any) -> bool:
            if isinstance(thing, cm.Certificate):
                return name in thing.managed.dns_authorizations
            return isinstance(thing, cm.CertificateMapEntry) and name in thing.certificates

        return [other for other, thing in self.things.items() if uses(thing) or other.startswith(f"{name}/")]

    async def GetDnsAuthorization(self, request: Any) -> Any:  # noqa: N802
        return self._get(request.name)

    async def CreateDnsAuthorization(self, request: Any) -> Any:  # noqa: N802
        body = request.dns_authorization
        if not _HOST.fullmatch(body.domain) or body.domain.startswith("*"):
            raise Trouble(_INVALID, f"{body.domain!r} cannot be authorized")
        body.dns_resource_record = cm.DnsAuthorization.DnsResourceRecord(
            name=f"_acme-challenge.{body.domain}.", type_="CNAME", data="0f3a.3.authorize.certificatemanager.goog."
        )
        return self._create(request.parent, "dnsAuthorizations", request.dns_authorization_id, body)

    async def DeleteDnsAuthorization(self, request: Any) -> Any:  # noqa: N802
        return self._delete(request.name, self._using(request.name))

    async def GetCertificate(self, request: Any) -> Any:  # noqa: N802
        found = self._get(request.name)
        state = cm.Certificate.ManagedCertificate.State
        found.managed.state = state.ACTIVE if self.active else state.PROVISIONING
        return found

    async def CreateCertificate(self, request: Any) -> Any:  # noqa: N802
        managed = request.certificate.managed
        for name in managed.dns_authorizations:
            self._get(name)
        if not managed.domains or not all(_HOST.fullmatch(domain) for domain in managed.domains):
            raise Trouble(_INVALID, "a managed certificate needs domains")
        if any(domain.startswith("*") for domain in managed.domains) and not managed.dns_authorizations:
            raise Trouble(_INVALID, "a wildcard needs a DNS authorization")
        return self._create(request.parent, "certificates", request.certificate_id, request.certificate)

    async def DeleteCertificate(self, request: Any) -> Any:  # noqa: N802
        return self._delete(request.name, self._using(request.name))

    async def GetCertificateMap(self, request: Any) -> Any:  # noqa: N802
        return self._get(request.name)

    async def CreateCertificateMap(self, request: Any) -> Any:  # noqa: N802
        return self._create(request.parent, "certificateMaps", request.certificate_map_id, request.certificate_map)

    async def DeleteCertificateMap(self, request: Any) -> Any:  # noqa: N802
        return self._delete(request.name, self._using(request.name))

    async def GetCertificateMapEntry(self, request: Any) -> Any:  # noqa: N802
        return self._get(request.name)

    async def CreateCertificateMapEntry(self, request: Any) -> Any:  # noqa: N802
        body = request.certificate_map_entry
        for name in (request.parent, *body.certificates):
            self._get(name)
        if not _HOST.fullmatch(body.hostname):
            raise Trouble(_INVALID, f"{body.hostname!r} is no hostname")
        return self._create(request.parent, "certificateMapEntries", request.certificate_map_entry_id, body)

    async def DeleteCertificateMapEntry(self, request: Any) -> Any:  # noqa: N802
        return self._delete(request.name, [])
