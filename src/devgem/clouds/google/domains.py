"""The domain of all apps, and single hosts of one: begun, resumed and ended in the background."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from devgem.clouds.domains import Domain, check_host
from devgem.clouds.google import checks, roles
from devgem.clouds.google.balancer import Resource, Site, host_plan, name_of, plan
from devgem.clouds.google.construction import Construction
from devgem.clouds.google.notes import Notes
from devgem.clouds.google.undertaking import Pace, Resolve, Undertaking, patiently
from devgem.clouds.google.zone import Zone
from devgem.domain.errors import Conflict, DevGemError, NotFound, Unavailable

if TYPE_CHECKING:
    from devgem.clouds.google.administration import Administration

_KEY = "domains"
_HOSTS_KEY = "domains/hosts"
_log = logging.getLogger(__name__)


class GoogleDomains:
    """`resolve` looks a host name up as everyone does."""

    def __init__(
        self,
        admin: "Administration",
        construction: Construction,
        notes: Notes,
        resolve: Resolve,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._admin = admin
        self._construction = construction
        self._notes = notes
        self._resolve = resolve
        self._pace = pace or Pace()
        self._running: dict[str, tuple[Undertaking, asyncio.Task[None]]] = {}
        self._turn = asyncio.Lock()
        self._noting = asyncio.Lock()

    @property
    def _site(self) -> Site:
        return self._construction.site

    async def start(self) -> None:
        """Goes on with what the process before had begun."""
        noted = await self._noted()
        if noted.get("doing") == "setup":
            self._launch(noted["domain"], self._build_base(noted["domain"], noted["zone"]))
        elif noted.get("doing") == "teardown":
            self._launch(noted["domain"], self._demolish_base(noted["domain"], noted["zone"]))
        for host, app in (await self._hosts()).items():
            if noted:
                self._launch(host, self._build_host(app, host, noted["domain"]))

    async def close(self) -> None:
        for _, task in self._running.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in self._running.values()), return_exceptions=True)

    # The domain of all apps

    async def set_up(self, domain: str, zone: str = "") -> Domain:
        """Begins, or goes on where it stopped. Raises Conflict when another domain is set up, Unavailable with the
        remedy for an API or a role that is missing."""
        domain = check_host(domain, what="domain")
        await asyncio.to_thread(self._admin.load)
        async with self._turn:
            noted = await self._noted()
            if noted and noted["domain"] != domain:
                raise Conflict(
                    f"{noted['domain']} is the domain of all apps", fix="First run `devgem domains teardown`."
                )
            if noted.get("doing") == "teardown" and self._is_running(domain):
                raise Conflict(f"{domain} is being torn down", fix="Wait for it: `devgem domains status`.")
            self._check_region(noted)
            zone = zone or noted.get("zone", "")
            await self._check_means(zone)
            if zone:
                await Zone(self._admin, zone, self._notes).check(domain)
            if not self._is_running(domain):
                await self._note(domain=domain, zone=zone, doing="setup")
                self._launch(domain, self._build_base(domain, zone))
            return self._running[domain][0].view()

    async def tear_down(self) -> Domain:
        """Begins to remove it. Raises NotFound when no domain is set up."""
        async with self._turn:
            noted = await self._noted()
            if not noted:
                raise NotFound("no domain is set up", fix="Set one up with `devgem domains setup apps.example.com`.")
            self._check_region(noted)
            domain, zone = noted["domain"], noted["zone"]
            if noted["doing"] != "teardown" or not self._is_running(domain):
                await self._stop(domain)
                await self._note(domain=domain, zone=zone, doing="teardown")
                self._launch(domain, self._demolish_base(domain, zone))
            return self._running[domain][0].view()

    async def name(self) -> str | None:
        """As BaseDomain.name."""
        return (await self._noted()).get("domain")

    async def live(self) -> str | None:
        """The domain of all apps, once they answer there; asks Google nothing."""
        noted = await self._noted()
        return noted["domain"] if noted.get("doing") == "ready" else None

    async def state(self) -> Domain | None:
        """The domain of all apps as it is now; None without one."""
        noted = await self._noted()
        if not noted:
            done = [one for one, task in self._running.values() if task.done() and one.view().app is None]
            return done[-1].view() if done else None
        domain = noted["domain"]
        if domain in self._running:
            return self._running[domain][0].view()
        await asyncio.to_thread(self._admin.load)
        undertaking = self._undertaking(domain, None, plan(self._site, domain))
        await undertaking.survey(f"Run `devgem domains setup {domain}` again.")
        if "error" in noted:
            undertaking.fail(noted["error"], noted["fix"])
        elif noted["doing"] == "teardown":
            undertaking.is_under_way("tearing down")
        elif noted["doing"] == "setup" and undertaking.view().state in ("failed", "gone"):
            undertaking.is_under_way("setting up")
        return undertaking.view()

    async def address(self) -> str:
        """Where the load balancer of the domain is reached; raises Conflict without one."""
        noted = await self._noted()
        if not noted or noted["doing"] == "teardown":
            raise Conflict(
                "a host name of an app's own needs the load balancer of a domain, and there is none yet",
                fix="Set one up with `devgem domains setup apps.example.com`.",
            )
        resource = next(one for one in plan(self._site, noted["domain"]) if one.kind == "addresses")
        found = await self._construction.find(resource)
        if found is None:
            raise Conflict(f"{noted['domain']} is not set up yet", fix="Wait for it: `devgem domains status`.")
        return str(found.values["address"])

    # Single hosts

    async def attach(self, app: str, host: str) -> None:
        """As CustomHosts.attach. Raises Conflict when there is no domain whose load balancer could answer."""
        await self.address()
        domain = (await self._noted())["domain"]
        async with self._turn:
            if not self._is_running(host):
                await self._note_host(host, app)
                self._launch(host, self._build_host(app, host, domain))

    async def detach(self, app: str, host: str) -> None:
        """Waits until everything that was made for it is gone."""
        await self._stop(host)
        self._running.pop(host, None)
        await self._note_host(host, None)
        noted = await self._noted()
        if noted:
            undertaking = self._undertaking(host, app, host_plan(self._site, noted["domain"], app, host))
            await undertaking.demolish()

    async def host_state(self, app: str, host: str) -> Domain:
        if host in self._running:
            return self._running[host][0].view()
        noted = await self._noted()
        await asyncio.to_thread(self._admin.load)
        if not noted:
            return Domain(host, "failed", app, "the load balancer is gone", "Run `devgem domains setup`.")
        undertaking = self._undertaking(host, app, host_plan(self._site, noted["domain"], app, host))
        await undertaking.survey(f"Run `devgem domains add {app} {host}` again.", await self.address())
        if host in await self._hosts() and undertaking.view().state in ("failed", "gone"):
            undertaking.is_under_way("setting up")
        return undertaking.view()

    # In the background

    def _build_base(self, domain: str, zone: str) -> "_Work":
        undertaking = self._undertaking(domain, None, plan(self._site, domain))

        async def work() -> None:
            await undertaking.build()
            if zone:
                added = Zone(self._admin, zone, self._notes)
                await patiently(lambda: added.add(undertaking.records), self._pace)
            await undertaking.wait()
            await self._note(domain=domain, zone=zone, doing="ready")

        return _Work(undertaking, work)

    def _demolish_base(self, domain: str, zone: str) -> "_Work":
        undertaking = self._undertaking(domain, None, plan(self._site, domain))

        async def work() -> None:
            if zone:
                await patiently(Zone(self._admin, zone, self._notes).remove, self._pace)
            left = await undertaking.demolish()
            await self._notes.drop(_KEY)
            if left:
                names = ", ".join(f"{one.step} {one.name}" for one in left)
                _log.warning("left what this DevGem did not make: %s", names)

        return _Work(undertaking, work)

    def _build_host(self, app: str, host: str, domain: str) -> "_Work":
        undertaking = self._undertaking(host, app, host_plan(self._site, domain, app, host))

        async def work() -> None:
            undertaking.lead_to(await self.address())
            await undertaking.build()
            await undertaking.wait()
            await self._note_host(host, None)

        return _Work(undertaking, work)

    def _undertaking(self, host: str, app: str | None, resources: tuple[Resource, ...]) -> Undertaking:
        return Undertaking(
            self._construction,
            resources,
            host=host,
            app=app,
            seen_at=host if app is not None else f"{name_of(host)}.{host}",
            resolve=self._resolve,
            pace=self._pace,
        )

    def _launch(self, host: str, work: "_Work") -> None:
        async def guarded() -> None:
            try:
                await asyncio.to_thread(self._admin.load)
                await work.run()
            except DevGemError as error:
                _log.warning("the domain %s: %s", host, error.message)
                work.undertaking.fail(error.message, error.fix)
                noted = await self._noted()
                if noted.get("domain") == host:
                    await self._note(**{**noted, "error": error.message, "fix": error.fix})

        self._running[host] = work.undertaking, asyncio.create_task(guarded())

    def _is_running(self, host: str) -> bool:
        return host in self._running and not self._running[host][1].done()

    async def _stop(self, host: str) -> None:
        if host in self._running:
            task = self._running[host][1]
            task.cancel()
            await asyncio.wait([task])

    async def _check_means(self, zone: str) -> None:
        """The APIs and roles that only domains need. Raises Unavailable with the first remedy."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError

        apis = (*roles.DOMAIN_APIS, *((roles.ZONE_API,) if zone else ()))
        wanted = [role for role in roles.OF_DOMAINS if role.needed or zone]
        try:
            found = [*await checks.apis(self._admin, apis, enable=True)]
            found += await checks.permissions(self._admin, wanted)
        except (GoogleAPICallError, RetryError) as error:
            raise Unavailable(
                f"Google did not say what is allowed: {checks.said_by(error)}", fix="devgem doctor"
            ) from error
        for check in found:
            if not check.ok:
                raise Unavailable(check.detail, fix=check.fix)

    async def _noted(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(await self._notes.get(_KEY) or "{}")
        return found

    async def _hosts(self) -> dict[str, str]:
        """The single hosts that are being set up, with their apps."""
        found: dict[str, str] = json.loads(await self._notes.get(_HOSTS_KEY) or "{}")
        return found

    async def _note_host(self, host: str, app: str | None) -> None:
        async with self._noting:
            hosts = {name: holder for name, holder in (await self._hosts()).items() if name != host}
            hosts |= {host: app} if app is not None else {}
            if hosts:
                await self._notes.put(_HOSTS_KEY, json.dumps(hosts))
            else:
                await self._notes.drop(_HOSTS_KEY)

    async def _note(self, **what: str) -> None:
        await self._notes.put(_KEY, json.dumps({"region": self._site.region, **what}))

    def _check_region(self, noted: Mapping[str, Any]) -> None:
        """What leads to the apps was made in one region, and cannot be moved."""
        if (region := noted.get("region", self._site.region)) != self._site.region:
            raise Conflict(
                f"{noted['domain']} was set up for apps in {region}, and this DevGem runs them in {self._site.region}",
                fix=f"Tear it down with GOOGLE_CLOUD_REGION={region}, then set it up again.",
            )


class _Work:
    def __init__(self, undertaking: Undertaking, run: Callable[[], Awaitable[None]]) -> None:
        self.undertaking = undertaking
        self.run = run


class GoogleHosts:
    """The single hosts of apps, as CustomHosts."""

    def __init__(self, domains: GoogleDomains) -> None:
        self._domains = domains

    async def attach(self, app: str, host: str) -> None:
        await self._domains.attach(app, host)

    async def detach(self, app: str, host: str) -> None:
        await self._domains.detach(app, host)

    async def state(self, app: str, host: str) -> Domain:
        return await self._domains.host_state(app, host)
