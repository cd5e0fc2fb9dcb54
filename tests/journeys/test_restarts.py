"""Apps serve while DevGem is killed and restarted; deployments go on where they were."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.apps import server
from tests.journeys.conftest import DevGem, Folders, processes_of, wait_until


@pytest.fixture
def devgem(tmp_path: Path) -> Iterator[DevGem]:
    (tmp_path / "data").mkdir()
    own = DevGem(tmp_path / "data")
    own.start()
    yield own
    own.run("down")
    assert own.process is not None
    own.process.wait(10)
    wait_until(lambda: processes_of(own.data_dir) == [], "every process has ended", 30)


def test_apps_serve_while_control_is_killed_and_comes_back(devgem: DevGem, folders: Folders) -> None:
    devgem.deploy(folders("shop", server("still here")))
    for end in (signal.SIGKILL, signal.SIGTERM):
        devgem.stop(end)
        assert devgem.get("shop") == (200, "still here")
        devgem.start()
        assert devgem.get("shop") == (200, "still here")
    assert json.loads(devgem.run("show", "shop", "--json").stdout)["status"] == "live"


def test_a_deployment_that_was_cut_off_by_kill_goes_on(devgem: DevGem, folders: Folders) -> None:
    """F-01: the other moments are tried in tests/pipeline."""
    slow = folders("slow", server("done", before="import time; time.sleep(4)"))
    command = [sys.executable, "-m", "devgem", "deploy", str(slow), "--json"]
    watcher = subprocess.Popen(command, env=devgem._env(), stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    for line in watcher.stdout:
        if json.loads(line)["type"] == "revision.released":
            break
    devgem.stop(signal.SIGKILL)
    devgem.start()
    with watcher:
        rest = [json.loads(line) for line in watcher.stdout]
    assert watcher.returncode == 0
    assert [event["type"] for event in rest].count("deployment.live") == 1
    assert devgem.get("slow") == (200, "done")
