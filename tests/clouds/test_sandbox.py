"""Real boxes in the real sandbox of this machine."""

import asyncio
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.box import Limits, Network
from devgem.clouds.local.cgroup import Cgroups
from devgem.clouds.local.isolation import Isolation, Level
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.errors import Unavailable

from .boxes import PROBES, PYTHON, box, groups_named, helpers, mark, orphans, processes_with, run, started


async def test_output_and_exit_code_come_back_apart(real_sandbox: Sandbox) -> None:
    result = await run(real_sandbox, box("sh", "-c", "echo one; echo two >&2; exit 7"))
    assert (result.out, result.err, result.exit.code, result.exit.signal) == ("one\n", "two\n", 7, None)


async def test_merged_streams_keep_their_order(real_sandbox: Sandbox) -> None:
    result = await run(real_sandbox, box("sh", "-c", "echo 1; echo 2 >&2; echo 3", merge_stderr=True))
    assert (result.out, result.err) == ("1\n2\n3\n", "")


async def test_a_missing_program_is_an_exit_of_127(real_sandbox: Sandbox) -> None:
    result = await run(real_sandbox, box("no-such-program"))
    assert result.exit.code == 127 and result.exit.started
    assert "no-such-program" in result.err


async def test_the_signal_that_ends_a_program_is_named(real_sandbox: Sandbox) -> None:
    result = await run(real_sandbox, box("sh", "-c", "kill -SEGV $$"))
    assert (result.exit.code, result.exit.signal) == (128 + signal.SIGSEGV, signal.SIGSEGV)


async def test_only_the_given_environment_is_inherited(real_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVGEM_TEST_SECRET", "s3cret")
    result = await run(real_sandbox, box("env", env={"GIVEN": "a b\n'c"}))
    names = {line.partition("=")[0] for line in result.out.splitlines() if "=" in line}
    assert names == {"PATH", "GIVEN", "PWD"} and "GIVEN=a b\n'c" in result.out


async def test_values_of_the_environment_are_in_no_command_line(real_sandbox: Sandbox) -> None:
    async with started(real_sandbox, box("sleep", "20", env={"TOKEN": "tok-77f3a1"})) as running:
        assert processes_with("bwrap\0--args") and not processes_with("tok-77f3a1")
        assert running.pid in processes_with("sleep\x0020")


async def test_what_is_bound_read_only_cannot_be_written(real_sandbox: Sandbox, tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "file").write_text("old")
    script = "cat /app/file; echo new > /app/file; touch /app/x /x /usr/x /etc/x; echo ok > /tmp/x && cat /tmp/x"
    result = await run(real_sandbox, box("sh", "-c", script, ro=((app, "/app"),)))
    assert result.out == "oldok\n" and len(re.findall("Read-only file system|Permission denied", result.err)) == 5
    assert (app / "file").read_text() == "old"


async def test_what_a_slot_writes_belongs_to_its_user(real_sandbox: Sandbox, tmp_path: Path) -> None:
    user = real_sandbox.user_id(5)
    os.chown(tmp_path, user, user)
    result = await run(real_sandbox, box("sh", "-c", "id -u; touch /out/x", rw=((tmp_path, "/out"),), slot=5))
    assert result.out == "1000\n"
    assert (tmp_path / "x").stat().st_uid == user


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has several user ids to give")
async def test_one_slot_cannot_change_what_another_wrote(real_sandbox: Sandbox, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "x").write_text("mine")
    os.chown(shared / "x", real_sandbox.user_id(5), real_sandbox.user_id(5))
    result = await run(real_sandbox, box("sh", "-c", "echo theirs > /d/x", rw=((shared, "/d"),), slot=6))
    assert "Permission denied" in result.err and (shared / "x").read_text() == "mine"


async def test_folders_that_the_users_of_boxes_cannot_pass_are_bound_all_the_same(
    real_sandbox: Sandbox, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    (closed / "app").mkdir(parents=True)
    (closed / "app" / "file").write_text("seen")
    closed.chmod(0o700)
    result = await run(real_sandbox, box("sh", "-c", "cat /app/file; ls /mnt", ro=((closed / "app", "/app"),)))
    assert result.out == "seen" and "/mnt" in result.err


async def test_descriptors_keep_their_numbers(real_sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    try:
        result = await run(
            real_sandbox, box(PYTHON, "-c", f"import os; os.write({writing}, b'hello')", pass_fds=(writing,))
        )
        assert result.exit.code == 0 and os.read(reading, 100) == b"hello"
    finally:
        os.close(reading)
        os.close(writing)


async def test_a_bind_that_is_not_there_is_said_by_name(real_sandbox: Sandbox, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(Unavailable, match=str(missing)):
        await real_sandbox.start(box("true", ro=((missing, "/app"),)))


async def test_a_sandbox_that_cannot_be_set_up_is_no_exit_of_the_program(real_sandbox: Sandbox, tmp_path: Path) -> None:
    broken = box("true", ro=((tmp_path, "/usr/no/such/place"),))
    try:
        result = await run(real_sandbox, broken)
    except Unavailable as error:
        said = error.message
    else:
        assert not result.exit.started
        said = result.err
    assert "/usr/no/such/place" in said
    assert not groups_named(broken.name)


async def test_time_is_up_even_for_those_that_ignore_it(real_sandbox: Sandbox) -> None:
    stubborn = "trap '' TERM INT HUP; while true; do sleep 1; done"
    result = await run(real_sandbox, box("sh", "-c", stubborn, limits=Limits(wall_seconds=0.3)))
    assert result.exit.timed_out and result.exit.signal == signal.SIGKILL


async def test_kill_ends_daemons_that_left_session_and_parent(real_sandbox: Sandbox) -> None:
    seconds = mark()
    daemon = f"(setsid setsid sh -c 'trap \"\" TERM HUP; sleep {seconds}' >/dev/null 2>&1 &)"
    async with started(real_sandbox, box("sh", "-c", f"trap '' TERM; {daemon}; echo up; sleep {seconds}")) as running:
        await running.stdout.readline()
        assert (await running.kill()).killed
        assert not processes_with(seconds)
        assert await running.stdout.read() == b""


async def test_what_a_program_leaves_running_ends_with_it(real_sandbox: Sandbox) -> None:
    seconds = mark()
    result = await run(real_sandbox, box("sh", "-c", f"setsid sleep {seconds} & echo done"))
    assert result.out == "done\n" and not processes_with(seconds)


async def test_a_closed_box_leaves_no_process_group_or_helper(real_sandbox: Sandbox) -> None:
    isolation, seconds = real_sandbox.isolation, mark()
    one = box("sleep", seconds, network=Network.EGRESS if isolation.egress else Network.NONE)
    async with started(real_sandbox, one) as running:
        assert bool(groups_named(one.name)) is bool(isolation.cgroups.version)
        assert len(helpers()) == isolation.egress
    assert not groups_named(one.name) and not processes_with(seconds) and not helpers()
    assert not Path(f"/proc/{running.pid}").exists()


async def test_a_start_that_is_given_up_at_any_moment_leaves_nothing(real_sandbox: Sandbox) -> None:
    before, network = orphans(), Network.EGRESS if real_sandbox.isolation.egress else Network.NONE
    names = []
    for moment in range(40):
        one = box("sleep", "60", network=network)
        names.append(one.name)
        starting = asyncio.create_task(real_sandbox.start(one))
        await asyncio.wait([starting], timeout=moment / 1000)
        if starting.cancel():
            await asyncio.wait([starting])
        if not starting.cancelled():
            await starting.result().close()
    assert not [name for name in names if groups_named(name)] and not helpers()
    assert set(orphans()) <= set(before)


async def test_close_can_be_called_twice_and_before_the_end(real_sandbox: Sandbox) -> None:
    running = await real_sandbox.start(box("sleep", "20"))
    await asyncio.gather(running.close(), running.close())
    assert (await running.wait()).killed


async def test_more_memory_than_allowed_is_an_out_of_memory_end(real_sandbox: Sandbox) -> None:
    if not real_sandbox.isolation.cgroups.version:
        pytest.skip("needs control groups")
    hog = (PYTHON, "-c", "x = bytearray(400 << 20)")
    result = await run(real_sandbox, box(*hog, limits=Limits(memory_bytes=64 << 20)))
    assert result.exit.oom and result.exit.code != 0


async def test_tmp_counts_as_memory_and_has_a_size(real_sandbox: Sandbox) -> None:
    fill = "head -c 100M /dev/zero > /tmp/x; stat -c %s /tmp/x"
    result = await run(real_sandbox, box("sh", "-c", fill, limits=Limits(disk_bytes=8 << 20)))
    assert "No space left on device" in result.err and int(result.out) <= 8 << 20


async def test_a_file_cannot_grow_beyond_its_limit(real_sandbox: Sandbox) -> None:
    fill = "head -c 20M /dev/zero > /tmp/x; stat -c %s /tmp/x"
    result = await run(real_sandbox, box("sh", "-c", fill, limits=Limits(file_bytes=4 << 20)))
    assert int(result.out) == 4 << 20


async def test_a_fork_bomb_meets_the_process_limit(real_sandbox: Sandbox) -> None:
    bomb = (PYTHON, "/probes/fork_bomb.py")
    limits = Limits(processes=40, wall_seconds=20.0)
    result = await run(real_sandbox, box(*bomb, limits=limits, ro=((PROBES, "/probes"),)))
    assert result.exit.code == 0
    assert 1 < result.json["started"] <= 40 and result.json["error"] == "EAGAIN"


async def test_without_control_groups_limits_hold_per_process(isolation: Isolation) -> None:
    if isolation.level is Level.NONE:
        pytest.skip(f"no sandbox here: {isolation.detail}")
    sandbox = Sandbox(replace(isolation, cgroups=Cgroups()))
    hog = box(PYTHON, "-c", "x = bytearray(400 << 20)", limits=Limits(memory_bytes=128 << 20))
    assert "MemoryError" in (await run(sandbox, hog)).err
    bomb = box(PYTHON, "/probes/fork_bomb.py", limits=Limits(processes=40), ro=((PROBES, "/probes"),), slot=8)
    result = await run(sandbox, bomb)
    assert 1 < result.json["started"] <= 40 and result.json["error"] == "EAGAIN"


async def test_cpu_is_shared_out_by_quota(real_sandbox: Sandbox) -> None:
    if not real_sandbox.isolation.cgroups.version:
        pytest.skip("needs control groups")
    async with started(real_sandbox, box("sleep", "20", limits=Limits(cpus=0.5))) as running:
        assert running.group
        quota, v2 = running.group.paths[-1] / "cpu.cfs_quota_us", running.group.paths[0] / "cpu.max"
        assert (v2.read_text() if v2.exists() else quota.read_text()).split()[0] == "50000"


async def test_without_egress_there_is_loopback_only(real_sandbox: Sandbox) -> None:
    result = await run(real_sandbox, box("sh", "-c", "tail -n +3 /proc/net/dev; cat /proc/net/route"))
    assert [line.split(":")[0].strip() for line in result.out.splitlines() if ":" in line] == ["lo"]


async def test_children_die_with_the_process_that_started_them(real_sandbox: Sandbox, tmp_path: Path) -> None:
    """As after `kill -9` of DevGem itself."""
    name, seconds = f"test_dies_{os.getpid()}", mark()
    script = tmp_path / "starts_one.py"
    script.write_text(
        "import asyncio, sys\n"
        "from devgem.clouds.local.box import Box, Network\n"
        "from devgem.clouds.local.probe import probe\n"
        "from devgem.clouds.local.sandbox import Sandbox\n"
        "async def main():\n"
        "    isolation = await probe()\n"
        "    network = Network.EGRESS if isolation.egress else Network.NONE\n"
        "    argv = ('sh', '-c', 'echo up; exec sleep ' + sys.argv[2])\n"
        "    box = Box(sys.argv[1], argv, env={'PATH': '/usr/bin:/bin'}, network=network)\n"
        "    running = await Sandbox(isolation).start(box)\n"
        "    await running.stdout.readline()\n"
        "    print(running.netns_pid, flush=True)\n"
        "    await running.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), name, seconds, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    inner = int(await parent.stdout.readline())
    fd = os.pidfd_open(inner)
    try:
        parent.kill()
        await parent.wait()
        async with asyncio.timeout(10):
            await _dead(fd)
    finally:
        os.close(fd)
    async with asyncio.timeout(10):
        while processes_with(seconds):
            await asyncio.sleep(0.01)
    real_sandbox.isolation.cgroups.sweep([name])
    assert not groups_named(name)


async def _dead(pidfd: int) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pidfd, over.set)
    await over.wait()
    loop.remove_reader(pidfd)
