"""The domain of all apps on Google Cloud, over a stand-in that speaks Google's own protocols."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from devgem.clouds.domains import DnsRecord
from devgem.clouds.google.balancer import Site, name_of, plan
from devgem.clouds.google.domains import GoogleDomains
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from tests.clouds.google.project import (
    PROJECT,
    REGION,
    MemoryNotes,
    Project,
    construction_on,
    domains_on,
    google_project,
    settled,
)
from tests.clouds.google.running import deploy, google_house
from tests.standins.google.compute import ADDRESS
from tests.standins.google.peer import Fault
from tests.standins.google.run import Image

DOMAIN = "apps.example.com"
RESOURCES = plan(Site(PROJECT, REGION, "one"), DOMAIN)


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    async with google_project() as made:
        yield made


async def test_a_domain_is_set_up_and_torn_down_without_a_trace(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        begun = await domains.set_up("Apps.Example.com.")
        assert begun.host == DOMAIN == await domains.name()
        assert await domains.live() is None
        live = await settled(domains, "live")
        assert live.records == [
            DnsRecord("_acme-challenge.apps.example.com", "CNAME", "0f3a.3.authorize.certificatemanager.goog"),
            DnsRecord(DOMAIN, "A", ADDRESS),
            DnsRecord(f"*.{DOMAIN}", "A", ADDRESS),
        ]
        assert {step.state for step in live.steps} == {"done"} and len(live.steps) == len(RESOURCES)
        made = project.compute.resources
        name = name_of(DOMAIN)
        group = made[f"projects/{PROJECT}/regions/{REGION}/networkEndpointGroups/{name}"]
        assert group["cloudRun"] == {"urlMask": f"<service>.{DOMAIN}"}
        redirect = made[f"projects/{PROJECT}/global/urlMaps/{name}-http"]
        assert redirect["defaultUrlRedirect"]["httpsRedirect"] is True
        assert {body["portRange"] for key, body in made.items() if "forwardingRules" in key} == {"80", "443"}
        async with asyncio.timeout(150):
            while await domains.live() != DOMAIN:
                await asyncio.sleep(0.01)
        assert notes.kept.keys() == {"domains"}
        await domains.tear_down()
        await settled(domains, "gone")
        assert project.is_empty
        assert notes.kept == {}
        with pytest.raises(NotFound):
            await domains.tear_down()


async def test_after_a_domain_is_live_nothing_is_asked_of_the_load_balancer(project: Project) -> None:
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
        project.peer.calls.clear()
        for _ in range(20):
            assert (await domains.state() or pytest.fail()).state == "live"
        assert project.peer.calls == []


async def test_setting_up_again_makes_nothing_twice(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    project.peer.calls.clear()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    assert project.peer.changes() == []


class Crash(Exception):
    """The end of the process, right here."""


class CrashingNotes(MemoryNotes):
    """Ends the process before or after the n-th note is written."""

    def __init__(self, kept: dict[str, str], at: int, *, after: bool) -> None:
        super().__init__()
        self.kept = kept
        self._left = at
        self._after = after

    async def put(self, key: str, value: str) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        await super().put(key, value)
        if self._left == 0:
            raise Crash


async def _build(project: Project, notes: MemoryNotes) -> None:
    admin = project.admin()
    construction = construction_on(project, admin, notes)
    try:
        for resource in RESOURCES:
            await construction.ensure(resource)
    finally:
        await admin.close()


@pytest.mark.parametrize("after", [False, True], ids=["before a note", "after a note"])
async def test_a_crash_at_any_point_is_resumed_and_makes_nothing_twice(project: Project, after: bool) -> None:
    kept: dict[str, str] = {}
    crashes = 0
    # Each life comes one note further than the last: every resource is crashed upon at both of its notes.
    for at in (1, 2) * len(RESOURCES):
        try:
            await _build(project, CrashingNotes(kept, at, after=after))
        except Crash:
            crashes += 1
    await _build(project, CrashingNotes(kept, 10_000, after=True))
    assert crashes > len(RESOURCES)
    assert kept == {}
    assert len(project.certificates.things) + len(project.compute.resources) == len(RESOURCES)
    creations = [name for name in project.peer.changes() if name.startswith(("Create", "POST"))]
    # A request that may have been lost is sent again, under the same id or to be answered "already exists".
    assert len(creations) <= 2 * len(RESOURCES)


async def test_a_process_that_comes_back_goes_on_by_itself(project: Project) -> None:
    notes = MemoryNotes()
    project.peer.looks = 3
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        async with asyncio.timeout(150):
            while not project.compute.resources:
                await asyncio.sleep(0.01)
    async with domains_on(project, notes) as domains:
        await domains.start()
        await settled(domains, "live")
        await domains.tear_down()
    async with domains_on(project, notes) as domains:
        await domains.start()
        if notes.kept:
            await settled(domains, "gone")
    assert project.is_empty


@pytest.mark.parametrize("resource", RESOURCES, ids=[f"{one.kind} {one.name[-5:]}" for one in RESOURCES])
async def test_what_devgem_did_not_make_is_never_touched(project: Project, resource: object) -> None:
    async with domains_on(project, MemoryNotes(), install="another") as others:
        await others.set_up(DOMAIN)
        await settled(others, "live")
    before = dict(project.compute.resources), dict(project.certificates.things)
    project.peer.calls.clear()
    notes = MemoryNotes()
    admin = project.admin()
    construction = construction_on(project, admin, notes)
    try:
        with pytest.raises(Conflict, match="did not make"):
            await construction.ensure(resource)  # type: ignore[arg-type]
        assert await construction.remove(resource) is False  # type: ignore[arg-type]
    finally:
        await admin.close()
    assert (dict(project.compute.resources), dict(project.certificates.things)) == before
    assert project.peer.changes() == []


PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
CALLS = (
    "GetDnsAuthorization", "CreateDnsAuthorization", "GetCertificate", "CreateCertificate", "GetCertificateMap",
    "CreateCertificateMap", "GetCertificateMapEntry", "CreateCertificateMapEntry", "GetOperation",
    "GET addresses", "POST addresses", "POST networkEndpointGroups", "POST backendServices", "POST urlMaps",
    "POST targetHttpsProxies", "POST targetHttpProxies", "POST forwardingRules",
)  # fmt: skip


@pytest.mark.parametrize("code", PASSING, ids=lambda code: code.name.lower())
async def test_trouble_that_passes_at_any_call_is_outlived(project: Project, code: grpc.StatusCode) -> None:
    for call in CALLS:
        project.peer.fault(call, code)
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    assert not any(project.peer.faults.values())


async def test_what_is_forbidden_at_any_call_names_the_role_and_is_resumed(project: Project) -> None:
    notes = MemoryNotes()
    for call in CALLS:
        project.peer.fault(call, grpc.StatusCode.PERMISSION_DENIED)
        async with domains_on(project, notes) as domains:
            await domains.set_up(DOMAIN)
            failed = await settled(domains, "failed", "live")
            assert failed.state == "failed", call
            assert "--role=roles/" in failed.fix and "add-iam-policy-binding" in failed.fix, call
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")


async def test_an_operation_that_fails_is_told_and_begun_anew(project: Project) -> None:
    project.compute.failing["backendServices"] = "Quota 'BACKEND_SERVICES' exceeded. Limit: 50.0 globally."
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        failed = await settled(domains, "failed")
        assert "BACKEND_SERVICES" in failed.detail
        assert [step.name for step in failed.steps if step.state == "failed"] == ["backend service"]
        project.compute.failing.clear()
        await domains.set_up(DOMAIN)
        await settled(domains, "live")


async def test_an_operation_that_google_forgot_is_no_obstacle(project: Project) -> None:
    notes = MemoryNotes()
    address = next(one for one in RESOURCES if one.kind == "addresses")
    notes.kept[address.key] = "operation:operation-999"
    await _build(project, notes)
    assert notes.kept == {}


async def test_what_is_waited_for_is_said(project: Project) -> None:
    project.addresses = set()
    project.certificates.active = False
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        waiting = await settled(domains, "waiting for dns")
        assert [record.type for record in waiting.records] == ["CNAME", "A", "A"]
        project.addresses = {ADDRESS}
        await settled(domains, "waiting for the certificate")
        project.certificates.active = True
        await settled(domains, "live")


async def test_one_domain_at_a_time(project: Project) -> None:
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        with pytest.raises(Conflict, match=r"apps\.example\.com"):
            await domains.set_up("other.example.com")
        await settled(domains, "live")


async def test_missing_apis_are_enabled_and_missing_roles_named_before_anything_is_made(project: Project) -> None:
    project.services.disabled = {"compute.googleapis.com"}
    project.manager.lacking = {"compute.urlMaps.create"}
    async with domains_on(project, MemoryNotes()) as domains:
        with pytest.raises(Unavailable) as refused:
            await domains.set_up(DOMAIN)
        assert "roles/compute.loadBalancerAdmin" in refused.value.fix
        assert project.services.disabled == set()
        assert project.is_empty and await domains.state() is None


async def test_records_are_added_to_a_zone_and_only_those_are_removed(project: Project) -> None:
    theirs = {("www.example.com.", "A"): ["198.51.100.1"], (f"{DOMAIN}.", "A"): [ADDRESS]}
    project.dns.zones["example"] = ("example.com.", dict(theirs))
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN, "example")
        await settled(domains, "live")
        assert project.dns.zones["example"][1] == {
            **theirs,
            (f"_acme-challenge.{DOMAIN}.", "CNAME"): ["0f3a.3.authorize.certificatemanager.goog."],
            (f"*.{DOMAIN}.", "A"): [ADDRESS],
        }
        await domains.tear_down()
        await settled(domains, "gone")
    assert project.dns.zones["example"][1] == theirs


async def test_a_record_of_somebody_else_is_not_replaced(project: Project) -> None:
    project.dns.zones["example"] = ("example.com.", {(f"{DOMAIN}.", "A"): ["198.51.100.1"]})
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN, "example")
        failed = await settled(domains, "failed")
        assert "198.51.100.1" in failed.detail and ADDRESS in failed.fix


async def test_a_zone_of_another_domain_is_refused(project: Project) -> None:
    project.dns.zones["other"] = ("example.org.", {})
    async with domains_on(project, MemoryNotes()) as domains:
        with pytest.raises(InvalidInput, match=r"example\.org"):
            await domains.set_up(DOMAIN, "other")
        with pytest.raises(NotFound):
            await domains.set_up(DOMAIN, "none")


async def test_an_app_gets_a_host_of_its_own_and_loses_it_without_a_trace(project: Project) -> None:
    async with domains_on(project, MemoryNotes()) as domains:
        with pytest.raises(Conflict, match="load balancer"):
            await domains.attach("shop", "shop.example.org")
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
        before = project.compute.resources.keys() | project.certificates.things.keys()
        for app, host in (("shop", "shop.example.org"), ("blog", "blog.example.org")):
            await domains.attach(app, host)
            async with asyncio.timeout(150):
                while (found := await domains.host_state(app, host)).state != "live":
                    assert found.state != "failed", found.detail
                    await asyncio.sleep(0.01)
            assert found.records[-1] == DnsRecord(host, "A", ADDRESS)
        url_map = project.compute.resources[f"projects/{PROJECT}/global/urlMaps/{name_of(DOMAIN)}"]
        assert [rule["hosts"] for rule in url_map["hostRules"]] == [["shop.example.org"], ["blog.example.org"]]
        await domains.detach("shop", "shop.example.org")
        await domains.detach("blog", "blog.example.org")
        await domains.detach("blog", "blog.example.org")
        assert project.compute.resources.keys() | project.certificates.things.keys() == before
        url_map = project.compute.resources[f"projects/{PROJECT}/global/urlMaps/{name_of(DOMAIN)}"]
        assert not url_map.get("hostRules") and not url_map.get("pathMatchers")


async def test_a_host_that_was_being_set_up_goes_on_in_the_next_process(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
        project.peer.fault("CreateCertificateMapEntry", grpc.StatusCode.UNAVAILABLE, times=1000)
        await domains.attach("shop", "shop.example.org")
    project.peer.faults.clear()
    assert not [key for key in project.compute.resources if name_of("shop.example.org") in key]
    async with domains_on(project, notes) as domains:
        await domains.start()
        async with asyncio.timeout(150):
            while (await domains.host_state("shop", "shop.example.org")).state != "live":
                await asyncio.sleep(0.01)
    async with domains_on(project, notes) as domains:
        assert (await domains.host_state("shop", "shop.example.org")).state == "live"
        await domains.detach("shop", "shop.example.org")
        assert (await domains.host_state("shop", "shop.example.org")).state == "gone"


async def test_what_was_removed_by_hand_is_told_and_made_again(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    lost = next(key for key in project.compute.resources if "forwardingRules" in key)
    del project.compute.resources[lost]
    async with domains_on(project, notes) as domains:
        found = await domains.state()
        assert found is not None and found.state == "failed"
        assert found.fix == f"Run `devgem domains setup {DOMAIN}` again."
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    assert lost in project.compute.resources


REMOVALS = (
    "DeleteDnsAuthorization", "DeleteCertificate", "DeleteCertificateMap", "DeleteCertificateMapEntry",
    "DELETE addresses", "DELETE networkEndpointGroups", "DELETE backendServices", "DELETE urlMaps",
    "DELETE targetHttpsProxies", "DELETE targetHttpProxies", "DELETE forwardingRules",
)  # fmt: skip


async def test_a_removal_that_is_stopped_at_any_call_goes_on_to_leave_nothing(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    for call in reversed(REMOVALS):
        project.peer.fault(call, grpc.StatusCode.PERMISSION_DENIED)
        async with domains_on(project, notes) as domains:
            await domains.tear_down()
            failed = await settled(domains, "failed", "gone")
            assert failed.state == "failed" and "add-iam-policy-binding" in failed.fix, call
    async with domains_on(project, notes) as domains:
        # What is being removed when the process comes back goes on by itself.
        await domains.start()
        await settled(domains, "gone")
    assert project.is_empty and notes.kept == {}


async def test_trouble_of_the_zone_that_passes_is_outlived(project: Project) -> None:
    project.dns.zones["example"] = ("example.com.", {})
    for call in ("GET rrsets", "POST changes"):
        project.peer.fault(call, grpc.StatusCode.UNAVAILABLE, times=2)
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN, "example")
        await settled(domains, "live")
        project.peer.fault("POST changes", grpc.StatusCode.RESOURCE_EXHAUSTED)
        await domains.tear_down()
        await settled(domains, "gone")
    assert project.dns.zones["example"][1] == {}


async def test_another_replica_tells_how_far_it_is_and_what_stopped_it(project: Project) -> None:
    notes = MemoryNotes()
    async with domains_on(project, notes) as one, domains_on(project, notes) as other:
        assert await other.state() is None
        project.peer.fault("POST urlMaps", grpc.StatusCode.PERMISSION_DENIED)
        await one.set_up(DOMAIN)
        begun = await other.state()
        assert begun is not None and begun.state in ("setting up", "failed")
        failed = await settled(one, "failed")
        async with asyncio.timeout(150):
            while (seen := await other.state()) is None or seen.state != "failed":
                await asyncio.sleep(0.01)
        assert (seen.detail, seen.fix) == (failed.detail, failed.fix)
        await one.set_up(DOMAIN)
        await settled(one, "live")
        found = await other.state()
        assert found is not None and found.state == "live" and found.records == (await settled(one, "live")).records


async def test_a_domain_stays_in_the_region_that_it_was_made_for(project: Project) -> None:
    notes = MemoryNotes()
    notes.kept["domains"] = f'{{"domain": "{DOMAIN}", "zone": "", "doing": "ready", "region": "europe-west1"}}'
    async with domains_on(project, notes) as domains:
        with pytest.raises(Conflict, match="europe-west1"):
            await domains.set_up(DOMAIN)
        with pytest.raises(Conflict, match="europe-west1"):
            await domains.tear_down()


async def live_host(domains: GoogleDomains, app: str, host: str) -> None:
    async with asyncio.timeout(150):
        while (found := await domains.host_state(app, host)).state != "live":
            assert found.state != "failed", found.detail
            await asyncio.sleep(0.01)


async def test_hosts_that_are_added_at_once_do_not_undo_each_other(project: Project) -> None:
    hosts = {f"{app}.example.org": app for app in ("a", "b", "c", "d")}
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
        await asyncio.gather(*(domains.attach(app, host) for host, app in hosts.items()))
        await asyncio.gather(*(live_host(domains, app, host) for host, app in hosts.items()))
        url_map = project.compute.resources[f"projects/{PROJECT}/global/urlMaps/{name_of(DOMAIN)}"]
        assert {host for rule in url_map["hostRules"] for host in rule["hosts"]} == hosts.keys()


HOST_CALLS = (
    "CreateDnsAuthorization", "CreateCertificate", "CreateCertificateMapEntry", "GET networkEndpointGroups",
    "POST networkEndpointGroups", "POST backendServices", "GET urlMaps", "PUT urlMaps",
)  # fmt: skip


async def test_a_host_that_is_refused_at_any_call_says_so_and_goes_on(project: Project) -> None:
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
        for call in HOST_CALLS:
            project.peer.fault(call, grpc.StatusCode.PERMISSION_DENIED)
            await domains.attach("shop", "shop.example.org")
            async with asyncio.timeout(150):
                while (found := await domains.host_state("shop", "shop.example.org")).state != "failed":
                    assert found.state != "live", call
                    await asyncio.sleep(0.01)
            assert "add-iam-policy-binding" in found.fix, call
        await domains.attach("shop", "shop.example.org")
        await live_host(domains, "shop", "shop.example.org")


async def test_a_new_app_costs_no_call_to_the_load_balancer() -> None:
    async with google_house() as house, house.cloud() as cloud:
        house.domain = DOMAIN
        await deploy(cloud, house.revision(1, does=Image()))
        assert await cloud.url("shop") == f"https://shop.{DOMAIN}"
        told = [call for call in house.peer.calls if " " in call or "Certificate" in call or "DnsAuthorization" in call]
        assert house.peer.calls and told == []


async def test_an_answer_that_is_lost_makes_nothing_twice(project: Project) -> None:
    creations = [call for call in CALLS if call.startswith(("Create", "POST"))]
    for call in creations:
        project.peer.fault(call, Fault(grpc.StatusCode.UNAVAILABLE, late=True))
    async with domains_on(project, MemoryNotes()) as domains:
        await domains.set_up(DOMAIN)
        await settled(domains, "live")
    assert len(project.certificates.things) + len(project.compute.resources) == len(RESOURCES)
    assert not any(project.peer.faults.values())
