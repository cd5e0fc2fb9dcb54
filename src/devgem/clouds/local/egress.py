"""The way out of a box's network namespace: slirp4netns, with routes into nowhere for what is not the internet.

slirp4netns alone reaches whatever this machine reaches, its own addresses and the cloud's metadata service included.
So the routes are laid before the program starts; it has no capability to change them. IPv6 is not offered at all.
"""

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from devgem.clouds.local.descriptors import exited, memory_file, read_to_end, readable
from devgem.domain.errors import Unavailable

# https://www.iana.org/assignments/iana-ipv4-special-registry; 168.63.129.16 is Azure's wire server.
UNREACHABLE = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
)  # fmt: skip
_GATEWAY = "10.0.2.2"
_NS_GET_USERNS = 0xB701
_START_SECONDS = 10.0
_LOCAL_ADDRESS = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
_NEIGHBOURS = re.compile(r"\|-- (\S+)\n\s+(/\d+) link UNICAST")


def host_addresses(fib_trie: str) -> set[str]:
    """This machine's own IPv4 addresses, from the text of /proc/net/fib_trie."""
    found = {ipaddress.IPv4Address(text) for text in _LOCAL_ADDRESS.findall(fib_trie)}
    return {str(address) for address in found if not address.is_loopback}


def host_networks(fib_trie: str) -> set[str]:
    """The networks that this machine is on: whoever is there trusts it more than the internet."""
    return {address + prefix for address, prefix in _NEIGHBOURS.findall(fib_trie)}


def routes(fib_trie: str, reachable: Sequence[str] = ()) -> str:
    """The batch for ip(8). `reachable` networks are excepted where they are smaller: a longer prefix wins."""
    own = {f"{address}/32" for address in host_addresses(fib_trie)}
    closed = ({*UNREACHABLE} | host_networks(fib_trie) | own) - {*reachable}
    lines = [f"route replace blackhole {network}" for network in sorted(closed)]
    lines += [f"route replace {network} via {_GATEWAY} dev tap0" for network in reachable]
    return "\n".join(lines) + "\n"


class Egress:
    """One slirp4netns for one box; it ends when this object is closed or this process dies."""

    def __init__(self, process: subprocess.Popen[bytes], exit_fd: int) -> None:
        self._process = process
        self._exit_fd = exit_fd

    @classmethod
    async def open(cls, init_pid: int, identity: Mapping[str, Any], reachable: Sequence[str] = ()) -> Self:
        """`init_pid` is a process in the network namespace, `identity` the Popen arguments of its user.
        Raises Unavailable."""
        with contextlib.ExitStack() as fds:
            net = os.open(f"/proc/{init_pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            fds.callback(os.close, net)
            user = fcntl.ioctl(net, _NS_GET_USERNS)
            fds.callback(os.close, user)
            await _mapped(init_pid)
            egress = await cls._start(net, user, identity)
            try:
                batch = routes(Path("/proc/net/fib_trie").read_text(), reachable)
                await _lay(batch, net, user, identity)
            except BaseException:
                await egress.close()
                raise
            return egress

    @classmethod
    async def _start(cls, net: int, user: int, identity: Mapping[str, Any]) -> Self:
        with contextlib.ExitStack() as fds:
            ready, ready_child = os.pipe2(os.O_CLOEXEC)
            fds.callback(os.close, ready)
            said = memory_file(b"")
            fds.callback(os.close, said)
            hang_up_child, hang_up = os.pipe2(os.O_CLOEXEC)
            argv = ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-seccomp"]
            argv += [f"--ready-fd={ready_child}", f"--exit-fd={hang_up_child}"]
            argv += [f"--userns-path=/proc/self/fd/{user}", "--netns-type=path", f"/proc/self/fd/{net}", "tap0"]
            process = _spawn(
                argv,
                identity if _tun_is_open() else {},
                pass_fds=(ready_child, hang_up_child, user, net),
                stdout=said,
                stderr=said,
            )
            os.close(ready_child)
            os.close(hang_up_child)
            egress = cls(process, hang_up)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await readable(ready)
                    answer = os.read(ready, 64)
            except BaseException:
                await egress.close()
                raise
            if not answer:
                await egress.close()
                text = os.pread(said, 4096, 0).decode(errors="replace").strip()
                raise Unavailable(f"slirp4netns did not start: {text or 'no reason given'}", fix="Run `devgem doctor`.")
            return egress

    async def close(self) -> None:
        if self._exit_fd < 0:
            return
        os.close(self._exit_fd)
        self._exit_fd = -1
        self._process.kill()
        await exited(self._process)


async def _mapped(pid: int) -> None:
    """Once the user namespace has its user ids: before that, even its owner has no rights in it."""
    async with asyncio.timeout(_START_SECONDS):
        while not Path(f"/proc/{pid}/uid_map").read_text():  # noqa: ASYNC110  # the kernel tells no one
            await asyncio.sleep(0.001)


async def _lay(batch: str, net: int, user: int, identity: Mapping[str, Any]) -> None:
    said, said_child = os.pipe2(os.O_CLOEXEC)
    lines = memory_file(batch.encode())
    argv = ["nsenter", f"--user=/proc/self/fd/{user}", f"--net=/proc/self/fd/{net}", "--preserve-credentials"]
    try:
        process = _spawn(
            [*argv, "ip", "-batch", "-"],
            identity,
            pass_fds=(net, user),
            stdin=lines,
            stdout=said_child,
            stderr=said_child,
        )
    finally:
        os.close(said_child)
        os.close(lines)
    try:
        async with asyncio.timeout(_START_SECONDS):
            text = await read_to_end(said)
    finally:
        os.close(said)
        process.kill()
        code = process.wait()
    if code != 0:
        raise Unavailable(f"the sandbox's network could not be closed off: {text.decode(errors='replace').strip()}")


def _spawn(argv: list[str], identity: Mapping[str, Any], **options: Any) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    try:
        return subprocess.Popen(
            argv,
            env=environment,
            cwd="/",
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **options},
            **identity,
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{argv[0]} is not installed", fix=f"Install it: apt-get install {argv[0]}") from error


def _tun_is_open() -> bool:
    try:
        return Path("/dev/net/tun").stat().st_mode & 0o006 == 0o006
    except OSError:
        return False
