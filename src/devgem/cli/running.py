"""Finds the DevGem that runs on this machine, or starts it."""

import fcntl
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from devgem.cli import credentials
from devgem.cli.client import Client
from devgem.config import Paths, Settings, read_settings
from devgem.domain.errors import InvalidInput, NotSignedIn, Unavailable

_START_SECONDS = 30.0


@dataclass(frozen=True)
class Control:
    """What a running control process has written down of itself."""

    pid: int
    url: str
    token: str

    def client(self) -> Client:
        return Client(self.url, self.token)


def find(paths: Paths) -> Control | None:
    """The control process of this data folder, if it is alive."""
    try:
        written = json.loads(paths.control_file.read_text())
        control = Control(pid=written["pid"], url=written["url"], token=written["token"])
    except (OSError, ValueError, KeyError):
        return None
    return control if is_running(paths) else None


def is_running(paths: Paths) -> bool:
    """Whether a control process holds its lock, which ends with the process however that ends."""
    try:
        with paths.control_lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def connect(*, start: bool = False) -> Client:
    """A client of DEVGEM_SERVER when that is set (its token in DEVGEM_TOKEN, or kept by `devgem login`), else of this
    machine's DevGem, which is started first when `start` is true. Raises Unavailable when none runs."""
    return Client(*address(start=start))


def address(*, start: bool = False) -> tuple[str, str]:
    """The URL of that DevGem, and the token for it."""
    if server := os.environ.get("DEVGEM_SERVER"):
        return checked(server), token_of(server)
    settings = read_settings()
    control = find(Paths(settings.data_dir))
    if control is None and start:
        say_progress("DevGem is not running: starting it")
        control = start_detached(settings)
    if control is None:
        raise Unavailable("DevGem is not running", fix="Start it with `devgem up`.")
    return control.url, control.token


def checked(server: str) -> str:
    """The address of a server, if it is one. Raises InvalidInput."""
    if not server.startswith(("http://", "https://")):
        raise InvalidInput(f"{server!r} is no address of a DevGem server", fix="Give it like https://host.")
    return server


def token_of(server: str) -> str:
    """DEVGEM_TOKEN, or what `devgem login` has kept for this server. Raises NotSignedIn."""
    token = os.environ.get("DEVGEM_TOKEN") or credentials.find(server)
    if token is None:
        raise NotSignedIn(f"not signed in to {server}", fix=f"Run `devgem login --server {server}`.")
    return token


def start_detached(settings: Settings, extra: tuple[str, ...] = ()) -> Control:
    """Starts `devgem up` in the background and waits until it answers. Raises Unavailable with its last words."""
    paths = Paths(settings.data_dir)
    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with paths.control_log.open("ab") as log:
        before = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "devgem", "up", "--data-dir", str(paths.root), *extra],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        control = find(paths)
        if control is not None and control.pid == process.pid:
            return control
        if process.poll() is not None:
            raise Unavailable("DevGem did not start", fix=_last_words(paths.control_log, before))
        time.sleep(0.03)
    raise Unavailable(f"DevGem did not start within {_START_SECONDS:.0f} s", fix=f"Read {paths.control_log}.")


def _last_words(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return "\n       ".join(lines[-5:]) or f"Read {log}."


def say_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
