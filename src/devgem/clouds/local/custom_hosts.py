"""Host names of an app's own on this machine: the gateway answers at them, without TLS."""

from devgem.clouds.domains import DnsRecord, Domain
from devgem.clouds.local.edge_client import EdgeClient


class LocalHosts:
    """As CustomHosts. `public_port` is where apps answer."""

    def __init__(self, edge: EdgeClient, *, public_port: int) -> None:
        self._edge = edge
        self._public_port = public_port

    async def attach(self, app: str, host: str) -> None:
        await self._edge.attach(host, app)

    async def detach(self, app: str, host: str) -> None:
        await self._edge.detach(host, app)

    async def state(self, app: str, host: str) -> Domain:
        return Domain(
            host,
            "live",
            app,
            detail=f"answers on port {self._public_port} of this machine, without TLS",
            records=(DnsRecord(host, "A", "this machine's address"),),
        )
