"""What the tests of the running half share: fixture apps, and an edge with a real gateway, sandbox and images."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devgem.clouds.local.box import Box, Limits
from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.edge_server import serve_edge
from devgem.clouds.local.edge_state import Seal
from devgem.clouds.local.images import Images, Manifest
from devgem.clouds.local.instance import Restarts
from devgem.clouds.local.layers import Layers
from devgem.clouds.local.log_writer import LogWriter, Output
from devgem.clouds.local.process import Process
from devgem.clouds.local.proof import Patience
from devgem.clouds.local.release import Parts
from devgem.clouds.local.runtime_logs import RuntimeLogs
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.spec import Spec
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.app import Proof
from devgem.domain.failure import Failure
from devgem.domain.ids import new_id
from devgem.domain.log import Redactor
from devgem.domain.plan import Argv, Kind
from devgem.gateway import Backend, Gateway, Site

from .edge_main import scramble

APPS = Path(__file__).with_name("apps")
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
QUICK = Patience(quiet=5, cap=40, answer=10, unwell=1, other_port=0.3, settle=0.1, worker=2.5)
SOON = Restarts(first_seconds=0.4, longest_seconds=3.0, stable_seconds=30, crashed_after=3)


def box_of(app: str, *, memory_bytes: int = 256 << 20, **env: str) -> Box:
    """The fixture app `apps/<app>.py`, on port 8080 of its own."""
    return Box(
        new_id("test"),
        (PYTHON, "-B", f"/app/{app}.py"),
        cwd="/app",
        env={"PATH": "/usr/bin:/bin", "PORT": "8080", **env},
        ro=((APPS, "/app"),),
        limits=Limits(memory_bytes=memory_bytes),
        slot=1001,
    )


async def start(sandbox: Sandbox, box: Box, folder: Path) -> Process:
    """Its log is below `folder`."""
    return await Process.start(sandbox, box, Output(LogWriter(folder / "shop"), Redactor(()), 1, "1.1"))


def images_in(root: Path) -> Images:
    return Images(root / "images", Layers(root / "layers"))


async def image(root: Path, app: str, release: tuple[Argv, ...] = ()) -> str:
    """The digest of an image of a fixture app; of a static site when `app` is a name of a page."""
    folder = root / new_id("put")
    if app.endswith(".html"):
        folder.mkdir()
        (folder / app).write_text("<h1>a page</h1>")
        manifest = Manifest("/app", {}, static={"fallback": None, "not_found": None})
    else:
        shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        start = (PYTHON, "-B", f"/app/{app}.py")
        manifest = Manifest("/app", {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}, start, release)
    return (await images_in(root).put(new_id("build"), folder, manifest)).digest


@dataclass
class Edge:
    """An edge to talk to; its gateway listens on `port`."""

    root: Path
    client: EdgeClient
    port: int

    @property
    def logs(self) -> RuntimeLogs:
        return RuntimeLogs(EdgePaths(self.root).logs)

    async def spec(self, number: int, app: str = "good", release: tuple[Argv, ...] = (), **more: Any) -> Spec:
        digest = await image(self.root, app, release)
        return Spec("shop", number, digest, more.pop("kind", Kind.SERVER), memory_bytes=256 << 20, **more)

    async def prepare(self, number: int, app: str = "good", **more: Any) -> Proof | Failure:
        """Releases and verifies."""
        if failure := await self.client.release(await self.spec(number, app, **more)):
            return failure
        *_, result = [item async for item in self.client.verify("shop", number)]
        assert isinstance(result, Proof | Failure)
        return result

    async def deploy(self, number: int, app: str = "good", **more: Any) -> Proof:
        result = await self.prepare(number, app, **more)
        assert isinstance(result, Proof), result
        await self.client.shift("shop", {number: 100})
        return result

    async def get(self, path: str = "/", host: str = "shop.localhost") -> tuple[int, str]:
        """Status and body of a page of the app, through the gateway."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
            await writer.wait_closed()
        return int(head.split(b" ")[1]), body.decode()

    async def lines(self) -> list[str]:
        return [line.text async for line in self.logs.read("shop")]


@asynccontextmanager
async def edge_here(sandbox: Sandbox, root: Path, seal: Seal = scramble, **parts: Any) -> AsyncIterator[Edge]:
    """An edge in this process."""
    gateway = Gateway()
    port = await gateway.listen("127.0.0.1", 0)
    options = {"patience": QUICK, "restarts": SOON, "drain_seconds": 5.0, "grace_seconds": 2.0, **parts}
    made = Parts[Backend | Site](
        sandbox, images_in(root), gateway, Backend, Site, front=("127.0.0.1", port), public_port=port, **options
    )
    paths = EdgePaths(root)
    serving = asyncio.create_task(serve_edge(paths, made, seal, seal, version="test"))
    client = EdgeClient(paths.socket, patience_seconds=10)
    try:
        await asyncio.sleep(0)  # An edge that finds another one there ends in its first step.
        pinging = asyncio.create_task(client.ping())
        await asyncio.wait([serving, pinging], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            pinging.cancel()
            await serving
        yield Edge(root, client, port)
        await client.shutdown()
        await serving
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await client.close()
        await gateway.close(0)


async def until(condition: Any, limit_seconds: float = 40.0) -> Any:
    """What an async condition comes to, once that is true."""
    async with asyncio.timeout(limit_seconds):
        while not (result := await condition()):
            await asyncio.sleep(0.02)
    return result
