"""Artifact Registry: repositories, where there are any, and their policies."""

import re
from typing import Any

import grpc
from google.cloud import artifactregistry_v1
from google.cloud.location import locations_pb2
from google.iam.v1 import policy_pb2
from google.protobuf import empty_pb2

from tests.standins.google.peer import Peer, Trouble

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
REGIONS = frozenset({"us-central1", "europe-west1", "asia-northeast1"})


class ArtifactRegistry:
    def __init__(self, peer: Peer) -> None:
        self.repositories: dict[str, Any] = {}
        self.policies: dict[str, policy_pb2.Policy] = {}
        self.packages: set[str] = set()
        """What is stored, by app; a test puts it here."""
        self.images: dict[str, Any] = {}
        self._peer = peer

    async def GetLocation(self, request: Any) -> Any:  # noqa: N802
        region = request.name.rsplit("/", 1)[-1]
        if region not in REGIONS:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Location {request.name} is not found.")
        return locations_pb2.Location(name=request.name, location_id=region)

    def push(self, name: str) -> None:
        """An image by its full name, `<repository>/dockerImages/<image>@<digest>`."""
        self.images[name] = artifactregistry_v1.DockerImage(name=name)

    async def GetDockerImage(self, request: Any) -> Any:  # noqa: N802
        if request.name not in self.images:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {request.name}")
        return self.images[request.name]

    async def GetRepository(self, request: Any) -> Any:  # noqa: N802
        if request.name not in self.repositories:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {request.name}")
        return self.repositories[request.name]

    async def CreateRepository(self, request: Any) -> Any:  # noqa: N802
        labels = request.repository.labels
        texts = [*labels.keys(), *labels.values()]
        if not _ID.fullmatch(request.repository_id) or not all(_LABEL.fullmatch(text) for text in texts):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "the name or a label has the wrong form")
        if request.parent.rsplit("/", 1)[-1] not in REGIONS or not request.repository.format_:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "the location or the format is wrong")
        name = f"{request.parent}/repositories/{request.repository_id}"
        if name in self.repositories:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, "the repository already exists")
        made = artifactregistry_v1.Repository(request.repository)
        made.name = name
        self.repositories[name] = made
        return self._peer.begin(request.parent, made, "repository")

    async def DeletePackage(self, request: Any) -> Any:  # noqa: N802
        if request.name not in self.packages:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {request.name}")
        self.packages.remove(request.name)
        return self._peer.begin("/".join(request.name.split("/")[:4]), empty_pb2.Empty(), "package")

    async def GetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        return self.policies.get(request.resource, policy_pb2.Policy(version=1))

    def grant(self, name: str, member: str, role: str) -> None:
        self.policies.setdefault(name, policy_pb2.Policy(version=1)).bindings.add(role=role, members=[member])
