"""Control groups, version 1 or 2, whichever this machine lets DevGem use; none where it lets it use none."""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from devgem.clouds.local.box import Limits

_ROOT = Path("/sys/fs/cgroup")
_V1 = ("memory", "pids", "cpu")
_PERIOD_MICROSECONDS = 100_000
_YOUNG_SECONDS = 60.0


@dataclass(frozen=True)
class Cgroups:
    """Where groups may be made. `version` 0: nowhere; `parents` has one folder per version-1 controller."""

    version: int = 0
    parents: tuple[Path, ...] = ()

    def create(self, name: str, limits: Limits) -> "Group":
        """A group with limits and no process in it. Raises OSError."""
        paths = tuple(parent / name for parent in self.parents)
        group = Group(self.version, paths)
        try:
            for path in paths:
                path.mkdir(exist_ok=True)
                settings = v2_settings(limits) if self.version == 2 else v1_settings(path.parts[-3], limits)
                for file, value in settings.items():
                    if (path / file).exists():
                        (path / file).write_text(value)
        except OSError:
            group.remove()
            raise
        return group

    def names(self) -> set[str]:
        """The groups that exist."""
        return {path.name for parent in self.parents for path in parent.iterdir() if path.is_dir()}

    def sweep(self, prefixes: Collection[str] = ()) -> None:
        """Removes the groups that have one of the prefixes with all that is in them, and those without a process that
        are a minute old; a younger one may belong to a box that another DevGem is about to start.

        bubblewrap dies with DevGem, but not in the first moment after its release: what was started just then lives."""
        for path in [path for parent in self.parents for path in parent.iterdir() if path.is_dir()]:
            group = Group(self.version, (path,))
            if path.name.startswith(tuple(prefixes)):
                group.kill()
                group.remove()
            elif _age_seconds(path) > _YOUNG_SECONDS:
                group.remove(settle_seconds=0.0)


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another DevGem has just removed its own
        return 0.0


@dataclass(frozen=True)
class Group:
    version: int
    paths: tuple[Path, ...]

    def add(self, pid: int) -> None:
        for path in self.paths:
            (path / "cgroup.procs").write_text(str(pid))

    def kill(self) -> None:
        for path in self.paths:
            with contextlib.suppress(OSError):
                for pid in (path / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)

    def oom_kills(self) -> int:
        file = "memory.events" if self.version == 2 else "memory.oom_control"
        for path in self.paths:
            with contextlib.suppress(OSError, ValueError, KeyError):
                return int(dict(line.split() for line in (path / file).read_text().splitlines())["oom_kill"])
        return 0

    def memory_bytes(self) -> int | None:
        """What the group uses now, page cache included; None where unknown."""
        file = "memory.current" if self.version == 2 else "memory.usage_in_bytes"
        for path in self.paths:
            with contextlib.suppress(OSError, ValueError):
                return int((path / file).read_text())
        return None

    def remove(self, settle_seconds: float = 2.0) -> bool:
        """Removes the group once the last of its processes is gone; false when one outlives the time given."""
        deadline = time.monotonic() + settle_seconds
        for path in self.paths:
            while path.exists():
                try:
                    path.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        return False
                    time.sleep(0.005)
        return True


def v1_settings(controller: str, limits: Limits) -> Mapping[str, str]:
    match controller:
        case "memory":
            memory = str(limits.memory_bytes)
            return {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
        case "pids":
            return {"pids.max": str(limits.processes)}
        case _:
            return {
                "cpu.cfs_period_us": str(_PERIOD_MICROSECONDS),
                "cpu.cfs_quota_us": str(int(limits.cpus * _PERIOD_MICROSECONDS)),
            }


def v2_settings(limits: Limits) -> Mapping[str, str]:
    return {
        "memory.max": str(limits.memory_bytes),
        "memory.swap.max": "0",
        "memory.oom.group": "0",
        "pids.max": str(limits.processes),
        "cpu.max": f"{int(limits.cpus * _PERIOD_MICROSECONDS)} {_PERIOD_MICROSECONDS}",
    }


def find(root: Path = _ROOT, own: str | None = None) -> Cgroups:
    """Where this process may make groups that have all of memory, pids and cpu limits (version 2: at least memory
    and pids). `own` is the text of /proc/self/cgroup."""
    if (root / "cgroup.controllers").exists():
        text = Path("/proc/self/cgroup").read_text() if own is None else own
        return next((found for path in _v2_candidates(root, text) if (found := _open_v2(path))), Cgroups())
    if all((root / controller / "cgroup.procs").exists() for controller in _V1):
        parents = tuple(root / controller / "devgem" for controller in _V1)
        with contextlib.suppress(OSError):
            for parent in parents:
                parent.mkdir(exist_ok=True)
            if all(os.access(parent / "cgroup.procs", os.W_OK) for parent in parents):
                return Cgroups(1, parents)
    return Cgroups()


def _v2_candidates(root: Path, own: str) -> list[Path]:
    """The root, then our own group's ancestors from the top: the highest that is ours to divide is the one that was
    delegated (https://systemd.io/CGROUP_DELEGATION/); our own holds a process and cannot be divided."""
    line = next((line for line in own.splitlines() if line.startswith("0::/")), "0::/")
    parts = Path(line.removeprefix("0::/")).parts[:-1]
    return [root, *(root.joinpath(*parts[: n + 1]) for n in range(len(parts)))]


def _open_v2(path: Path) -> Cgroups | None:
    parent = path / "devgem"
    try:
        if not os.access(path / "cgroup.procs", os.W_OK):
            return None
        parent.mkdir(exist_ok=True)
        for group in (path, parent):
            wanted = {"memory", "pids", "cpu"} & set((group / "cgroup.controllers").read_text().split())
            if not {"memory", "pids"} <= wanted:
                return None
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(wanted)))
    except OSError:
        return None
    return Cgroups(2, (parent,))
