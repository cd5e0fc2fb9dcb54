"""The gateway beside nginx and Caddy, in front of the same app and the same files, in one run."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.gateway_crowd import Crowd
from bench.report import median, table, verdict
from bench.running import fetch, free_port

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 32
CROWD, CROWD_REQUESTS = 5_000, 20_000
HERE = Path(__file__).parent

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream app {{ server 127.0.0.1:{app}; keepalive 256; keepalive_requests 100000000; }}
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{port}; server_name a.localhost;
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
  server {{ listen 127.0.0.1:{port}; server_name s.localhost; root {root}; }}
}}
"""

CADDY = """
{{
  admin off
  auto_https off
}}
http://a.localhost:{port} {{
  reverse_proxy 127.0.0.1:{app}
}}
http://s.localhost:{port} {{
  root * {root}
  file_server
}}
"""


@dataclass(frozen=True)
class Reading:
    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds. `ratio` and `added_ms` compare with the first door in the same round."""

    rate: float
    p50_ms: float
    p99_ms: float
    ratio: float
    added_ms: float


@contextmanager
def running(*command: str | Path, stdout: int = subprocess.DEVNULL) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def printing_port(*command: str | Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with running(*command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


def app(revision: int) -> "AbstractContextManager[tuple[subprocess.Popen[str], int]]":
    return printing_port("node", HERE / "gateway_app.js", str(revision))


def gateway(root: Path, *ports: int) -> "AbstractContextManager[tuple[subprocess.Popen[str], int]]":
    return printing_port(sys.executable, "-m", "bench.gateway_process", root, *map(str, ports))


def measure(port: int, host: str) -> Reading:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-H", f"Host: {host}"]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{host} on port {port}: {said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate
    return Reading(float(rate[1]), _ms(said, "50%"), _ms(said, "99%"))


def _ms(said: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)\b", said)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def compare(doors: dict[str, int], host: str) -> dict[str, Figures]:
    """Rounds in which each door has its turn, so that what else the machine does falls on all alike."""
    rounds = [{name: measure(port, host) for name, port in doors.items()} for _ in range(ROUNDS)]
    base = next(iter(doors))
    return {
        name: Figures(
            median([one[name].rate for one in rounds]),
            median([one[name].p50_ms for one in rounds]),
            median([one[name].p99_ms for one in rounds]),
            median([one[name].rate / one[base].rate for one in rounds]),
            median([one[name].p99_ms - one[base].p99_ms for one in rounds]),
        )
        for name in doors
    }


def rivals(stack: ExitStack, folder: Path, root: Path, app_port: int) -> dict[str, int]:
    """The other front doors that this machine has."""
    found: dict[str, int] = {}
    for name, text, program, arguments in (
        ("nginx, 1 worker", NGINX, "nginx", ("-p", folder, "-c")),
        ("Caddy", CADDY, "caddy", ("run", "--adapter", "caddyfile", "--config")),
    ):
        if shutil.which(program) is None:
            print(f"{program} is not installed and left out: apt-get install {program}", file=sys.stderr)
            continue
        port = found[name] = free_port()
        config = folder / program
        config.write_text(text.format(folder=folder, root=root, port=port, app=app_port))
        # Caddy saves its last configuration at home.
        homes = (f"XDG_CONFIG_HOME={folder}", f"XDG_DATA_HOME={folder}")
        stack.enter_context(running("env", *homes, program, *arguments, config))
    return found


def wait_for(port: int) -> None:
    for _ in range(1000):
        if fetch(port, "a.localhost")[0] == 200:
            return
        time.sleep(0.01)
    raise RuntimeError(f"nothing answers on port {port}")


def compare_all(folder: Path) -> None:
    root = folder / "site"
    root.mkdir()
    (root / "index.html").write_bytes(b"x" * 600)
    folder.chmod(0o755)
    with ExitStack() as stack:
        _, direct = stack.enter_context(app(1))
        _, own = stack.enter_context(gateway(root, direct))
        doors = {"DevGem's gateway": own, **rivals(stack, folder, root, direct)}
        for port in doors.values():
            wait_for(port)
        passed = compare({"the app itself": direct, **doors}, "a.localhost")
        files = compare(doors, "s.localhost")
    rows = []
    for name, one in passed.items():
        goal = ""
        if name == "DevGem's gateway":
            goal = f"{verdict(one.ratio, 0.45, at_least=True)}; p99 {verdict(one.added_ms, 5)}"
        figures = (f"{one.rate:,.0f}", f"{one.ratio:.2f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}")
        rows.append((name, *figures, f"{one.added_ms:+.2f}", goal))
    head = ("front door", "requests/s", "of direct", "p50 ms", "p99 ms", "p99 added ms", "goals")
    table(f"Gateway: {CONNECTIONS} connections, a Node app of 600 bytes", head, rows)
    table(
        f"Gateway: {CONNECTIONS} connections, a static file of 600 bytes",
        ("front door", "requests/s", "of DevGem's", "p50 ms", "p99 ms"),
        [
            (name, f"{one.rate:,.0f}", f"{one.ratio:.2f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}")
            for name, one in files.items()
        ],
    )


def switch(folder: Path) -> None:
    """F-45: traffic shifts between revisions while a crowd asks."""
    with app(1) as (_, one), app(2) as (_, two), gateway(folder, one, two) as (process, port):
        crowd = Crowd(CROWD, CROWD_REQUESTS)
        uvloop.run(crowd.run(port))
        said, _ = process.communicate("")
    shifts, longest = said.split()
    failed = sum(count for status, count in crowd.statuses.items() if status != 200) + sum(crowd.failures.values())
    table(
        f"Gateway: {CROWD:,} clients at once while traffic shifts (F-45)",
        ("requests", "failed", "goal", "requests/s", "shifts", "longest drain s", "answers per revision"),
        [
            (
                f"{crowd.statuses.total():,}",
                failed,
                verdict(failed, 0),
                f"{crowd.statuses.total() / crowd.seconds:,.0f}",
                shifts,
                f"{float(longest):.2f}",
                " / ".join(f"{count:,}" for _, count in sorted(crowd.revisions.items())),
            )
        ],
    )
    if crowd.failures:
        print(crowd.failures)


def main() -> None:
    missing = [program for program in ("wrk", "node") if shutil.which(program) is None]
    if missing:
        sys.exit(f"The gateway's benchmark needs {' and '.join(missing)}: apt-get install wrk nodejs")
    with tempfile.TemporaryDirectory(prefix="devgem-bench-") as folder:
        compare_all(Path(folder))
        switch(Path(folder))


if __name__ == "__main__":
    main()
