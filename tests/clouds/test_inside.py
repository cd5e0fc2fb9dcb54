"""What must not be possible from inside a sandbox: every try of probes/inside.py, with and without a way out."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.bare import translate
from devgem.clouds.local.box import Network
from devgem.clouds.local.egress import host_addresses
from devgem.clouds.local.isolation import Isolation
from devgem.clouds.local.sandbox import Sandbox

from .boxes import PROBES, PYTHON, Result, box, run


@contextmanager
def listening(sock: socket.socket, address: object) -> Iterator[socket.socket]:
    with sock:
        sock.bind(address)  # type: ignore[arg-type]  # any family's address
        sock.listen()
        yield sock


async def try_everything(sandbox: Sandbox, network: Network, folder: Path) -> Result:
    """Runs the tries with real targets on this side: listeners, a secret file, this very process."""
    secret = folder / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)
    own = next(iter(host_addresses(Path("/proc/net/fib_trie").read_text())), "127.0.0.1")
    abstract = f"devgem-test-{os.getpid()}"
    everywhere = listening(socket.socket(), ("0.0.0.0", 0))
    named = listening(socket.socket(socket.AF_UNIX), "\0" + abstract)
    with everywhere as server, named:
        port = server.getsockname()[1]
        argv = (PYTHON, "/app/inside.py", str(os.getpid()), str(secret), str(port), own, abstract)
        return await run(sandbox, box(*argv, ro=((PROBES, "/app"),), network=network, slot=7))


@pytest.mark.parametrize("network", list(Network))
async def test_nothing_of_the_host_can_be_had(real_sandbox: Sandbox, network: Network, tmp_path: Path) -> None:
    if network is Network.EGRESS and not real_sandbox.isolation.egress:
        pytest.skip("no way out here")
    result = await try_everything(real_sandbox, network, tmp_path)
    assert result.exit.code == 0, result.err
    assert len(result.json) >= 80
    assert {name: got for name, got in result.json.items() if got is not None} == {}


async def test_the_same_tries_succeed_without_a_sandbox(bare_sandbox: Sandbox, tmp_path: Path) -> None:
    """Or the tries would prove nothing."""
    result = await try_everything(bare_sandbox, Network.NONE, tmp_path)
    got = {name for name, said in result.json.items() if said is not None}
    assert got >= {
        "read a file of the host",
        "read a process of the host",
        "see other processes",
        "be without a filter",
        "connect to the host by loopback",
        "connect to the host by its address",
        "connect to an abstract socket of the host",
    }
    assert translate("/app", ((PROBES, "/app"),)) == str(PROBES)


async def test_the_internet_can_be_reached_by_name(real_sandbox: Sandbox) -> None:
    if not real_sandbox.isolation.egress:
        pytest.skip("no way out here")
    script = "import socket; socket.create_connection(('pypi.org', 443), 10).close(); print('connected')"
    result = await run(real_sandbox, box(PYTHON, "-c", script, network=Network.EGRESS))
    assert result.out == "connected\n", result.err


async def test_an_address_that_is_told_to_be_reachable_is(isolation: Isolation) -> None:
    own = host_addresses(Path("/proc/net/fib_trie").read_text())
    if not isolation.egress or not own:
        pytest.skip("no way out here, or nowhere to go")
    address = own.pop()
    with listening(socket.socket(), (address, 0)) as server:
        connect = f"import socket; socket.create_connection(('{address}', {server.getsockname()[1]}), 10); print('in')"
        one = box(PYTHON, "-c", connect, network=Network.EGRESS)
        assert "Invalid argument" in (await run(Sandbox(isolation), one)).err
        opened = Sandbox(isolation, reachable=[f"{address}/32"])
        assert (await run(opened, replace(one, name=one.name + "-2"))).out == "in\n"
