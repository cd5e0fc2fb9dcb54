"""Run-time logs: what is written is read, in order, whatever dies in between."""

import asyncio
import os
import resource
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgem.clouds.local.log_writer import Caps, Intake, LogWriter
from devgem.clouds.local.runtime_logs import Label, RuntimeLine, RuntimeLogs, segments
from devgem.domain.log import Redactor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = Redactor(())
CAPS = Caps()
LABEL = Label("out", 1, "1.1")


async def read(root: Path, **how: object) -> list[RuntimeLine]:
    return [line async for line in RuntimeLogs(root).read("shop", **how)]  # type: ignore[arg-type]  # test shorthand


def write(root: Path, count: int, caps: Caps = CAPS, start: int = 1) -> None:
    log = LogWriter(root / "shop", caps)
    for number in range(start, start + count):
        log.append([f"line {number}"], Label("out", 3, "3.1"), NOW + timedelta(seconds=number))
    log.close()


async def test_lines_carry_their_number_time_stream_revision_and_instance(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "shop")
    log.append(["a\tb", "", "ü"], Label("err", 7, "7.2"), NOW)
    log.close()
    assert await read(tmp_path) == [
        RuntimeLine(text, "err", NOW, seq, 7, "7.2") for seq, text in enumerate(["a\tb", "", "ü"], start=1)
    ]


async def test_an_app_without_a_log_has_no_lines(tmp_path: Path) -> None:
    assert await read(tmp_path) == []


@settings(max_examples=60, deadline=None, database=None)
@given(
    count=st.integers(0, 60),
    segment_bytes=st.integers(40, 900),
    after=st.integers(0, 70),
    since=st.none() | st.integers(0, 70),
    tail=st.none() | st.integers(0, 70),
)
def test_after_since_and_tail_select_the_same_lines_as_a_filter_does(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    segment_bytes: int,
    after: int,
    since: int | None,
    tail: int | None,
) -> None:
    root = tmp_path_factory.mktemp("log")
    write(root, count, Caps(segment_bytes=segment_bytes))
    when = None if since is None else NOW + timedelta(seconds=since)
    wanted = [n for n in range(1, count + 1) if n > after and n >= (since or 0)]
    if tail is not None:
        wanted = wanted[len(wanted) - min(tail, len(wanted)) :]
    lines = asyncio.run(read(root, after=after, since=when, tail=tail))
    assert [line.seq for line in lines] == wanted


async def test_a_follower_sees_every_line_once_across_segments(tmp_path: Path) -> None:
    caps = Caps(segment_bytes=2000)
    seen: list[int] = []

    async def follow() -> None:
        async for line in RuntimeLogs(tmp_path).read("shop", follow=True):
            seen.append(line.seq)
            if line.seq == 1000:
                return

    follower = asyncio.create_task(follow())
    for start in range(1, 1001, 100):
        await asyncio.to_thread(write, tmp_path, 100, caps, start)
    await asyncio.wait_for(follower, 10)
    assert seen == list(range(1, 1001))
    assert len(segments(tmp_path / "shop")) > 5


async def test_a_follower_ends_when_the_app_is_deleted(tmp_path: Path) -> None:
    write(tmp_path, 1)
    lines = RuntimeLogs(tmp_path).read("shop", follow=True)
    assert (await anext(lines)).seq == 1
    for _, path in segments(tmp_path / "shop"):
        path.unlink()
    (tmp_path / "shop").rmdir()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(lines), 10)


async def test_a_torn_last_line_is_dropped_and_its_number_used_again(tmp_path: Path) -> None:
    write(tmp_path, 3)
    [(_, path)] = segments(tmp_path / "shop")
    with path.open("ab") as file:
        file.write(b"4\t1767225600000\tout\t3\t3.1\thalf a li")
    assert [line.seq for line in await read(tmp_path)] == [1, 2, 3]
    write(tmp_path, 1, start=4)
    assert [(line.seq, line.text) for line in await read(tmp_path)][-1] == (4, "line 4")


async def last_seq(root: Path) -> int:
    return max((line.seq for line in await read(root, tail=1)), default=0)


async def test_a_writer_that_is_killed_leaves_whole_lines_without_a_gap(tmp_path: Path) -> None:
    program = (
        "import sys, datetime, pathlib, time\n"
        "from devgem.clouds.local.log_writer import Caps, LogWriter\n"
        "from devgem.clouds.local.runtime_logs import Label\n"
        "log = LogWriter(pathlib.Path(sys.argv[1]) / 'shop', Caps(segment_bytes=20_000))\n"
        "while time.sleep(0.0001) is None:\n"
        "    log.append(['x' * 50] * 70, Label('out', 1, '1.1'), datetime.datetime.now(datetime.UTC))\n"
    )
    for _ in range(5):
        before = await last_seq(tmp_path)
        writer = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path))
        while await last_seq(tmp_path) < before + 500:
            await asyncio.sleep(0.005)
        os.kill(writer.pid, signal.SIGKILL)
        await writer.wait()
    lines = await read(tmp_path)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert {line.text for line in lines} == {"x" * 50}


async def test_the_oldest_segments_go_when_the_log_is_too_large(tmp_path: Path) -> None:
    write(tmp_path, 2000, Caps(segment_bytes=1000, log_bytes=5000))
    assert sum(path.stat().st_size for _, path in segments(tmp_path / "shop")) < 7000
    lines = await read(tmp_path)
    assert [line.seq for line in lines] == list(range(lines[0].seq, 2001))


async def test_segments_go_when_they_are_too_old(tmp_path: Path) -> None:
    write(tmp_path, 100, Caps(segment_bytes=1000))
    log = LogWriter(tmp_path / "shop", Caps(age_seconds=3600))
    log.prune(datetime.now(UTC) + timedelta(minutes=59))
    assert len(segments(tmp_path / "shop")) > 2
    log.prune(datetime.now(UTC) + timedelta(minutes=61))
    log.close()
    assert len(segments(tmp_path / "shop")) == 1


async def test_secrets_and_escapes_do_not_reach_the_disk(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "shop")
    intake = Intake(log, Redactor(["hunter2hunter2"]), LABEL)
    intake.feed(b"password is hunter2", NOW)
    intake.feed(b"hunter2\n\x1b]0;title\x07\xff ok\nlast", NOW)
    intake.close(NOW)
    log.close()
    assert [line.text for line in await read(tmp_path)] == ["password is [secret]", "\ufffd ok", "last"]
    assert b"hunter2" not in segments(tmp_path / "shop")[0][1].read_bytes()


async def test_ten_thousand_lines_a_second_are_all_kept(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "shop")
    intake = Intake(log, PLAIN, LABEL)
    for second in range(3):
        for part in range(10):
            intake.feed(
                b"x" * 79 + (b"\n" + b"x" * 79) * 999 + b"\n", NOW + timedelta(seconds=second, milliseconds=part)
            )
    intake.close(NOW)
    log.close()
    lines = await read(tmp_path)
    assert len(lines) == 30_000
    assert {line.stream for line in lines} == {"out"}


async def test_a_flood_is_counted_and_said(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "shop")
    intake = Intake(log, PLAIN, LABEL, caps=Caps(lines_per_second=10))
    for _ in range(100):
        intake.feed(b"y\ny\n", NOW)
    assert intake.is_suppressing
    intake.feed(b"", NOW + timedelta(seconds=1))
    assert not intake.is_suppressing
    intake.feed(b"after\n", NOW + timedelta(seconds=1))
    log.close()
    lines = await read(tmp_path)
    assert [line.text for line in lines[:10]] == ["y"] * 10
    assert [(line.stream, line.text.partition(":")[0]) for line in lines[10:]] == [
        ("devgem", "... 190 lines suppressed"),
        ("out", "after"),
    ]


async def test_a_full_disk_loses_lines_by_count_and_never_by_half(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "shop")
    log.append(["before"], LABEL, NOW)
    [(_, path)] = segments(tmp_path / "shop")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
    try:
        log.append(["x" * 60] * 4, LABEL, NOW)
        log.append(["too much as well" * 9], LABEL, NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.append(["after"], LABEL, NOW)
    log.close()
    lines = await read(tmp_path)
    assert [(line.seq, line.text) for line in lines] == [
        (1, "before"),
        (2, "... 5 lines lost: the disk was full"),
        (3, "after"),
    ]
