"""Cloud Resource Manager: one project, its policy, and what the caller may do in it."""

import re
from typing import Any

import grpc
from google.cloud import resourcemanager_v3
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.standins.google.peer import Trouble

_PERMISSION = re.compile(r"[a-z]+(\.[a-zA-Z]+){2,}")
_AT_ONCE = 100


class ResourceManager:
    """`lacking` are the permissions that the caller does not have."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.state = resourcemanager_v3.Project.State.ACTIVE
        self.lacking: set[str] = set()
        self.policy = policy_pb2.Policy(version=1)

    def grant(self, member: str, role: str) -> None:
        self.policy.bindings.add(role=role, members=[member])

    async def GetProject(self, request: Any) -> Any:  # noqa: N802
        if request.name != f"projects/{self.project}":
            # Google does not tell whether a project is there.
            raise Trouble(grpc.StatusCode.PERMISSION_DENIED, "the caller does not have permission")
        return resourcemanager_v3.Project(name="projects/415104041262", project_id=self.project, state=self.state)

    async def GetIamPolicy(self, request: Any) -> Any:  # noqa: N802
        return self.policy

    async def TestIamPermissions(self, request: Any) -> Any:  # noqa: N802
        asked = list(request.permissions)
        wrong = [name for name in asked if not _PERMISSION.fullmatch(name)]
        if wrong or len(asked) > _AT_ONCE:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"not valid for this resource: {wrong or len(asked)}")
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=[p for p in asked if p not in self.lacking])
