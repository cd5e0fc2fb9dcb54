"""What runs in a sandbox, and how it ended: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Bind = tuple[Path, str]
"""A file or folder of the host, and the absolute path at which a sandbox sees it."""


class Network(StrEnum):
    NONE = "none"
    """Loopback of its own, nothing else."""
    EGRESS = "egress"
    """Also out to the internet; never to private, link-local (metadata) and this machine's own addresses."""


@dataclass(frozen=True)
class Limits:
    """`disk_bytes` is the size of /tmp (in memory, unless /tmp is bound); `file_bytes` that of the largest file.
    `wall_seconds` None: no end."""

    memory_bytes: int = 512 << 20
    cpus: float = 1.0
    processes: int = 256
    disk_bytes: int = 256 << 20
    file_bytes: int = 2 << 30
    wall_seconds: float | None = None


@dataclass(frozen=True)
class Box:
    """One program with all that it may see. `env` is everything it gets: nothing of DevGem's own is inherited.
    `name` is unique among what runs. A bind's parent folder must exist, or lie outside all other binds; later binds
    lie over earlier ones and `rw` over `ro`, but what lies inside another over that. `slot` picks the user id that it
    runs as when DevGem runs as root: what one slot writes, another cannot. `pass_fds` keep their numbers inside."""

    name: str
    argv: tuple[str, ...]
    cwd: str = "/"
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    ro: tuple[Bind, ...] = ()
    rw: tuple[Bind, ...] = ()
    network: Network = Network.NONE
    limits: Limits = Limits()
    slot: int = 0
    pass_fds: tuple[int, ...] = ()
    hostname: str = "app"
    merge_stderr: bool = False


@dataclass(frozen=True)
class Exit:
    """`code` as a shell would say it: 128 + `signal` when a signal ended it. `oom`: the memory limit killed a process
    of the box; `timed_out`: it outlived `wall_seconds`; `killed`: DevGem ended it by `kill`. Not `started`: the sandbox
    could not be set up, and what it printed says why."""

    code: int
    signal: int | None = None
    oom: bool = False
    timed_out: bool = False
    killed: bool = False
    started: bool = True
