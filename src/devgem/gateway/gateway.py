"""The front door of the local cloud, as the rest of DevGem sees it."""

from collections.abc import Sequence

from devgem.domain.app import Signals
from devgem.gateway.limits import Limits
from devgem.gateway.targets import Backend, Site


class Gateway:
    """Apps answer at `<app>.<base_domain>`. Every method must be called on the event loop that listens."""

    def __init__(self, *, base_domain: str = "localhost", limits: Limits | None = None) -> None:
        self._base_domain = base_domain
        self._limits = limits or Limits()

    async def listen(self, host: str, port: int) -> int:
        """Accepts connections at one more address; the port, chosen by the system when `port` is 0."""
        raise NotImplementedError

    def route(self, app: str, targets: Sequence[tuple[Backend | Site, int]]) -> None:
        """Sends new requests of `app` to `targets` by their percent shares, at once; what is not among them any more
        starts to drain. Raises InvalidInput when the shares do not sum to 100."""
        raise NotImplementedError

    def unroute(self, app: str) -> None:
        """Sends new requests of `app` nowhere; what is in flight drains. Idempotent."""
        raise NotImplementedError

    async def drained(self, app: str, revision: int, limit_seconds: float) -> bool:
        """Waits until nothing is in flight on what `route` took away from `revision`: requests, event streams,
        WebSockets. False when something still is at the limit."""
        raise NotImplementedError

    def cut(self, app: str, revision: int) -> None:
        """Ends what still drains: a WebSocket by close code 1001, a response not begun by 503, any other by closing
        its connection."""
        raise NotImplementedError

    def signals(self, app: str) -> Signals:
        """Counts and latencies per revision since the gateway started."""
        raise NotImplementedError

    async def close(self, limit_seconds: float) -> None:
        """Stops accepting, lets what is in flight finish for at most `limit_seconds`, then cuts the rest."""
        raise NotImplementedError
