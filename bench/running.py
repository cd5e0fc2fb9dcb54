"""A DevGem of its own for a benchmark: on free ports and a data folder that is gone afterwards."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Running:
    data_dir: Path
    port: int
    apps_port: int
    token: str
    ready_seconds: float

    def request(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
        return json.loads(text) if text else None

    def get_app(self, app: str, path: str = "/") -> tuple[int, bytes]:
        """One request to an app through the gateway."""
        return fetch(self.apps_port, f"{app}.localhost:{self.apps_port}", path)


def fetch(port: int, host: str, path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


@contextmanager
def devgem(**environ: str) -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="devgem-bench-", ignore_cleanup_errors=True) as folder:
        port, apps_port = free_port(), free_port()
        settings = {"DEVGEM_ALLOW_FILE_URLS": "true", **environ}
        command = [sys.executable, "-m", "devgem", "up", "--data-dir", folder]
        command += ["--port", str(port), "--apps-port", str(apps_port)]
        log = (Path(folder) / "bench.log").open("wb")
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
        try:
            control = _wait(Path(folder) / "control.json", process)
            ready = time.perf_counter() - begun
            yield Running(Path(folder), port, apps_port, control["token"], ready)
        finally:
            process.send_signal(2)
            process.wait(60)
            log.close()


def _wait(file: Path, process: "subprocess.Popen[bytes]") -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists():
            return json.loads(file.read_text())
        time.sleep(0.005)
    raise RuntimeError(f"DevGem did not start: {(file.parent / 'bench.log').read_text()}")
