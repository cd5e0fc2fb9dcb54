"""From a repository on GitHub to an app on Cloud Run: the whole product, with stand-ins of both."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import DevGem, wait_until
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo, serving_api
from tests.standins.google.build import Script
from tests.standins.google.whole import Whole, environ, playing_project

APP = """import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("{text} " + os.environ.get("GREETING", "")).encode())

HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass
class Site:
    google: Whole
    github: GitHubApi
    devgem: DevGem
    work: GitRepository
    bare: Path

    def push(self, text: str) -> None:
        self.work.commit({"app.py": APP.replace("{text}", text)}, f"Say {text}")
        self.work.git("push", "-q", str(self.bare), "HEAD:main", "--force")

    def deployed(self, *arguments: str) -> tuple[str, list[dict[str, Any]]]:
        done = self.devgem.run("deploy", "ada/shop", *arguments, "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events[-1]["type"] == "deployment.live", done.stdout
        return str(events[-1]["url"]), events


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("google")
    work = GitRepository(root / "work")
    work.commit({"app.py": APP.replace("{text}", "first"), "Procfile": "web: python3 app.py\n"}, "Say first")
    (root / "served/ada").mkdir(parents=True)
    bare = work.bare(root / "served/ada/shop")
    data = root / "data"
    data.mkdir()
    with playing_project(root / "machine") as google, serving_api(root / "served") as github:
        github.add_repo(Repo("ada/shop"))
        devgem = DevGem(data, environ=environ(google, github.url))
        devgem.start()
        yield Site(google, github, devgem, work, Path(str(bare)))
        devgem.stop()


def ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as response:
        return str(response.read().decode())


def test_a_repository_becomes_an_app_on_cloud_run(site: Site) -> None:
    url, events = site.deployed("--env", "GREETING=hello")
    assert ask(url) == "first hello"
    steps = [event["step"] for event in events if event["type"] == "step.finished"]
    assert steps == ["fetch", "plan", "build", "release", "verify", "shift"]
    assert any(event["type"] == "log" for event in events)
    [build] = site.google.machine.builds.values()
    assert "hello" not in str(build)
    checkouts = list((site.devgem.data_dir / "sources").rglob("app.py"))
    assert checkouts == [], "the server holds no copy of the code"


def test_a_change_goes_live_and_back(site: Site) -> None:
    site.push("second")
    url, _ = site.deployed()
    assert ask(url) == "second hello"
    site.devgem.run("rollback", "shop")
    wait_until(lambda: ask(url) == "first hello", "the rollback is seen")


def test_it_is_said_in_a_conversation_too(site: Site) -> None:
    site.push("third")
    done = site.devgem.run("chat", "deploy ada/shop")
    url = done.stdout.strip().splitlines()[-1]
    assert ask(url) == "third hello", done.stdout


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_a_build_is_not_begun_again_after_a_restart(site: Site, sig: signal.Signals) -> None:
    """F-01, I4: after a crash as after an upgrade."""
    site.google.machine.scripts.append(Script(held=True))
    before = set(site.google.machine.builds)
    text = f"fourth, {sig.name}"
    site.push(text)
    site.devgem.run("deploy", "ada/shop", "--no-wait")
    fresh = wait_until(lambda: set(site.google.machine.builds) - before, "the build is begun")
    site.devgem.stop(sig)
    site.devgem.start()
    site.google.machine.let_go(next(iter(fresh)))
    url = json.loads(site.devgem.run("show", "shop", "--json").stdout)["url"]
    wait_until(lambda: ask(url) == f"{text} hello", "the deployment goes on")
    assert len(set(site.google.machine.builds) - before) == 1


def test_a_build_that_fails_says_why_and_leaves_the_app_serving(site: Site) -> None:
    line = "ERROR: No matching distribution found for flsk"
    site.google.machine.scripts.append(Script("FAILURE", lines=[line]))
    site.push("fifth")
    failure, events = site.devgem.fail("ada/shop")
    assert failure["cause"] and any(line in event.get("text", "") for event in events)
    url = json.loads(site.devgem.run("show", "shop", "--json").stdout)["url"]
    assert ask(url) == "fourth, SIGTERM hello"


def test_a_deployment_asks_google_little(site: Site) -> None:
    site.push("sixth")
    before = sum(site.google.peer.counts.values())
    site.deployed()
    assert sum(site.google.peer.counts.values()) - before < 80


def test_removing_the_app_leaves_nothing_of_it(site: Site) -> None:
    site.devgem.run("remove", "shop", "--yes")
    google = site.google
    assert google.run.services == {} and google.secrets.secrets == {}
    assert [name for name in google.iam.accounts if "devgem-build" not in name] == []
