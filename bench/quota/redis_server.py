"""A real Redis of its own, on loopback, that keeps nothing."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from bench.running import free_port


@contextmanager
def redis_server() -> Iterator[str]:
    """Yields its URL."""
    with tempfile.TemporaryDirectory(prefix="devgem-bench-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder]
        process = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(port: int) -> None:
    with redis.Redis(port=port) as client:
        deadline = time.monotonic() + 10
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
