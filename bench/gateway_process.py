"""The gateway in a process of its own, as in the edge. Arguments: the folder of a site, then the ports of an app's
revisions; with more than one, traffic shifts from each to the next every half second. Prints its port, and at the end
of its input the number of shifts and the longest drain."""

import asyncio
import resource
import socket
import sys
from pathlib import Path
from time import perf_counter

import uvloop

from devgem.gateway import Backend, Gateway, Site

SHIFT_SECONDS = 0.5


def backend(revision: int, port: int) -> Backend:
    async def dial() -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return sock

    return Backend(revision, dial)


async def shift(gateway: Gateway, ports: list[int], drains: list[float]) -> None:
    revision = 1
    while True:
        await asyncio.sleep(SHIFT_SECONDS)
        revision += 1
        gateway.route("a", [(backend(revision, ports[revision % len(ports)]), 100)])
        begun = perf_counter()
        if not await gateway.drained("a", revision - 1, 60):
            raise RuntimeError(f"revision {revision - 1} did not drain")
        drains.append(perf_counter() - begun)


async def main(root: str, *numbers: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ports = [int(number) for number in numbers]
    gateway = Gateway()
    gateway.route("a", [(backend(1, ports[1 % len(ports)]), 100)])
    gateway.route("s", [(Site(1, Path(root)), 100)])
    print(await gateway.listen("127.0.0.1", 0), flush=True)
    drains: list[float] = []
    shifting = asyncio.create_task(shift(gateway, ports, drains)) if len(ports) > 1 else None
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    if shifting is not None:
        if shifting.done():
            shifting.result()
        shifting.cancel()
        print(len(drains), max(drains))
    await gateway.close(1)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
