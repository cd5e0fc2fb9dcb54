"""What Linux's /proc says about a tree of processes: where it listens and what time it has used (see proc(5))."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True, order=True)
class Listener:
    """A TCP port that is listened on, and the address it is bound to (`0.0.0.0`, `127.0.0.1`, `::`, ...)."""

    port: int
    address: str

    @property
    def is_loopback_only(self) -> bool:
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def dial_addresses(self) -> tuple[str, ...]:
        """Where to reach it from inside its network: `::` takes IPv4 too, unless it was told not to."""
        return {"0.0.0.0": ("127.0.0.1",), "::": ("127.0.0.1", "::1")}.get(self.address, (self.address,))  # noqa: S104


def listeners(pid: int, *, owned: bool) -> set[Listener] | None:
    """Where processes in the network namespace of `pid` listen; with `owned`, only `pid` and its descendants do.
    None where the kernel does not tell (no /proc, or the process is gone)."""
    try:
        found = {
            entry
            for table in ("tcp", "tcp6")
            for entry in parse_listeners(Path(f"/proc/{pid}/net/{table}").read_text())
        }
    except OSError:
        return None
    inodes = set(_socket_inodes(pid)) if owned else None
    return {listener for listener, inode in found if inodes is None or inode in inodes}


def parse_listeners(table: str) -> Iterator[tuple[Listener, int]]:
    """The listening sockets of a /proc/net/tcp or tcp6, with their inodes."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            address, _, port = fields[1].partition(":")
            yield Listener(int(port, 16), _address(address)), int(fields[9])


def _address(text: str) -> str:
    """The kernel prints 32-bit words in the order of the machine's bytes. IPv4 in IPv6 is told as what it is."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)).removeprefix("::ffff:")


def cpu_seconds(pid: int) -> float:
    """Processor time of `pid` and its living descendants, and of the dead ones that were waited for."""
    ticks = 0
    for member in _tree(pid):
        with contextlib.suppress(OSError, IndexError):
            ticks += sum(map(int, _stat(member)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents.setdefault(int(_stat(int(path.name))[1]), []).append(int(path.name))
    members = [pid]
    for member in members:
        members += parents.get(member, ())
    return members


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, which may hold spaces and parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _socket_inodes(pid: int) -> Iterator[int]:
    for member in _tree(pid):
        with contextlib.suppress(OSError):
            for path in Path(f"/proc/{member}/fd").iterdir():
                with contextlib.suppress(OSError, ValueError):
                    yield int(str(path.readlink()).removeprefix("socket:[").removesuffix("]"))
