"""From nothing to a link, and a day's work with it, on the command line."""

import json
import re
from pathlib import Path

from devgem.wiring.tools import SAMPLE
from tests.journeys.apps import server
from tests.journeys.conftest import DevGem, Folders, wait_until


def test_the_sample_is_deployed_and_shown_as_it_happens(running: DevGem) -> None:
    done = running.run("deploy", str(SAMPLE))
    url = done.stdout.strip()
    assert url == f"http://hello.localhost:{running.apps_port}"
    status, body = running.get("hello")
    assert status == 200
    assert "Hello from DevGem" in body
    for step in ("fetch", "plan", "build", "release", "verify", "shift"):
        assert re.search(rf"^{step} +done", done.stderr, re.MULTILINE), done.stderr
    assert re.search(r"hello is live in .*: 200 after \d+ ms, revision v1", done.stderr)


def test_json_events_end_with_the_live_link(running: DevGem, folders: Folders) -> None:
    done = running.run("deploy", str(folders("json-app", server())), "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    last = events[-1]
    assert last["type"] == "deployment.live"
    assert last["url"] == f"http://json-app.localhost:{running.apps_port}"
    assert (last["revision"], last["status"]) == (1, 200)
    assert last["seconds"] > 0
    assert last["first_byte_seconds"] >= 0


def test_a_days_work(running: DevGem, folders: Folders) -> None:
    app = folders("shop", server("one"))
    running.deploy(app)
    (app / "main.py").write_text((app / "main.py").read_text().replace("one", "two"))
    redeployed = running.run("deploy", str(app))
    assert running.get("shop") == (200, "two")
    assert "v2" in redeployed.stderr

    revisions = json.loads(running.run("revisions", "shop", "--json").stdout)["revisions"]
    assert [(r["number"], r["traffic"]) for r in revisions] == [(2, 100), (1, 0)]

    assert "v2 to v1" in running.run("rollback", "shop").stderr
    assert running.get("shop") == (200, "one")
    assert json.loads(running.run("show", "shop", "--json").stdout)["push_paused"]
    running.run("rollback", "shop", "--to", "2")
    assert running.get("shop") == (200, "two")

    running.run("restart", "shop")
    assert running.get("shop") == (200, "two")
    assert "shop" in running.run("list").stdout
    wait_until(lambda: "GET / HTTP/1.1" in running.run("logs", "shop").stdout, "the request is in the log")
    assert "nothing to cancel" not in running.run("cancel", "shop").stderr

    running.run("remove", "shop", code=2)
    running.run("remove", "shop", "--yes")
    assert running.get("shop")[0] == 404
    running.run("show", "shop", code=4)


def test_an_unchanged_commit_is_not_built_again(running: DevGem, folders: Folders) -> None:
    app = folders("same", server())
    running.deploy(app)
    events = [json.loads(line) for line in running.run("deploy", str(app), "--json").stdout.splitlines()]
    build = next(event for event in events if event["type"] == "step.finished" and event["step"] == "build")
    assert build["skipped"]


def test_config_vars_reach_the_app_and_never_come_back(running: DevGem, folders: Folders) -> None:
    secret = "s3cr3t-canary-value"
    app = folders("vars", server("x", before="print('greeting is', os.environ.get('GREETING'), flush=True)"))
    running.deploy(app, "--env", f"GREETING={secret}")
    listed = running.run("env", "list", "vars", "--json").stdout
    assert [item["name"] for item in json.loads(listed)["env"]] == ["GREETING"]
    wait_until(lambda: "greeting is [secret]" in running.run("logs", "vars").stdout, "the app has the value")
    running.run("env", "set", "vars", "GREETING=another-value", "MORE=1")
    running.run("env", "unset", "vars", "MORE")
    running.deploy(app)
    everything = b"".join(path.read_bytes() for path in running.data_dir.glob("*.sqlite*"))
    assert secret.encode() not in everything
    assert secret not in listed + running.log()


def test_a_worker_is_said_to_be_one_and_gets_no_link(running: DevGem, folders: Folders) -> None:
    app = folders(
        "ticker", {"worker.py": "import time\nwhile True: time.sleep(1)\n", "Procfile": "worker: python worker.py\n"}
    )
    done = running.run("deploy", str(app))
    assert done.stdout.strip() == ""
    assert "worker" in done.stderr
    assert json.loads(running.run("show", "ticker", "--json").stdout)["url"] is None


def test_a_second_devgem_on_the_same_data_is_refused(running: DevGem) -> None:
    done = running.run("up", "--port", "1", code=5)
    assert "already runs" in done.stderr
    assert "devgem down" in done.stderr


def test_a_taken_port_is_named_with_a_remedy(running: DevGem, tmp_path: Path) -> None:
    other = DevGem(tmp_path)
    done = other.run("up", "--port", str(running.port), code=1)
    assert f"port {running.port}" in done.stderr
    assert "--port" in done.stderr
