"""A real PostgreSQL from packages, on a port of its own, as an unprivileged user."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

_ROOTS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")


@dataclass(frozen=True)
class Server:
    bin: Path
    data: Path
    port: int
    user: str | None  # to run as, when we are root

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / program, *arguments],
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        self.run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgresql://devgem@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def running_server() -> Iterator[Server]:
    bin = _bin()
    if bin is None:
        pytest.fail("PostgreSQL is not installed (apt install postgresql)")
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="devgem-postgres-"))
    if user:
        shutil.chown(folder, user)
    server = Server(bin, folder / "data", _free_port(), user)
    try:
        server.run("initdb", "-D", str(server.data), "-U", "devgem", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _bin() -> Path | None:
    found = sorted(path.parent for root in _ROOTS for path in Path(root).glob("*/bin/initdb"))
    return found[-1] if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
