"""Secret Manager: secrets, their versions and policies; strict about names, labels and who has what already."""

import re
from typing import Any

import grpc
from google.cloud import secretmanager_v1
from google.iam.v1 import policy_pb2

from tests.standins.google.peer import Peer, Trouble

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_PAYLOAD_BYTES = 64 << 10


class SecretManager:
    """`values` are the versions' payloads by their full names."""

    def __init__(self, peer: Peer) -> None:
        self.secrets: dict[str, Any] = {}
        self.values: dict[str, bytes] = {}
        self.policies: dict[str, policy_pb2.Policy] = {}
        self.ever: list[bytes] = []
        self._peer = peer

    async def CreateSecret(self, request: Any) -> Any:  # noqa: N802
        labels = request.secret.labels
        if not _ID.fullmatch(request.secret_id) or not request.secret.replication:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "the id has the wrong form, or there is no replication")
        if not all(_KEY.fullmatch(key) and _VALUE.fullmatch(value) for key, value in labels.items()):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"a label has the wrong form: {dict(labels)}")
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self.secrets:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        made = secretmanager_v1.Secret(request.secret)
        made.name = name
        self.secrets[name] = made
        return made

    async def GetSecret(self, request: Any) -> Any:  # noqa: N802
        return self._secret(request.name)

    async def ListSecrets(self, request: Any) -> Any:  # noqa: N802
        wanted = dict(re.findall(r"labels\.([a-z0-9_-]+)=([a-z0-9_-]+)", request.filter))
        found = [secret for secret in self.secrets.values() if wanted.items() <= dict(secret.labels).items()]
        return secretmanager_v1.ListSecretsResponse(secrets=found, total_size=len(found))

    async def DeleteSecret(self, request: Any) -> Any:  # noqa: N802
        self._secret(request.name)
        del self.secrets[request.name]
        self.policies.pop(request.name, None)
        self.values = {name: value for name, value in self.values.items() if not name.startswith(f"{request.name}/")}
        return _empty()

    async def AddSecretVersion(self, request: Any) -> Any:  # noqa: N802
        self._secret(request.parent)
        if not 0 < len(request.payload.data) <= _PAYLOAD_BYTES:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a payload has 1 to 65,536 bytes")
        number = 1 + max((int(n.rsplit("/", 1)[-1]) for n in self._versions(request.parent)), default=0)
        name = f"{request.parent}/versions/{number}"
        self.values[name] = bytes(request.payload.data)
        self.ever.append(bytes(request.payload.data))
        return self._version(name)

    async def ListSecretVersions(self, request: Any) -> Any:  # noqa: N802
        self._secret(request.parent)
        found = [self._version(name) for name in self._versions(request.parent)]
        return secretmanager_v1.ListSecretVersionsResponse(versions=found, total_size=len(found))

    async def AccessSecretVersion(self, request: Any) -> Any:  # noqa: N802
        parent, _, number = request.name.partition("/versions/")
        self._secret(parent)
        name = request.name if number != "latest" else next(reversed(self._versions(parent)), "")
        if name not in self.values:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Secret Version [{request.name}] not found.")
        return secretmanager_v1.AccessSecretVersionResponse(name=name, payload={"data": self.values[name]})

    async def DestroySecretVersion(self, request: Any) -> Any:  # noqa: N802
        if self.values.pop(request.name, None) is None:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Secret Version [{request.name}] not found.")
        return secretmanager_v1.SecretVersion(name=request.name, state="DESTROYED")

    async def GetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        self._secret(request.resource)
        return self.policies.get(request.resource, policy_pb2.Policy(version=1))

    async def SetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        self._secret(request.resource)
        self.policies[request.resource] = request.policy
        return request.policy

    def may_read(self, version: str, member: str) -> bool:
        """Whether a member of the policy of this version's secret may read it."""
        policy = self.policies.get(version.partition("/versions/")[0])
        return policy is not None and any(
            binding.role == "roles/secretmanager.secretAccessor" and member in binding.members
            for binding in policy.bindings
        )

    def _secret(self, name: str) -> Any:
        if name not in self.secrets:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found.")
        return self.secrets[name]

    def _versions(self, parent: str) -> list[str]:
        return [name for name in self.values if name.startswith(f"{parent}/versions/")]

    def _version(self, name: str) -> Any:
        return secretmanager_v1.SecretVersion(name=name, state="ENABLED")


def _empty() -> Any:
    from google.protobuf import empty_pb2

    return empty_pb2.Empty()
