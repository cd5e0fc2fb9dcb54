"""All apps on this machine, as the edge process runs them."""

import asyncio
from datetime import UTC, datetime
from typing import Generic, TypeVar

from devgem.clouds.local.edge_state import AppState, States
from devgem.clouds.local.facts import Facts
from devgem.clouds.local.hosted_app import HostedApp
from devgem.clouds.local.hosts import Hosts
from devgem.clouds.local.release import Parts
from devgem.clouds.local.slots import FIRST_FREE
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.errors import NotFound
from devgem.domain.ids import check_app_name

T = TypeVar("T")
_PRUNE_SECONDS = 3600.0


class Supervisor(Generic[T]):
    def __init__(self, parts: Parts[T], states: States, paths: EdgePaths, facts: Facts) -> None:
        self.parts = parts
        self.facts = facts
        self._states = states
        self._paths = paths
        self._apps: dict[str, HostedApp[T]] = {}
        self.hosts = Hosts(paths.hosts, parts.router.call)

    def recover(self) -> None:
        """Brings back what had traffic when the last edge ended, however it did. Raises ValueError for a state that
        cannot be read."""
        self.hosts.recover()
        for state in self._states.load():
            self._apps[state.app] = app = self._host(state)
            app.recover()

    def app(self, name: str) -> HostedApp[T]:
        if name not in self._apps:
            raise NotFound(f"{name!r} is not on this machine", fix="Deploy it first.")
        return self._apps[name]

    def app_or_new(self, name: str) -> HostedApp[T]:
        if name not in self._apps:
            taken = {app.state.slot for app in self._apps.values()}
            slot = next(n for n in range(FIRST_FREE, FIRST_FREE + len(taken) + 1) if n not in taken)
            self._apps[name] = self._host(AppState(check_app_name(name), slot))
        return self._apps[name]

    async def delete(self, name: str) -> None:
        """Idempotent."""
        self.hosts.forget(name)
        if app := self._apps.get(name):
            await app.delete()
            self._apps.pop(name, None)

    async def prune(self) -> None:
        """Keeps the logs within their age; runs until it is cancelled."""
        while True:
            await asyncio.sleep(_PRUNE_SECONDS)
            for app in self._apps.values():
                app.prune(datetime.now(UTC))

    async def close(self) -> None:
        """Stops everything; the next `recover` brings it back."""
        await asyncio.gather(*(app.close() for app in self._apps.values()))

    def _host(self, state: AppState) -> HostedApp[T]:
        return HostedApp(self.parts, state, self._states, self._paths, self.facts)
