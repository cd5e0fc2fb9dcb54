"""Either process is killed, and the apps are there afterwards."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devgem.clouds.local.edge_client import EdgeClient
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.errors import NotFound, Unavailable

from .boxes import groups_named, processes_with
from .rig import Edge, edge_here, until

ROOT = Path(__file__).parents[2]
HEAVY = {
    "pydantic",
    "sqlalchemy",
    "fastapi",
    "starlette",
    "httpx",
    "httpx2",
    "dbos",
    "uvicorn",
    "rich",
    "typer",
    "yaml",
}


def group_name(root: Path) -> str:
    """How the control groups of an edge begin."""
    return "edge-" + hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]


@asynccontextmanager
async def edge_process(root: Path, port: int = 0) -> AsyncIterator[tuple[Edge, asyncio.subprocess.Process, Any]]:
    """An edge of its own process, with what it says of itself; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.clouds.edge_main", str(root), str(port), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    client = EdgeClient(EdgePaths(root).socket, patience_seconds=10)
    try:
        assert process.stdout is not None
        said = json.loads(await process.stdout.readline())
        await client.ping()
        yield Edge(root, client, said["port"]), process, said
    finally:
        await client.close()
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_apps_are_brought_back_after_the_edge_was_killed(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_process(tmp_path) as (edge, process, said):
        await edge.deploy(1, env={"TOKEN": "open-sesame-42"})
        await edge.deploy(2, "wrong_port", env={"TOKEN": "open-sesame-43"})
        await edge.prepare(3)
        process.kill()
        await process.wait()

    async def gone() -> bool:
        return not processes_with("/app/good.py") and not processes_with("/app/wrong_port.py")

    await until(gone)
    assert b"open-sesame" not in (EdgePaths(tmp_path).states / "shop.json").read_bytes()
    async with edge_process(tmp_path, said["port"]) as (edge, process, _):
        assert await edge.get("/env/TOKEN") == (200, "open-sesame-43")
        [instance] = await edge.client.instances("shop")
        assert (instance.revision, instance.state) == (2, "ready")
        await edge.client.shift("shop", {1: 100})
        assert await edge.get("/env/TOKEN") == (200, "open-sesame-42")
        lines = [line async for line in edge.logs.read("shop")]
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        name = group_name(tmp_path)
        assert groups_named(name) or not real_sandbox.isolation.cgroups.version
        await edge.client.shutdown()
        await process.wait()
    assert groups_named(name) == []
    assert processes_with("/app/wrong_port.py") == []


async def test_control_groups_of_a_killed_edge_are_removed_by_the_next(real_sandbox: Sandbox, tmp_path: Path) -> None:
    if not real_sandbox.isolation.cgroups.version:
        pytest.skip("no control groups here")
    async with edge_process(tmp_path) as (edge, _, _):
        await edge.deploy(1)
    left = groups_named(group_name(tmp_path))
    assert left
    async with edge_here(real_sandbox, tmp_path):
        assert not set(left) & set(groups_named(group_name(tmp_path)))


async def test_apps_serve_while_control_is_killed(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_here(real_sandbox, tmp_path) as edge:
        await edge.deploy(1, env={"NAME": "one"})
        spec = await edge.spec(2, "slow_boot", env={"NAME": "two"})
        program = (
            "import asyncio, json, sys, pathlib\n"
            "from devgem.clouds.local.edge_client import EdgeClient\n"
            "from devgem.clouds.local.spec import Spec\n"
            "async def main():\n"
            "    edge = EdgeClient(pathlib.Path(sys.argv[1]))\n"
            "    await edge.release(Spec.from_json(json.loads(sys.argv[2])))\n"
            "    async for item in edge.verify('shop', 2):\n"
            "        print(item, flush=True)\n"
            "asyncio.run(main())\n"
        )
        socket_path, told = str(EdgePaths(tmp_path).socket), json.dumps(spec.to_json())
        control = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, socket_path, told, stdout=asyncio.subprocess.PIPE
        )
        assert control.stdout is not None
        await control.stdout.readline()
        control.kill()
        await control.wait()
        assert await edge.get() == (200, "hello from one")
        # The next control asks again, and finds what was begun.
        started = [i.started_at for i in await edge.client.instances("shop") if i.revision == 2]
        await edge.deploy(2, "slow_boot", env={"NAME": "two"})
        assert [i.started_at for i in await edge.client.instances("shop") if i.revision == 2] == started
        assert await edge.get() == (200, "hello from two")


async def test_what_is_asked_while_the_edge_is_away_is_answered_by_the_next(
    real_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with edge_process(tmp_path) as (edge, _, _):
        await edge.deploy(1)
    client = EdgeClient(EdgePaths(tmp_path).socket, patience_seconds=15)
    asking = asyncio.create_task(client.instances("shop"))
    async with edge_here(real_sandbox, tmp_path):
        assert [instance.revision for instance in await asking] == [1]
    await client.close()


async def test_a_verification_whose_edge_dies_is_told(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_process(tmp_path) as (edge, process, _):
        await edge.client.release(await edge.spec(1, "never_listens"))
        course = edge.client.verify("shop", 1)
        await anext(course)
        process.kill()
        with pytest.raises(NotFound, match="the edge died"):
            async for _ in course:
                pass


async def test_no_edge_is_told_with_its_remedy(tmp_path: Path) -> None:
    client = EdgeClient(EdgePaths(tmp_path).socket, patience_seconds=0)
    with pytest.raises(Unavailable) as error:
        await client.ping()
    assert error.value.fix == "devgem up"


async def test_a_state_that_was_sealed_with_another_key_stops_the_start(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_process(tmp_path) as (edge, _, _):
        await edge.deploy(1)
    with pytest.raises(Unavailable, match=r"shop\.json") as error:
        async with edge_here(real_sandbox, tmp_path, seal=bytes):
            pass
    assert "DEVGEM_SECRET_KEY" in error.value.fix


async def test_the_edge_is_small(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_process(tmp_path) as (_, process, said):
        assert not HEAVY & {name.partition(".")[0] for name in said["modules"]}
        status = Path(f"/proc/{process.pid}/status").read_text()
        [resident] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
        assert resident << 10 <= 60 << 20


async def test_without_a_sandbox_apps_have_ports_of_their_own_and_die_with_the_edge(
    bare_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with edge_here(bare_sandbox, tmp_path) as edge:
        await edge.deploy(1, env={"NAME": "one"})
        await edge.deploy(2, "stubborn", env={"NAME": "two"})
        assert await edge.get() == (200, "hello from two")
    assert processes_with("stubborn.py") == []


async def test_without_a_sandbox_the_end_of_the_edge_ends_its_apps(tmp_path: Path) -> None:
    """What init.py does at the end of its socket, which is all that is left of a killed edge."""
    ours, theirs = socket.socketpair()
    mark = f"survival-{time.time_ns()}"
    script = ROOT / "src/devgem/clouds/local/init.py"
    orphan = f"import os, time\nif os.fork(): time.sleep(60)\nos.setsid(); open({mark!r}, 'w'); time.sleep(60)"
    app = await asyncio.create_subprocess_exec(
        sys.executable, "-ISB", str(script), str(theirs.fileno()), sys.executable, "-c", orphan,
        pass_fds=[theirs.fileno()], env={"DEVGEM_BOX": mark}, cwd=tmp_path,
    )  # fmt: skip
    theirs.close()

    async def running() -> bool:
        return (tmp_path / mark).exists()

    await until(running)
    ours.close()
    assert await app.wait() == 137

    async def gone() -> bool:
        return not processes_with(mark)

    with contextlib.suppress(TimeoutError):
        await until(gone, 5)
    assert processes_with(mark) == []
