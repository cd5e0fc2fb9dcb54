"""An edge in a process of its own, as `devgem edge` is: ROOT PORT. Prints what a test wants to know of it."""

import json
import sys
from pathlib import Path

import uvloop

from devgem.clouds.local.edge_server import serve_edge
from devgem.clouds.local.images import Images
from devgem.clouds.local.layers import Layers
from devgem.clouds.local.probe import probe
from devgem.clouds.local.release import Parts
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.wire import EdgePaths
from devgem.gateway import Backend, Gateway, Site


def scramble(text: bytes) -> bytes:
    """Not a cipher, but enough to see that the edge seals."""
    return bytes(byte ^ 0x55 for byte in text)


async def main(root: Path, port: int) -> None:
    gateway = Gateway()
    port = await gateway.listen("127.0.0.1", port)
    images = Images(root / "images", Layers(root / "layers"))
    sandbox = Sandbox(await probe())
    parts = Parts[Backend | Site](sandbox, images, gateway, Backend, Site, front=("127.0.0.1", port), public_port=port)
    print(json.dumps({"port": port, "modules": sorted(sys.modules)}), flush=True)
    await serve_edge(EdgePaths(root), parts, scramble, scramble, version="test")


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
