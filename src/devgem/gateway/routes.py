"""Which revision answers for an app now, and what still drains.

A target is one backend or site with its connections, its requests in flight and its counts. `Route.shift` replaces
the targets of an app between two requests: what stays is kept as it is, what goes is retired, which closes its idle
connections at once and lets its requests end. So one revision may have a target that is live and others that drain,
as after a restart.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from devgem.domain.app import Metrics, Signals
from devgem.domain.errors import InvalidInput
from devgem.domain.ids import check_app_name
from devgem.gateway.history import STEP, History
from devgem.gateway.limits import Limits
from devgem.gateway.pool import Pool
from devgem.gateway.shelf import Shelf
from devgem.gateway.signals import Tally
from devgem.gateway.targets import Backend, Site

if TYPE_CHECKING:
    from devgem.gateway.exchange import Exchange

_TALLIES_KEPT = 32
"""The counts of so many revisions per app, those routed to last."""


class Target(ABC):
    def __init__(self, spec: Backend | Site, tally: Tally) -> None:
        self.spec = spec
        self.tally = tally
        self.active: set[Exchange] = set()
        self.retired = False
        self._emptied = asyncio.Event()

    @abstractmethod
    def serve(self, exchange: "Exchange") -> None:
        """Answers one request."""

    def serve_anew(self, exchange: "Exchange") -> None:
        """Answers one request again, after a connection that had been kept alive turned out to be closed."""
        self.serve(exchange)

    def leave(self, exchange: "Exchange") -> None:
        self.active.discard(exchange)
        if self.retired and not self.active:
            self._emptied.set()

    def retire(self) -> None:
        self.retired = True
        if not self.active:
            self._emptied.set()

    async def emptied(self) -> None:
        await self._emptied.wait()


class AppTarget(Target):
    """The processes of a revision."""

    def __init__(self, backend: Backend, tally: Tally, limits: Limits) -> None:
        super().__init__(backend, tally)
        self._pool = Pool(backend.dial, limits)

    def serve(self, exchange: "Exchange") -> None:
        upstream = self._pool.take(repeatable=exchange.repeatable)
        if upstream is not None:
            exchange.send(upstream)
        else:
            self.serve_anew(exchange)

    def serve_anew(self, exchange: "Exchange") -> None:
        exchange.work(asyncio.get_running_loop().create_task(self._connect(exchange)))

    async def _connect(self, exchange: "Exchange") -> None:
        exchange.send(await self._pool.connect())

    def retire(self) -> None:
        super().retire()
        self._pool.close()


class SiteTarget(Target):
    """The files of a revision."""

    def __init__(self, site: Site, tally: Tally, shelf: Shelf) -> None:
        super().__init__(site, tally)
        self._site = site
        self._shelf = shelf

    def serve(self, exchange: "Exchange") -> None:
        self._shelf.serve(self._site, exchange)

    def retire(self) -> None:
        super().retire()
        self._shelf.forget(self._site)


class Route:
    """One app: its live targets with their shares, those that drain, and the counts of its revisions."""

    def __init__(self, app: str, limits: Limits, shelf: Shelf) -> None:
        self.app = app
        self._limits = limits
        self._shelf = shelf
        self._live: list[Target] = []
        self._weights: list[int] = []
        self._current: list[int] = []
        self._draining: list[Target] = []
        self._tallies: dict[int, Tally] = {}
        self._history = History()

    def shift(self, targets: Sequence[tuple[Backend | Site, int]]) -> None:
        old = {target.spec: target for target in self._live}
        self._live = [old.pop(spec) if spec in old else self._target(spec) for spec, _ in targets]
        self._weights = [share for _, share in targets]
        self._current = [0] * len(targets)
        for target in old.values():
            target.retire()
        self._draining = [target for target in (*self._draining, *old.values()) if target.active]

    def _target(self, spec: Backend | Site) -> Target:
        tally = self._tallies.pop(spec.revision, None) or Tally()
        self._tallies[spec.revision] = tally
        if len(self._tallies) > _TALLIES_KEPT:
            del self._tallies[next(iter(self._tallies))]
        if isinstance(spec, Backend):
            return AppTarget(spec, tally, self._limits)
        return SiteTarget(spec, tally, self._shelf)

    def pick(self) -> Target | None:
        """The next target, by smooth weighted round robin: shares 90 and 10 give nine to one in every ten, evenly."""
        if len(self._live) < 2:
            return self._live[0] if self._live else None
        current = self._current
        for at, weight in enumerate(self._weights):
            current[at] += weight
        best = max(range(len(current)), key=current.__getitem__)
        current[best] -= 100
        return self._live[best]

    def draining(self, revision: int) -> list[Target]:
        return [target for target in self._draining if target.spec.revision == revision and target.active]

    @property
    def is_over(self) -> bool:
        return not self._live and not any(target.active for target in self._draining)

    def signals(self) -> Signals:
        flying = dict.fromkeys(self._tallies, 0)
        for target in (*self._live, *self._draining):
            flying[target.spec.revision] = flying.get(target.spec.revision, 0) + len(target.active)
        return Signals(
            self.app,
            tuple(tally.signals(number, flying[number]) for number, tally in sorted(self._tallies.items())),
        )

    def tick(self, now: datetime) -> None:
        """Called about once a second."""
        if self._history.is_past(now):
            self._history.close(now, self._total())

    def metrics(self, window: timedelta, now: datetime) -> Metrics:
        return Metrics(self.app, int(STEP.total_seconds()), 0.0, self._history.within(window, now, self._total()))

    def _total(self) -> Tally:
        total = Tally()
        for tally in self._tallies.values():
            total.add(tally)
        return total


class Routes:
    def __init__(self, limits: Limits, shelf: Shelf) -> None:
        self._limits = limits
        self._shelf = shelf
        self._routes: dict[str, Route] = {}

    def pick(self, app: str) -> Target | None:
        route = self._routes.get(app)
        return route.pick() if route is not None else None

    def shift(self, app: str, targets: Sequence[tuple[Backend | Site, int]]) -> None:
        check_app_name(app)
        shares = [share for _, share in targets]
        if sum(shares) != 100 or min(shares) < 0 or len({spec for spec, _ in targets}) < len(shares):
            raise InvalidInput(f"the traffic shares {shares} of {app!r} are not different targets that sum to 100")
        self._routes.setdefault(app, Route(app, self._limits, self._shelf)).shift(targets)
        self._prune()

    def remove(self, app: str) -> None:
        if app in self._routes:
            self._routes[app].shift(())
            self._prune()

    def close(self) -> None:
        for app in list(self._routes):
            self.remove(app)

    def _prune(self) -> None:
        self._routes = {app: route for app, route in self._routes.items() if not route.is_over}

    def draining(self, app: str, revision: int) -> list[Target]:
        return self._routes[app].draining(revision) if app in self._routes else []

    def signals(self, app: str) -> Signals:
        return self._routes[app].signals() if app in self._routes else Signals(app)

    def tick(self, now: datetime) -> None:
        for route in self._routes.values():
            route.tick(now)

    def metrics(self, app: str, window: timedelta, now: datetime) -> Metrics:
        none = Metrics(app, int(STEP.total_seconds()))
        return self._routes[app].metrics(window, now) if app in self._routes else none
