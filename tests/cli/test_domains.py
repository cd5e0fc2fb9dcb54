"""`devgem domains` against a server whose Google is a stand-in."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from devgem.cli.outcome import Exit, code_of
from devgem.cli.program import build
from devgem.clouds.google.domains import GoogleDomains, GoogleHosts
from devgem.domain.app import App, Repository
from devgem.domain.errors import DevGemError
from tests.clouds.google.project import MemoryNotes, Project, domains_on, google_project
from tests.standins.google.compute import ADDRESS
from tests.web.conftest import TOKEN, Dashboard, dashboard_on


@dataclass
class Server:
    project: Project
    domains: GoogleDomains
    dashboard: Dashboard

    async def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """What a command writes to its output and to its error output."""
        environ = {"DEVGEM_SERVER": self.dashboard.url, "DEVGEM_TOKEN": TOKEN}
        invoke = functools.partial(CliRunner().invoke, build(), ["domains", *arguments], env=environ)
        done = await asyncio.to_thread(invoke)
        out, err = done.stdout, done.stderr
        ended = done.exit_code
        if isinstance(done.exception, Exit):
            ended = done.exception.code
        elif isinstance(done.exception, DevGemError):
            ended, err = code_of(done.exception), f"{err}{done.exception.message} {done.exception.fix}"
        assert ended == code, (done, out, err)
        return out, err


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with google_project() as project, domains_on(project, MemoryNotes()) as domains:
        hosts = {"google": GoogleHosts(domains)}
        async with dashboard_on(tmp_path, hosts=hosts, base_domain=domains) as dashboard:
            async with dashboard.store.write() as transaction:
                await transaction.apps.add(App("shop", Repository("/x"), "google", datetime.now(UTC)))
            yield Server(project, domains, dashboard)


async def test_from_a_bare_project_to_a_domain_and_back(server: Server) -> None:
    _, said = await server.run("status", code=4)
    assert "devgem domains setup apps.example.com" in said
    out, said = await server.run("setup", "apps.example.com")
    assert "HTTPS forwarding rule: done" in said and "apps.example.com is live" in said
    assert [line.split() for line in out.splitlines()] == [
        ["RECORD", "TYPE", "VALUE"],
        ["_acme-challenge.apps.example.com", "CNAME", "0f3a.3.authorize.certificatemanager.goog"],
        ["apps.example.com", "A", ADDRESS],
        ["*.apps.example.com", "A", ADDRESS],
    ]
    out, _ = await server.run("add", "shop", "www.example.org", "--json")
    assert json.loads(out)["app"] == "shop"
    async with asyncio.timeout(150):
        while (await server.domains.host_state("shop", "www.example.org")).state != "live":
            await asyncio.sleep(0.01)
    out, _ = await server.run("list", "shop")
    assert out.splitlines()[1].split() == ["www.example.org", "live", "-"]
    _, said = await server.run("teardown", "--yes", code=5)
    assert "devgem domains remove APP HOST" in said
    await server.run("remove", "shop", "www.example.org")
    _, said = await server.run("teardown", code=2)
    assert "--yes" in said
    await server.run("teardown", "--yes")
    assert server.project.is_empty


async def test_what_stops_it_is_said_with_the_command_that_mends_it(server: Server) -> None:
    server.project.peer.fault("POST urlMaps", grpc.StatusCode.PERMISSION_DENIED)
    _, said = await server.run("setup", "apps.example.com", code=1)
    assert "URL map: failed" in said and "--role=roles/compute.loadBalancerAdmin" in said
    out, _ = await server.run("status", "--json", code=1)
    assert json.loads(out)["state"] == "failed"
    out, _ = await server.run("setup", "apps.example.com", "--no-wait", "--json")
    assert json.loads(out)["state"] == "setting up"
    await server.run("setup", "apps.example.com")
