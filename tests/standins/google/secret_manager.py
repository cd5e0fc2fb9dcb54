"""Secret Manager: secrets, their versions, and who may read them."""

import re
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import secretmanager_v1
from google.iam.v1 import policy_pb2
from google.protobuf import empty_pb2

from tests.standins.google.peer import Trouble

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_State = secretmanager_v1.SecretVersion.State


@dataclass
class Held:
    secret: Any
    versions: list[tuple[Any, bytes]] = field(default_factory=list)
    policy: Any = field(default_factory=policy_pb2.Policy)

    def can_read(self, account: str) -> bool:
        member = f"serviceAccount:{account}"
        roles = [one.role for one in self.policy.bindings if member in one.members]
        return "roles/secretmanager.secretAccessor" in roles


class SecretManager:
    def __init__(self, project: str) -> None:
        self.secrets: dict[str, Held] = {}
        self.page_size = 250
        self._project = project

    def value(self, secret: str, version: str, reader: str) -> bytes | None:
        """What a revision that runs as `reader` gets; None when it may not read it, or it is gone."""
        held = self.secrets.get(f"projects/{self._project}/secrets/{secret}")
        if held is None or not held.can_read(reader) or not version.isdecimal() or int(version) > len(held.versions):
            return None
        found, data = held.versions[int(version) - 1]
        return data if found.state == _State.ENABLED else None

    @property
    def names(self) -> list[str]:
        return sorted(name.rsplit("/", 1)[-1] for name in self.secrets)

    async def CreateSecret(self, request: Any) -> Any:  # noqa: N802
        if not _ID.fullmatch(request.secret_id):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "the id of a secret has 1 to 255 of A-Z, a-z, 0-9, _ and -")
        labels = request.secret.labels
        if not all(_LABEL.fullmatch(text) for text in (*labels.keys(), *labels.values())):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a label has the wrong form")
        replication = request.secret.replication
        if not (replication.automatic or replication.user_managed.replicas):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a secret needs a replication policy")
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self.secrets:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        secret = secretmanager_v1.Secret(request.secret)
        secret.name = name
        self.secrets[name] = Held(secret)
        return secret

    async def GetSecret(self, request: Any) -> Any:  # noqa: N802
        return self._held(request.name).secret

    async def ListSecrets(self, request: Any) -> Any:  # noqa: N802
        wanted = dict(re.findall(r"labels\.([a-z0-9_-]+)=([a-z0-9_-]+)", request.filter))
        found = [
            held.secret
            for _, held in sorted(self.secrets.items())
            if all(held.secret.labels.get(key) == value for key, value in wanted.items())
        ]
        start = int(request.page_token or 0)
        end = start + min(self.page_size, request.page_size or self.page_size)
        token = str(end) if end < len(found) else ""
        return secretmanager_v1.ListSecretsResponse(secrets=found[start:end], next_page_token=token)

    async def DeleteSecret(self, request: Any) -> Any:  # noqa: N802
        self._held(request.name)
        del self.secrets[request.name]
        return empty_pb2.Empty()

    async def AddSecretVersion(self, request: Any) -> Any:  # noqa: N802
        held = self._held(request.parent)
        if not 0 < len(request.payload.data) <= 64 << 10:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a secret's payload has 1 to 65536 bytes")
        name = f"{request.parent}/versions/{len(held.versions) + 1}"
        version = secretmanager_v1.SecretVersion(name=name, state=_State.ENABLED)
        held.versions.append((version, bytes(request.payload.data)))
        return version

    async def AccessSecretVersion(self, request: Any) -> Any:  # noqa: N802
        version, data = self._version(request.name)
        if version.state != _State.ENABLED:
            raise Trouble(grpc.StatusCode.FAILED_PRECONDITION, f"{version.name} is in DESTROYED state.")
        return secretmanager_v1.AccessSecretVersionResponse(name=version.name, payload={"data": data})

    async def ListSecretVersions(self, request: Any) -> Any:  # noqa: N802
        found = [version for version, _ in self._held(request.parent).versions]
        if request.filter == "state:ENABLED":
            found = [version for version in found if version.state == _State.ENABLED]
        return secretmanager_v1.ListSecretVersionsResponse(versions=found)

    async def DestroySecretVersion(self, request: Any) -> Any:  # noqa: N802
        version, _ = self._version(request.name)
        version.state = _State.DESTROYED
        return version

    async def SetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        held = self._held(request.resource)
        held.policy = request.policy
        return held.policy

    async def GetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        return self._held(request.resource).policy

    def _held(self, name: str) -> Held:
        if name not in self.secrets:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found.")
        return self.secrets[name]

    def _version(self, name: str) -> tuple[Any, bytes]:
        secret, _, number = name.partition("/versions/")
        versions = self._held(secret).versions
        if number == "latest":
            number = str(len(versions))
        if not number.isdecimal() or not 0 < int(number) <= len(versions):
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")
        return versions[int(number) - 1]
