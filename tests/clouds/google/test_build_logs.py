"""The logs of builds: every line once, in time, and few questions however many builds there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import grpc
import pytest

from devgem.clouds.google.administration import Administration
from devgem.clouds.google.build_logs import BuildLogs, Listener
from devgem.clouds.google.patience import Patience, Patient
from tests.clouds.google.building import QUICK_PACE, QUICK_PATIENCE, Google, google_builds, until
from tests.clouds.google.project import PROJECT, REGION
from tests.standins.google.logging import LISTS_A_MINUTE
from tests.standins.google.peer import Fault

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with google_builds() as made:
        yield made


@pytest.fixture
async def patient(google: Google) -> AsyncIterator[Patient]:
    admin = Administration(PROJECT, REGION, endpoint=google.endpoint)
    yield Patient(admin, patience=QUICK_PATIENCE)
    await admin.close()


def write(google: Google, build: str, text: str, at: datetime, id: str = "") -> None:
    google.logging.write("build", {"build_id": build, "project_id": PROJECT}, text, at=at, id=id)


def heard(listener: Listener, *, remarks: bool = True) -> list[str]:
    lines = [listener.lines.get_nowait() for _ in range(listener.lines.qsize())]
    return [line.text for line in lines if remarks or line.id]


async def test_every_line_comes_once_over_pages_failures_and_late_arrivals(google: Google, patient: Patient) -> None:
    google.logging.page = 7
    logs = BuildLogs(patient, pace=QUICK_PACE)
    lines = [f"line {number}" for number in range(40)]
    with logs.listen("b1", BEGAN) as listener, logs.listen("b2", BEGAN) as other:
        for number, text in enumerate(lines):
            # Several in the same moment, told apart by their ids alone.
            write(google, "b1", text, BEGAN + timedelta(seconds=number // 3), f"id-{number:03}")
            write(google, "b2", f"other {text}", BEGAN + timedelta(seconds=number // 3), f"id-{number:03}")
            if number % 10 == 5:
                google.peer.fault("ListLogEntries", grpc.StatusCode.UNAVAILABLE, times=2)
                await until(lambda: not any(google.peer.faults.values()))
        seen = google.peer.counts["ListLogEntries"]
        await until(lambda: google.peer.counts["ListLogEntries"] > seen + 20)
        write(google, "b1", "a late one", BEGAN + timedelta(seconds=10), "late")
        seen = google.peer.counts["ListLogEntries"]
        await until(lambda: google.peer.counts["ListLogEntries"] > seen + 20)
        assert heard(listener, remarks=False) == [*lines, "a late one"]
        assert heard(other, remarks=False) == [f"other {text}" for text in lines]
    await logs.close()


async def test_a_listener_who_comes_back_gets_the_log_from_its_beginning(google: Google, patient: Patient) -> None:
    logs = BuildLogs(patient, pace=QUICK_PACE)
    write(google, "b1", "one", BEGAN)
    write(google, "b2", "new", BEGAN + timedelta(hours=1))
    with logs.listen("b2", BEGAN + timedelta(hours=1)) as newer, logs.listen("b1", BEGAN) as listener:
        write(google, "b1", "DONE", BEGAN + timedelta(seconds=9))
        await listener.ended.wait()
        await until(lambda: newer.lines.qsize())
        assert heard(listener) == ["one", "DONE"]
        assert heard(newer) == ["new"]
    await logs.close()


@pytest.mark.parametrize(
    ("code", "said", "ends"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "held up", False),
        (grpc.StatusCode.NOT_FOUND, "cannot be read", True),
        (grpc.StatusCode.PERMISSION_DENIED, "roles/logging.viewer", True),
    ],
    ids=["quota", "gone", "forbidden"],
)
async def test_what_keeps_the_log_is_said_once(
    google: Google, patient: Patient, code: grpc.StatusCode, said: str, ends: bool
) -> None:
    google.peer.fault("ListLogEntries", Fault(code, retry_seconds=0.01), times=4)
    logs = BuildLogs(patient, pace=QUICK_PACE)
    write(google, "b1", "one", BEGAN)
    with logs.listen("b1", BEGAN) as listener:
        await until(lambda: listener.lines.qsize() >= 2)
        remark, line = heard(listener)
        assert said in remark and line == "one"
        assert listener.ended.is_set() is ends
    await logs.close()


class _Clock:
    """Time that passes only when the reader of the logs waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.until = float("inf")
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if self.now >= self.until:
            self.over.set()
            await asyncio.Event().wait()
        self.now += seconds
        await asyncio.sleep(0)


async def test_twenty_builds_at_once_stay_under_sixty_lists_a_minute_and_lag_two_seconds(google: Google) -> None:
    """The stand-in counts by the same clock, and refuses more than Google does."""
    clock = _Clock()
    clock.until = clock.now + 130
    google.peer.clock = lambda: clock.now
    google.logging.a_minute = LISTS_A_MINUTE
    admin = Administration(PROJECT, REGION, endpoint=google.endpoint)
    logs = BuildLogs(Patient(admin, patience=Patience()), clock=lambda: clock.now, sleep=clock.sleep)
    with ExitStack() as stack:
        listeners = [stack.enter_context(logs.listen(f"b{number}", BEGAN)) for number in range(20)]
        while not clock.over.is_set():
            asked = google.peer.counts["ListLogEntries"]
            for number in range(20):
                write(google, f"b{number}", f"at {clock.now}", BEGAN + timedelta(seconds=clock.now - 1000))
            if google.peer.counts["ListLogEntries"] % 7 == 0:
                logs.hurry()
            await until(lambda asked=asked: google.peer.counts["ListLogEntries"] > asked or clock.over.is_set())
        counts = {len(heard(listener)) for listener in listeners}
    await logs.close()
    await admin.close()
    at = [at for name, at, _ in google.peer.requests if name == "ListLogEntries"]
    most = max(sum(1 for other in at if start <= other < start + 60) for start in at)
    assert most <= 35
    assert max(later - earlier for earlier, later in pairwise(at)) <= 2.0
    assert counts and min(counts) > 40
