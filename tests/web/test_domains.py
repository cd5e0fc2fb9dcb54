"""Host names of apps over HTTP: whose they are, which are refused, and the domain of all apps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devgem.clouds.domains import DnsRecord, Domain
from devgem.domain.app import App, Repository
from devgem.domain.errors import Conflict
from tests.web.conftest import Dashboard, dashboard_on


@dataclass
class Names:
    """A cloud that takes host names, in memory."""

    held: dict[str, str] = field(default_factory=dict)
    is_away: bool = False

    async def attach(self, app: str, host: str) -> None:
        if self.is_away:
            raise Conflict("there is no load balancer", fix="Set one up.")
        self.held[host] = app

    async def detach(self, app: str, host: str) -> None:
        self.held.pop(host, None)

    async def state(self, app: str, host: str) -> Domain:
        return Domain(host, "live", app, records=[DnsRecord(host, "A", "203.0.113.7")])


class Base:
    """The domain of all apps, in memory."""

    domain: Domain | None = None

    async def set_up(self, domain: str, zone: str = "") -> Domain:
        self.domain = Domain(domain, "setting up")
        return self.domain

    async def tear_down(self) -> Domain:
        assert self.domain is not None
        gone, self.domain = Domain(self.domain.host, "tearing down"), None
        return gone

    async def name(self) -> str | None:
        return self.domain.host if self.domain is not None else None

    async def state(self) -> Domain | None:
        return self.domain


@dataclass
class House:
    dashboard: Dashboard
    names: Names


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    names = Names()
    async with dashboard_on(tmp_path, hosts={"local": names}, base_domain=Base()) as dashboard:
        async with dashboard.store.write() as transaction:
            for name, cloud in (("shop", "local"), ("blog", "local"), ("far", "google")):
                await transaction.apps.add(App(name, Repository("/x"), cloud, datetime.now(UTC)))
        yield House(dashboard, names)


async def test_a_host_name_is_added_listed_and_removed(house: House) -> None:
    async with house.dashboard.client() as client:
        answer = await client.post("/api/v1/apps/shop/domains", json={"host": "Bücher.Example"})
        assert answer.status_code == 202
        assert answer.json()["host"] == "xn--bcher-kva.example"
        assert answer.json()["records"] == [{"name": "xn--bcher-kva.example", "type": "A", "value": "203.0.113.7"}]
        again = await client.post("/api/v1/apps/shop/domains", json={"host": "bücher.example."})
        assert again.status_code == 202
        listed = (await client.get("/api/v1/apps/shop/domains")).json()["items"]
        assert [item["host"] for item in listed] == ["xn--bcher-kva.example"]
        assert house.names.held == {"xn--bcher-kva.example": "shop"}
        for expected in (204, 404):
            gone = await client.delete("/api/v1/apps/shop/domains/b%C3%BCcher.example")
            assert gone.status_code == expected
        assert house.names.held == {}


async def test_a_host_name_belongs_to_one_app_and_the_refusal_does_not_say_which(house: House) -> None:
    async with house.dashboard.client() as client:
        await client.post("/api/v1/apps/shop/domains", json={"host": "www.example.org"})
        taken = await client.post("/api/v1/apps/blog/domains", json={"host": "www.example.org"})
        assert taken.status_code == 409 and "shop" not in taken.text
        assert (await client.delete("/api/v1/apps/blog/domains/www.example.org")).status_code == 404
        assert house.names.held == {"www.example.org": "shop"}


async def test_an_app_that_is_removed_gives_its_host_names_back(house: House) -> None:
    async with house.dashboard.client() as client:
        for host in ("www.example.org", "shop.example.org"):
            await client.post("/api/v1/apps/shop/domains", json={"host": host})
        await house.dashboard.parts.domains.remove_all("shop")
        assert house.names.held == {}
        assert (await client.post("/api/v1/apps/blog/domains", json={"host": "www.example.org"})).status_code == 202


async def test_names_under_the_domain_of_all_apps_are_nobodys_to_take(house: House) -> None:
    async with house.dashboard.client() as client:
        for host in ("apps.example.com", "blog.apps.example.com", "a.b.apps.example.com", "*.example.org", "blog"):
            answer = await client.post("/api/v1/apps/shop/domains", json={"host": host})
            assert answer.status_code == 422 and answer.json()["fix"], host
        assert house.names.held == {}


async def test_what_a_cloud_refuses_is_not_kept(house: House) -> None:
    async with house.dashboard.client() as client:
        house.names.is_away = True
        for app in ("shop", "far"):
            answer = await client.post(f"/api/v1/apps/{app}/domains", json={"host": "www.example.org"})
            assert answer.status_code == 409
            assert (await client.get(f"/api/v1/apps/{app}/domains")).json()["items"] == []
        assert (await client.post("/api/v1/apps/none/domains", json={"host": "a.example.org"})).status_code == 404


async def test_the_domain_of_all_apps_is_begun_shown_and_torn_down(house: House) -> None:
    async with house.dashboard.client() as client:
        assert (await client.get("/api/v1/domains")).status_code == 404
        begun = await client.post("/api/v1/domains", json={"domain": "apps.example.com"})
        assert (begun.status_code, begun.json()["state"], begun.json()["app"]) == (202, "setting up", None)
        assert (await client.get("/api/v1/domains")).json()["host"] == "apps.example.com"
        await client.post("/api/v1/apps/shop/domains", json={"host": "www.example.org"})
        assert (await client.delete("/api/v1/domains")).status_code == 409
        await client.delete("/api/v1/apps/shop/domains/www.example.org")
        assert (await client.delete("/api/v1/domains")).status_code == 202
        wrong = await client.post("/api/v1/domains", json={"domain": "a.example.com", "zone": "../x"})
        assert wrong.status_code == 422


async def test_without_a_cloud_that_can_have_a_domain_the_way_is_told(tmp_path: Path) -> None:
    async with dashboard_on(tmp_path) as dashboard, dashboard.client() as client:
        answer = await client.post("/api/v1/domains", json={"domain": "apps.example.com"})
        assert answer.status_code == 409 and "GOOGLE_CLOUD_PROJECT" in answer.json()["fix"]


async def test_another_user_neither_sees_nor_changes_host_names(house: House) -> None:
    """T-20"""
    async with house.dashboard.client() as client:
        await client.post("/api/v1/apps/shop/domains", json={"host": "www.example.org"})
    async with house.dashboard.store.write() as transaction:
        now = datetime.now(UTC)
        session = await transaction.sessions.create("github:7", now=now, lifetime=timedelta(hours=1))
    async with house.dashboard.store.write(owner="github:7") as transaction:
        await transaction.apps.add(App("theirs", Repository("/x"), "local", now))
    async with house.dashboard.client(token=None, **{"X-DevGem": "1"}) as client:
        client.cookies.set("devgem_session", session)
        for method, path in (
            ("GET", "shop/domains"),
            ("POST", "shop/domains"),
            ("DELETE", "shop/domains/www.example.org"),
        ):
            body = {"host": "a.example.org"} if method == "POST" else None
            answer = await client.request(method, f"/api/v1/apps/{path}", json=body)
            assert answer.status_code == 404, (method, answer.text)
        taken = await client.post("/api/v1/apps/theirs/domains", json={"host": "www.example.org"})
        assert taken.status_code == 409 and "shop" not in taken.text
        assert (await client.post("/api/v1/domains", json={"domain": "a.example.com"})).status_code == 403
        assert (await client.delete("/api/v1/domains")).status_code == 403
    assert house.names.held == {"www.example.org": "shop"}
