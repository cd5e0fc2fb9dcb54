import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from devgem.clouds.local.box import Limits
from devgem.clouds.local.cgroup import Cgroups, Group, find

LIMITS = Limits(memory_bytes=1 << 20, cpus=1.5, processes=7)


def version_2(root: Path, *groups: str, controllers: str = "cpu memory pids") -> Path:
    """Folders as a cgroup2 file system has them; new groups get their files from the kernel, here from `settle`."""
    for group in (".", *groups):
        folder = root / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.controllers").write_text(controllers)
        (folder / "cgroup.procs").write_text("")
        (folder / "cgroup.subtree_control").write_text("")
    return root


def version_1(root: Path) -> Path:
    for controller in ("memory", "pids", "cpu"):
        (root / controller / "devgem").mkdir(parents=True)
        (root / controller / "cgroup.procs").write_text("")
        (root / controller / "devgem" / "cgroup.procs").write_text("")
    return root


def test_version_2_is_divided_at_the_highest_group_that_is_ours(tmp_path: Path) -> None:
    user = "user.slice/user-1000"
    root = version_2(tmp_path, "user.slice", user, f"{user}/app.scope", f"{user}/devgem")
    for foreign in (root, root / "user.slice"):
        (foreign / "cgroup.procs").unlink()  # as if it could not be written
    found = find(root, "0::/user.slice/user-1000/app.scope\n")
    assert found == Cgroups(2, (root / "user.slice/user-1000/devgem",))
    assert (root / "user.slice/user-1000/cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_version_2_without_the_memory_controller_is_no_use(tmp_path: Path) -> None:
    assert find(version_2(tmp_path, "devgem", controllers="cpu pids"), "0::/\n") == Cgroups()


def test_version_2_limits_are_written_and_out_of_memory_is_read(tmp_path: Path) -> None:
    parent = version_2(tmp_path, "devgem") / "devgem"
    files = ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "memory.events")
    (parent / "one").mkdir()
    for name in files:
        (parent / "one" / name).write_text("")
    group = Cgroups(2, (parent,)).create("one", LIMITS)
    assert [(parent / "one" / name).read_text() for name in files[:4]] == ["1048576", "0", "7", "150000 100000"]
    (parent / "one" / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    assert group.oom_kills() == 1


def test_version_1_needs_every_controller(tmp_path: Path) -> None:
    root = version_1(tmp_path)
    assert find(root).version == 1
    (root / "pids" / "cgroup.procs").unlink()
    assert find(root) == Cgroups()


def test_version_1_limits_are_written_per_controller(tmp_path: Path) -> None:
    cgroups = find(version_1(tmp_path))
    files = {"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"}
    for controller, file in files.items():
        (tmp_path / controller / "devgem" / "one").mkdir()
        (tmp_path / controller / "devgem" / "one" / file).write_text("")
    cgroups.create("one", LIMITS)
    written = {c: (tmp_path / c / "devgem" / "one" / file).read_text() for c, file in files.items()}
    assert written == {"memory": "1048576", "pids": "7", "cpu": "150000"}


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert find(tmp_path) == Cgroups()


def test_a_real_group_keeps_its_limits_and_goes_when_removed() -> None:
    cgroups = find()
    if not cgroups.version:
        pytest.skip("no control groups here")
    group = cgroups.create("test-real-group", LIMITS)
    assert "test-real-group" in cgroups.names()
    pids = next(path for path in group.paths if (path / "pids.max").exists())
    assert (pids / "pids.max").read_text() == "7\n"
    assert group.remove() and "test-real-group" not in cgroups.names()


def test_a_sweep_takes_what_is_dead_and_leaves_what_may_be_about_to_start(tmp_path: Path) -> None:
    for name in ("dead-1", "old", "young", "busy/process"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("old", "busy"):
        os.utime(tmp_path / name, (1000, 1000))
    Cgroups(2, (tmp_path,)).sweep(["dead-"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["busy", "young"]


def test_a_sweep_ends_what_outlived_its_devgem() -> None:
    cgroups = find()
    if not cgroups.version:
        pytest.skip("no control groups here")
    with subprocess.Popen(["sleep", "60"]) as process:
        cgroups.create("test-outlived-1", LIMITS).add(process.pid)
        cgroups.sweep(["test-outlived-"])
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert "test-outlived-1" not in cgroups.names()


def test_a_group_that_will_not_go_is_told(tmp_path: Path) -> None:
    (tmp_path / "busy" / "child").mkdir(parents=True)
    assert not Group(2, (tmp_path / "busy",)).remove(settle_seconds=0.01)


def test_a_sweep_does_not_mind_what_another_devgem_removes_meanwhile(tmp_path: Path) -> None:
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for number in range(20):
                (tmp_path / f"other-{number}").mkdir()
            for number in range(20):
                (tmp_path / f"other-{number}").rmdir()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(2000):
            Cgroups(2, (tmp_path,)).sweep(["dead-"])
    finally:
        ended.set()
        other.join()
