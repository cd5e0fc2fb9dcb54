"""One domain being set up or torn down, step by step, in the background; what is done is seen at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from devgem.clouds.domains import DnsRecord, Domain, DomainStep
from devgem.clouds.google.balancer import Resource
from devgem.clouds.google.construction import Construction, Found
from devgem.clouds.google.troubles import is_passing
from devgem.domain.errors import DevGemError

T = TypeVar("T")
Resolve = Callable[[str], Awaitable[Collection[str]]]
"""The addresses of a host name, as everyone sees them; none where there is none."""

_GROWS = 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How long between looks (it grows sixfold), and how often what may pass is tried."""

    look_seconds: float = 10.0
    retry_seconds: float = 2.0
    attempts: int = 5


class Undertaking:
    """`seen_at` is a host name under the domain whose address tells that the records are there."""

    def __init__(
        self,
        construction: Construction,
        resources: Sequence[Resource],
        *,
        host: str,
        app: str | None,
        seen_at: str,
        resolve: Resolve,
        pace: Pace,
    ) -> None:
        self._construction = construction
        self._resources = resources
        self._host = host
        self._app = app
        self._seen_at = seen_at
        self._resolve = resolve
        self._pace = pace
        self._states = dict.fromkeys(resources, "waiting")
        self._state = "setting up"
        self._detail = ""
        self._fix = ""
        self._found: dict[str, Mapping[str, Any]] = {}
        self._at = ""

    async def build(self) -> None:
        """Makes what is missing. Raises what stopped it."""
        self._begin("setting up")
        for resource in self._resources:
            found = await self._step(resource, lambda resource=resource: self._construction.ensure(resource))  # type: ignore[misc]
            self._found[resource.kind] = found.values

    async def wait(self) -> None:
        """Until the certificate is there and the host name leads here."""
        certificate = next(resource for resource in self._resources if resource.kind == "certificates")
        seconds = self._pace.look_seconds
        while True:
            if await self._look(certificate):
                return
            await asyncio.sleep(seconds)
            seconds = min(seconds * 1.2, self._pace.look_seconds * _GROWS)

    async def demolish(self) -> Sequence[Resource]:
        """Removes everything, last made first; what is left, since it is not ours."""
        self._begin("tearing down")
        left = []
        for resource in reversed(self._resources):
            gone = await self._step(resource, lambda resource=resource: self._construction.remove(resource))  # type: ignore[misc]
            if not gone:
                self._states[resource] = "left"
                left.append(resource)
        self._state = "gone"
        return left

    async def survey(self, fix: str, address: str = "") -> None:
        """Looks at what is there, without changing anything; `fix` completes what is not."""
        found = await asyncio.gather(*(self._construction.find(resource) for resource in self._resources))
        for resource, one in zip(self._resources, found, strict=True):
            self._states[resource] = "waiting" if one is None else "done" if one.is_ours else "left"
            if one is not None:
                self._found[resource.kind] = one.values
        self._at = address
        if all(state == "done" for state in self._states.values()):
            certificate = next(resource for resource in self._resources if resource.kind == "certificates")
            await self._look(certificate)
        elif all(state == "waiting" for state in self._states.values()):
            self._state = "gone"
        else:
            self._state, self._detail, self._fix = "failed", "it is not complete", fix

    def lead_to(self, address: str) -> None:
        """Where the host name must lead, for what has no address of its own."""
        self._at = address

    def fail(self, detail: str, fix: str) -> None:
        """What stopped it."""
        self._state, self._detail, self._fix = "failed", detail, fix
        for resource, state in self._states.items():
            if state == "working":
                self._states[resource] = "failed"

    def is_under_way(self, state: str) -> None:
        """Somebody else is about it."""
        self._state, self._detail, self._fix = state, "", ""

    @property
    def address(self) -> str:
        return str(self._found.get("addresses", {}).get("address", "")) or self._at

    @property
    def records(self) -> list[DnsRecord]:
        """As far as they are known yet."""
        found = []
        if proof := self._found.get("dnsAuthorizations"):
            found.append(DnsRecord(_bare(proof["name"]), proof["type"], _bare(proof["data"])))
        if self.address:
            found.append(DnsRecord(self._host, "A", self.address))
            if self._app is None:
                found.append(DnsRecord(f"*.{self._host}", "A", self.address))
        return found

    @property
    def is_live(self) -> bool:
        return self._state == "live"

    def view(self) -> Domain:
        return Domain(
            host=self._host,
            state=self._state,
            app=self._app,
            detail=self._detail,
            fix=self._fix,
            records=self.records,
            steps=[DomainStep(resource.step, state, resource.name) for resource, state in self._states.items()],
        )

    def _begin(self, state: str) -> None:
        self._state, self._detail, self._fix = state, "", ""
        self._states = dict.fromkeys(self._resources, "waiting")

    async def _step(self, resource: Resource, act: Callable[[], Awaitable[Any]]) -> Any:
        self._states[resource] = "working"
        done = await patiently(act, self._pace)
        self._states[resource] = "done"
        return done

    async def _look(self, certificate: Resource) -> bool:
        try:
            found: Found | None = await self._construction.find(certificate)
        except DevGemError as error:
            if not is_passing(error):
                raise
            self._detail = error.message
            return False
        values = found.values if found else {}
        leads_here = self.address in await self._resolve(self._seen_at)
        if values.get("state") == "ACTIVE":
            self._state = "live" if leads_here else "waiting for dns"
            self._detail = "" if leads_here else f"{self._seen_at} does not lead to {self.address} yet"
            return leads_here
        self._state = "waiting for the certificate" if leads_here else "waiting for dns"
        attempts = "; ".join(values.get("attempts", ())) or values.get("issue", "")
        self._detail = attempts or "Google looks for the records every few minutes"
        return False


async def patiently(act: Callable[[], Awaitable[T]], pace: Pace) -> T:
    """What comes of it; tried again when what stopped it may pass."""
    for attempt in range(1, pace.attempts):
        try:
            return await act()
        except DevGemError as error:
            if not is_passing(error):
                raise
            _log.info("again: %s", error.message)
            await asyncio.sleep(pace.retry_seconds * 2 ** (attempt - 1))
    return await act()


def _bare(name: str) -> str:
    return name.removesuffix(".")
