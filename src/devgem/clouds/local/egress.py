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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from devgem.clouds.local.descriptors import ended, memory_file, read_to_end, readable
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


def closed(fib_trie: str, reachable: Sequence[str] = ()) -> str:
    """The batch for ip(8) that leads the rest of the private world nowhere."""
    own = {f"{address}/32" for address in host_addresses(fib_trie)}
    networks = ({*UNREACHABLE} | host_networks(fib_trie) | own) - {*reachable}
    return "".join(f"route replace blackhole {network}\n" for network in sorted(networks))


def opened(reachable: Sequence[str]) -> str:
    """The batch for what is excepted: smaller networks than those that are closed, since a longer prefix wins."""
    return "".join(f"route replace {network} via {_GATEWAY} dev tap0\n" for network in reachable)


@dataclass(frozen=True)
class Namespace:
    """Descriptors of a network namespace and of the user namespace that owns it, and the Popen arguments of the user
    who has rights there."""

    net: int
    user: int
    identity: Mapping[str, Any]


class Egress:
    """One slirp4netns for one box; it ends when this object is closed or this process dies. `ready` is its word that
    it works, `said` what it prints; it ends when `hang_up` is closed."""

    def __init__(self, process: subprocess.Popen[bytes], hang_up: BinaryIO, ready: BinaryIO, said: BinaryIO) -> None:
        self._process = process
        self._hang_up = hang_up
        self._ready = ready
        self._said = said

    @classmethod
    async def open(cls, init_pid: int, identity: Mapping[str, Any], reachable: Sequence[str] = ()) -> Self:
        """`init_pid` is a process in the network namespace, `identity` the Popen arguments of its user.
        Raises Unavailable."""
        with contextlib.ExitStack() as held:
            net = os.open(f"/proc/{init_pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            held.callback(os.close, net)
            user = fcntl.ioctl(net, _NS_GET_USERNS)
            held.callback(os.close, user)
            namespace = Namespace(net, user, identity)
            await _mapped(init_pid)
            egress = cls._start(namespace)
            try:
                await _lay(closed(Path("/proc/net/fib_trie").read_text(), reachable), namespace)
                await egress._until_ready()
                if reachable:
                    await _lay(opened(reachable), namespace)
            except BaseException:
                await egress.close()
                raise
            return egress

    @classmethod
    def _start(cls, namespace: Namespace) -> Self:
        (ready, ready_child), (hang_up_child, hang_up) = _pipe(), _pipe()
        said = os.fdopen(memory_file(b""), "rb", buffering=0)
        argv = ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-seccomp"]
        argv += [f"--ready-fd={ready_child.fileno()}", f"--exit-fd={hang_up_child.fileno()}"]
        argv += [f"--userns-path=/proc/self/fd/{namespace.user}"]
        argv += ["--netns-type=path", f"/proc/self/fd/{namespace.net}", "tap0"]
        with contextlib.ExitStack() as undo, ready_child, hang_up_child:
            for file in (hang_up, ready, said):
                undo.enter_context(file)
            process = _spawn(
                argv,
                namespace.identity if _tun_is_open() else {},
                pass_fds=(ready_child.fileno(), hang_up_child.fileno(), namespace.user, namespace.net),
                stdout=said,
                stderr=said,
            )
            undo.pop_all()
            return cls(process, hang_up, ready, said)

    async def _until_ready(self) -> None:
        async with asyncio.timeout(_START_SECONDS):
            await readable(self._ready.fileno())
        if not self._ready.read(64):
            self._said.seek(0)
            text = self._said.read(4096).decode(errors="replace").strip()
            raise Unavailable(f"slirp4netns did not start: {text or 'no reason given'}", fix="Run `devgem doctor`.")

    async def close(self) -> None:
        for file in (self._hang_up, self._ready, self._said):
            file.close()
        await ended(self._process)


async def _mapped(pid: int) -> None:
    """Once the user namespace has its user ids: before that, even its owner has no rights in it."""
    async with asyncio.timeout(_START_SECONDS):
        while not Path(f"/proc/{pid}/uid_map").read_text():  # noqa: ASYNC110  # the kernel tells no one
            await asyncio.sleep(0.001)


async def _lay(batch: str, namespace: Namespace) -> None:
    said, said_child = _pipe()
    net, user = namespace.net, namespace.user
    enter = ["nsenter", f"--user=/proc/self/fd/{user}", f"--net=/proc/self/fd/{net}", "--preserve-credentials"]
    with said:
        with said_child, os.fdopen(memory_file(batch.encode()), "rb") as lines:
            process = _spawn(
                [*enter, "ip", "-batch", "-"],
                namespace.identity,
                pass_fds=(net, user),
                stdin=lines,
                stdout=said_child,
                stderr=said_child,
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                text = await read_to_end(said.fileno())
        finally:
            await ended(process)
    if process.returncode != 0:
        raise Unavailable(f"the sandbox's network could not be closed off: {text.decode(errors='replace').strip()}")


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    return os.fdopen(reading, "rb", buffering=0), os.fdopen(writing, "wb", buffering=0)


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
