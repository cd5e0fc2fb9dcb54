"""What all connections of one gateway share."""

import asyncio
import time
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from devgem.gateway import hosts
from devgem.gateway.dates import http_date
from devgem.gateway.limits import Limits
from devgem.gateway.routes import Routes
from devgem.gateway.shelf import Shelf

if TYPE_CHECKING:
    from devgem.gateway.client import Client

_HOSTS_REMEMBERED = 4096


class Door:
    def __init__(self, base_domain: str, limits: Limits) -> None:
        self.limits = limits
        self.shelf = Shelf(limits.file_cache_bytes)
        self.routes = Routes(limits, self.shelf)
        self.clients: set[Client] = set()
        self.closing = False
        self.empty = asyncio.Event()
        self.empty.set()
        self._base_domain = base_domain.lower().strip(".")
        self._apps: dict[bytes, str | None] = {}
        self._names: dict[str, str] = {}
        self._trusted = [ip_network(network) for network in limits.trusted_proxies]
        self._date = (0, b"")

    def app(self, host: bytes) -> str | None:
        """The app that a Host header asks for. Raises Refused when it is no valid host."""
        try:
            return self._apps[host]
        except KeyError:
            name = hosts.host_name(host)
            app = self._names.get(name) or hosts.app_of(name, self._base_domain)
        if len(self._apps) >= _HOSTS_REMEMBERED:
            self._apps.clear()
        self._apps[host] = app
        return app

    def call(self, host: str, app: str | None) -> None:
        """From now on an app answers at this host name too; with None nobody does."""
        if app is None:
            self._names.pop(host, None)
        else:
            self._names[host] = app
        self._apps.clear()

    def add(self, client: "Client") -> None:
        self.clients.add(client)
        self.empty.clear()

    def remove(self, client: "Client") -> None:
        self.clients.discard(client)
        if not self.clients:
            self.empty.set()

    def trusts(self, address: bytes) -> bool:
        """Whether a peer is a proxy of the operator's own."""
        return bool(self._trusted) and any(ip_address(address.decode()) in network for network in self._trusted)

    def date(self) -> bytes:
        """Now, for a Date header."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = now, http_date(now)
        return self._date[1]
