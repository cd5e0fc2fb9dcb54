"""Service Usage: which APIs are enabled."""

from typing import Any

import grpc
from google.cloud import service_usage_v1

from tests.standins.google.peer import Peer, Trouble

_AT_ONCE_READ, _AT_ONCE = 30, 20


class ServiceUsage:
    def __init__(self, peer: Peer) -> None:
        self.disabled: set[str] = set()
        self._peer = peer

    async def BatchGetServices(self, request: Any) -> Any:  # noqa: N802
        if len(request.names) > _AT_ONCE_READ or not all(name.startswith(request.parent) for name in request.names):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "at most 30 names, all of the parent")
        state = service_usage_v1.State
        return service_usage_v1.BatchGetServicesResponse(
            services=[
                service_usage_v1.Service(
                    # The real one answers with the project's number.
                    name=f"projects/415104041262/services/{api}",
                    config=service_usage_v1.ServiceConfig(name=api),
                    state=state.DISABLED if api in self.disabled else state.ENABLED,
                )
                for api in (name.rsplit("/", 1)[-1] for name in request.names)
            ]
        )

    async def BatchEnableServices(self, request: Any) -> Any:  # noqa: N802
        if len(request.service_ids) > _AT_ONCE:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "at most 20 services")
        self.disabled -= set(request.service_ids)
        return self._peer.begin("projects/415104041262", service_usage_v1.BatchEnableServicesResponse(), "enable")
