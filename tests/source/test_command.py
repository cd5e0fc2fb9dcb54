import asyncio
import os
import signal
from pathlib import Path

import pytest

from devgem.source import Command, run_directly

from .http_server import command_lines


def command(script: str, cwd: Path, **more: object) -> Command:
    return Command(("sh", "-c", script), cwd, **{"timeout_seconds": 20.0, "env": {"PATH": os.defpath}, **more})  # type: ignore[arg-type]


async def test_a_command_gets_its_environment_and_no_other(tmp_path: Path) -> None:
    outcome = await run_directly(
        command("env; pwd; cat; echo no >&2; exit 3", tmp_path, env={"PATH": os.defpath, "A": "1"})
    )
    assert (outcome.exit_code, outcome.stderr, outcome.stopped) == (3, b"no\n", "")
    assert set(outcome.stdout.decode().split()) == {f"PATH={os.defpath}", "A=1", f"PWD={tmp_path}", str(tmp_path)}


async def test_a_command_out_of_time_ends_with_all_that_it_started(tmp_path: Path) -> None:
    outcome = await run_directly(
        command("sh -c 'exec sleep 98765' & trap '' TERM; sleep 98765", tmp_path, timeout_seconds=0.3)
    )
    assert (outcome.stopped, outcome.exit_code) == ("time", -9)
    assert not any("98765" in line for line in command_lines())


async def test_a_command_that_says_too_much_is_ended(tmp_path: Path) -> None:
    outcome = await run_directly(command("yes 87654", tmp_path, output_limit_bytes=10_000))
    assert outcome.stopped == "output"
    assert len(outcome.stdout) <= 10_000 + (1 << 16)
    assert not any("87654" in line for line in command_lines())


async def test_a_command_may_not_write_a_larger_file(tmp_path: Path) -> None:
    outcome = await run_directly(
        command("sleep 0.1; head -c 100000 /dev/zero > zeros", tmp_path, file_limit_bytes=4096)
    )
    assert outcome.exit_code != 0
    assert (tmp_path / "zeros").stat().st_size == 4096


async def test_a_cancelled_command_ends_with_all_that_it_started(tmp_path: Path) -> None:
    task = asyncio.create_task(run_directly(command("touch begun; sh -c 'exec sleep 76543'; :", tmp_path)))
    while not any("sleep\x0076543" in line for line in command_lines()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any("sleep\x0076543" in line for line in command_lines())


async def test_a_command_cancelled_at_its_start_ends_too(tmp_path: Path) -> None:
    for turns in range(8):
        task = asyncio.create_task(run_directly(command("sleep 43210; :", tmp_path)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any("sleep\x0043210" in line for line in command_lines())


async def test_a_process_left_behind_is_ended_with_the_command(tmp_path: Path) -> None:
    outcome = await run_directly(command("sleep 65432 & exit 0", tmp_path, timeout_seconds=0.3))
    assert outcome.stopped == "time"
    assert not any("sleep\x0065432" in line for line in command_lines())


async def test_a_process_that_fled_does_not_hold_up_the_end(tmp_path: Path) -> None:
    outcome = await run_directly(command("setsid sleep 54321 & echo $!; wait", tmp_path, timeout_seconds=0.3))
    fled = int(outcome.stdout)
    assert outcome.stopped == "time"
    os.kill(fled, signal.SIGKILL)


async def test_a_program_that_is_not_installed_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run_directly(Command(("no-such-program",), tmp_path, 1.0, {"PATH": os.defpath}))


def test_a_command_does_not_show_its_environment(tmp_path: Path) -> None:
    assert "hunter2" not in repr(command("id", tmp_path, env={"SECRET": "hunter2"}))
