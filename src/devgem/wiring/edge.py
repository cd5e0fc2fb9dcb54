"""The edge process: the gateway and the supervisor of apps. Imports little, since it stays."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.errors import DevGemError, Unavailable

if TYPE_CHECKING:
    from devgem.config import Paths, Settings

_START_SECONDS = 20.0
_STOP_SECONDS = 60.0
_OPEN_FILES = 1 << 20
_ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104
Seal = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Options:
    """What the edge is told on its command line; the key that seals its state comes on its standard input."""

    cloud_dir: str
    host: str
    port: int
    base_domain: str
    drain_seconds: int


class Begun(NamedTuple):
    """An edge process that is starting, and where its words begin in the log."""

    process: "subprocess.Popen[bytes]"
    log_offset: int


def options_of(settings: "Settings", paths: "Paths") -> Options:
    return Options(
        cloud_dir=str(paths.cloud),
        host=settings.host,
        port=settings.apps_port or settings.port + 1,
        base_domain=settings.base_domain,
        drain_seconds=settings.drain_seconds,
    )


def run(options: Options) -> None:
    """Runs the edge until it is shut down."""
    import uvloop

    allow_open_files()
    key = bytes.fromhex(sys.stdin.readline())
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(options, key))
    except DevGemError as error:
        sys.exit(f"error: {error.message}\n  fix: {error.fix}")


def allow_open_files() -> None:
    """Lets this process hold as many connections as the system allows: soft limits are often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(options: Options, key: bytes) -> None:
    from devgem.clouds.local.edge_server import serve_edge
    from devgem.clouds.local.images import Images
    from devgem.clouds.local.layers import Layers
    from devgem.clouds.local.probe import probe
    from devgem.clouds.local.release import Parts
    from devgem.clouds.local.sandbox import Sandbox
    from devgem.gateway import Backend, Gateway, Site

    root = Path(options.cloud_dir)
    gateway = Gateway(base_domain=options.base_domain)
    try:
        port = await gateway.listen(options.host, options.port)
    except OSError as error:
        raise Unavailable(
            f"port {options.port} of {options.host}, for apps, cannot be used: {error.strerror}",
            fix="Stop what uses it, or choose another with --apps-port.",
        ) from error
    parts = Parts(
        sandbox=Sandbox(await probe()),
        images=Images(root / "images", Layers(root / "layers")),
        router=gateway,
        backend=Backend,
        site=Site,
        front=("127.0.0.1" if options.host in _ALL_INTERFACES else options.host, port),
        base_domain=options.base_domain,
        public_port=port,
        drain_seconds=options.drain_seconds,
    )
    loop = asyncio.get_running_loop()
    serving = asyncio.ensure_future(serve_edge(EdgePaths(root), parts, *_seals(key), version=version("devgem")))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _seals(key: bytes) -> tuple[Seal, Seal]:
    """AES-GCM, bound to this use; opening what another key sealed raises ValueError."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, use = AESGCM(key), b"devgem edge state"

    def seal(text: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + cipher.encrypt(nonce, text, use)

    def unseal(sealed: bytes) -> bytes:
        try:
            return cipher.decrypt(sealed[:12], sealed[12:], use)
        except InvalidTag:
            raise ValueError("sealed with another key") from None

    return seal, unseal


async def keep_running(options: Options, key: bytes, log: Path) -> None:
    """Starts the edge whenever none answers, until it is cancelled; the apps come back with it."""
    client = EdgeClient(EdgePaths(Path(options.cloud_dir)).socket, patience_seconds=1.0)
    try:
        while True:
            if not await _answers(client):
                await start(options, key, log)
            await asyncio.sleep(1.0)
    finally:
        await client.close()


def begin(settings: "Settings", paths: "Paths") -> "Begun | None":
    """Starts an edge, unless one listens, without waiting for it: it comes up while this process does."""
    from devgem.wiring import keys

    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as peer:
        if peer.connect_ex(str(EdgePaths(paths.cloud).socket)) == 0:
            return None
    return _spawn(options_of(settings, paths), keys.secret_key(settings, paths), paths.edge_log)


async def start(options: Options, key: bytes, log: Path, begun: "Begun | None" = None) -> None:
    """Waits for the edge that was begun, or starts one unless one answers. Raises Unavailable with its last words
    when it does not come up."""
    client = EdgeClient(EdgePaths(Path(options.cloud_dir)).socket, patience_seconds=0.0)
    try:
        if await _answers(client):
            return
        process, before = begun or _spawn(options, key, log)
        deadline = time.monotonic() + _START_SECONDS
        while not await _answers(client):
            if process.poll() is not None or time.monotonic() > deadline:
                raise _did_not_start(log, before)
            await asyncio.sleep(0.02)
    finally:
        await client.close()


def _spawn(options: Options, key: bytes, log: Path) -> "Begun":
    """In a session of its own, so that it outlives this one."""
    with log.open("ab") as output:
        before = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "devgem", "edge", json.dumps(asdict(options))],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(key.hex().encode() + b"\n")
    process.stdin.close()
    return Begun(process, before)


def _did_not_start(log: Path, offset: int) -> Unavailable:
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    message = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    fix = next((line.removeprefix("  fix: ") for line in lines if line.startswith("  fix: ")), f"Read {log}.")
    return Unavailable(message or "the edge, which runs the apps, did not start", fix=fix)


async def _answers(client: EdgeClient) -> bool:
    try:
        await client.ping()
    except Unavailable:
        return False
    return True


async def stop(cloud_dir: Path) -> bool:
    """Ends the edge with all its apps, and waits for that; whether there was one."""
    client = EdgeClient(EdgePaths(cloud_dir).socket, patience_seconds=0.0)
    try:
        pid = (await client.ping())["pid"]
        await client.shutdown()
    except Unavailable:
        return False
    finally:
        await client.close()
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_alive(pid):
        if time.monotonic() > deadline:
            raise Unavailable(f"the edge (pid {pid}) did not stop", fix=f"End it with `kill -9 {pid}`.")
        await asyncio.sleep(0.05)
    return True


def _is_alive(pid: int) -> bool:
    try:
        # A child of ours that has ended stays until it is waited for.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return Path(f"/proc/{pid}").exists() if sys.platform == "linux" else _signals(pid)


def _signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
