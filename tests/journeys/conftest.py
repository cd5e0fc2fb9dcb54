"""The whole product, as a user starts it: `devgem up` on a data folder and ports of its own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 40.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """What the condition comes to, once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


@dataclass
class DevGem:
    data_dir: Path
    port: int = field(default_factory=free_port)
    apps_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    environ: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        command = [sys.executable, "-m", "devgem", "up", "--port", str(self.port), "--apps-port", str(self.apps_port)]
        if self.process is not None:
            self.process.wait(0)
        with (self.data_dir / "up.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._env(), stdout=log, stderr=log)
        wait_until(self._is_ready, "DevGem is ready", START_SECONDS)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return bool(self.control()["pid"] == self.process.pid)
        except (OSError, ValueError):
            return False

    def stop(self, sig: int = signal.SIGINT) -> None:
        assert self.process is not None
        self.process.send_signal(sig)
        self.process.wait(60)

    def control(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "control.json").read_text())
        return found

    def log(self) -> str:
        return (self.data_dir / "up.log").read_text()

    def run(
        self, *arguments: str, code: int = 0, cwd: Path | None = None, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """One command; it must end with this exit code."""
        command = [sys.executable, "-m", "devgem", *arguments]
        done = subprocess.run(
            command, env=self._env(), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log()}"
        return done

    def deploy(self, source: Path | str, *arguments: str) -> str:
        """The URL of what was deployed."""
        return self.run("deploy", str(source), *arguments).stdout.strip().splitlines()[-1]

    def fail(self, source: Path | str, *arguments: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The failure that ends a deployment, and all its events. There is exactly one terminal event (I3)."""
        done = self.run("deploy", str(source), *arguments, "--json", code=7)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        terminal = [
            event
            for event in events
            if event["type"] in ("deployment.live", "deployment.failed", "deployment.cancelled")
        ]
        assert [event["type"] for event in terminal] == ["deployment.failed"]
        failure: dict[str, Any] = terminal[0]["failure"]
        assert failure["cause"]
        return failure, events

    def get(self, app: str, path: str = "/") -> tuple[int, str]:
        """One request to an app through the gateway."""
        connection = http.client.HTTPConnection("127.0.0.1", self.apps_port, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": f"{app}.localhost:{self.apps_port}"})
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def _env(self) -> dict[str, str]:
        return os.environ | {"DEVGEM_DATA_DIR": str(self.data_dir), "NO_COLOR": "1"} | self.environ


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevGem]:
    devgem = DevGem(tmp_path_factory.mktemp("devgem"))
    devgem.start()
    yield devgem
    devgem.stop()
    assert wait_until(lambda: processes_of(devgem.data_dir) == [], "every process has ended", 30)


class Folders:
    """Makes small repositories."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, name: str, files: dict[str, str | bytes]) -> Path:
        folder = self._root / name
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)
