"""IAM: service accounts."""

import re
from typing import Any

import grpc
from google.cloud import iam_admin_v1

from tests.standins.google.peer import Trouble

_ACCOUNT_ID = re.compile(r"[a-z](?:[a-z0-9-]{4,28}[a-z0-9])")


class Iam:
    def __init__(self, project: str) -> None:
        self.accounts: dict[str, Any] = {}
        self._project = project

    async def GetServiceAccount(self, request: Any) -> Any:  # noqa: N802
        if request.name not in self.accounts:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Service account {request.name} does not exist.")
        return self.accounts[request.name]

    async def CreateServiceAccount(self, request: Any) -> Any:  # noqa: N802
        if not _ACCOUNT_ID.fullmatch(request.account_id):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "the account id must have 6 to 30 characters")
        email = f"{request.account_id}@{self._project}.iam.gserviceaccount.com"
        name = f"projects/{self._project}/serviceAccounts/{email}"
        if name in self.accounts:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, f"Service account {request.account_id} already exists.")
        account = iam_admin_v1.ServiceAccount(request.service_account)
        account.name, account.email, account.project_id = name, email, self._project
        self.accounts[name] = account
        return account

    async def DeleteServiceAccount(self, request: Any) -> Any:  # noqa: N802
        from google.protobuf import empty_pb2

        if self.accounts.pop(request.name, None) is None:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Service account {request.name} does not exist.")
        return empty_pb2.Empty()
