"""What an app on Cloud Run has logged, and how it answered."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from devgem.clouds.google.log_reader import Budget
from devgem.clouds.google.run import CloudRun
from devgem.clouds.google.signals import DELAY_SECONDS
from devgem.domain.errors import Unavailable
from devgem.domain.log import LogLine
from tests.clouds.google.running import House, deploy, google_house
from tests.standins.google.monitoring import Sample

HOUR = timedelta(hours=1)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with google_house() as made:
        yield made


@pytest.fixture
async def cloud(house: House) -> AsyncIterator[CloudRun]:
    async with house.cloud() as made:
        yield made


async def read(cloud: CloudRun, **how: Any) -> list[LogLine]:
    wanted = {"after": 0, "since": None, "tail": None, "follow": False, **how}
    return [line async for line in cloud.logs("shop", **wanted)]


def say(house: House, text: str, *, at: datetime | None = None, log: str = "stdout", app: str = "shop") -> None:
    house.log(app, f"{app}-v1", log, text, at=at)


async def test_lines_have_numbers_that_do_not_depend_on_who_reads_from_where(house: House, cloud: CloudRun) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    for text in ("one", "two", "three"):
        say(house, text, at=at)
    say(house, "four", at=at + timedelta(microseconds=1))
    say(house, "five", at=at + timedelta(seconds=1), log="stderr")
    say(house, "not mine", app="till")
    lines = await read(cloud)
    assert [line.text for line in lines] == ["one", "two", "three", "four", "five"]
    assert [line.stream for line in lines] == ["out"] * 4 + ["err"]
    assert all(0 < one.seq < other.seq < 1 << 53 for one, other in itertools.pairwise(lines))
    for index, line in enumerate(lines):
        assert await read(cloud, after=line.seq) == lines[index + 1 :]
    assert await read(cloud, tail=2) == lines[-2:]
    assert await read(cloud, since=at + timedelta(milliseconds=500)) == lines[-1:]
    house.logging.page = 2
    assert await read(cloud) == lines


async def test_structured_lines_are_told_by_their_message_or_whole(house: House, cloud: CloudRun) -> None:
    house.log("shop", "shop-v1", "stdout", "", json_payload={"message": "paid \x1b[2J", "order": 7})
    house.log("shop", "shop-v1", "stdout", "", json_payload={"order": {"id": 7, "items": ["ü"]}})
    assert [line.text for line in await read(cloud)] == ["paid ", '{"order": {"id": 7, "items": ["ü"]}}']


async def test_lines_to_come_are_told_each_once_late_ones_too(house: House, cloud: CloudRun) -> None:
    now = datetime.now(UTC)
    say(house, "before", at=now - timedelta(seconds=3))
    told: list[LogLine] = []
    lines = cloud.logs("shop", after=0, since=None, tail=10, follow=True)

    async def hear(count: int) -> list[str]:
        async with asyncio.timeout(60):
            while len(told) < count:
                told.append(await anext(lines))
        return [line.text for line in told]

    assert await hear(1) == ["before"]
    say(house, "after")
    assert await hear(2) == ["before", "after"]
    say(house, "late", at=now - timedelta(seconds=1))
    assert await hear(3) == ["before", "after", "late"]
    assert [line.seq for line in told] == sorted({line.seq for line in told})
    house.peer.fault("ListLogEntries", grpc.StatusCode.UNAVAILABLE, times=5)
    say(house, "in spite of trouble")
    assert (await hear(4))[-1] == "in spite of trouble"
    await lines.aclose()  # type: ignore[attr-defined]  # it is a generator
    # Who comes back with the last number hears nothing twice.
    again = cloud.logs("shop", after=told[-1].seq, since=None, tail=None, follow=True)
    say(house, "new")
    assert (await anext(again)).text == "new"
    await again.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_all_who_follow_share_the_calls_and_hear_their_own_app(house: House, cloud: CloudRun) -> None:
    mine = [cloud.logs("shop", after=0, since=None, tail=0, follow=True) for _ in range(3)]
    other = cloud.logs("till", after=0, since=None, tail=0, follow=True)
    hearing = [asyncio.ensure_future(anext(lines)) for lines in (*mine, other)]
    await asyncio.sleep(0)
    say(house, "for the shop")
    say(house, "for the till", app="till")
    async with asyncio.timeout(60):
        heard = [line.text for line in await asyncio.gather(*hearing)]
    assert heard == ["for the shop"] * 3 + ["for the till"]
    for lines in (*mine, other):
        await lines.aclose()  # type: ignore[attr-defined]  # it is a generator
    calls = house.peer.counts["ListLogEntries"]
    assert calls < 20, "they follow by themselves"


async def test_who_may_not_read_the_log_is_told_so(house: House, cloud: CloudRun) -> None:
    house.peer.fault("ListLogEntries", grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(Unavailable, match="read the log") as caught:
        await read(cloud)
    assert "roles/logging.viewer" in caught.value.fix
    lines = cloud.logs("shop", after=0, since=None, tail=0, follow=True)
    house.peer.fault("ListLogEntries", grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(Unavailable):
        async with asyncio.timeout(60):
            await anext(lines)


async def test_the_calls_of_a_minute_are_not_exceeded() -> None:
    now = [0.0]
    budget = Budget(3, clock=lambda: now[0])
    for _ in range(3):
        await budget.spend()
    waiting = asyncio.ensure_future(budget.spend())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    now[0] = 60.0
    await budget.spend()


async def test_signals_come_from_monitoring_per_revision_and_late(house: House, cloud: CloudRun) -> None:
    old, new = datetime.now(UTC) - timedelta(minutes=10), datetime.now(UTC)
    for revision, status, count in (("shop-v1", "2xx", 40), ("shop-v2", "2xx", 8), ("shop-v2", "5xx", 2)):
        for at in (old, new):
            house.monitoring.samples.append(Sample("request_count", at, count, revision, "shop", status))
    house.monitoring.samples.append(Sample("request_latencies", old, 120.0, "shop-v2", "shop"))
    house.monitoring.samples.append(Sample("request_count", old, 7, "till-v1", "till", "2xx"))
    first, second = (await cloud.signals("shop", HOUR)).revisions
    assert (first.revision, first.requests, first.by_status) == (1, 40, {"2xx": 40})
    assert (second.requests, second.by_status) == (10, {"2xx": 8, "5xx": 2})
    assert second.latency_p50_seconds == second.latency_p99_seconds == pytest.approx(0.12)


async def test_where_seconds_matter_signals_come_from_the_log_of_requests(house: House, cloud: CloudRun) -> None:
    for status, seconds in ((200, 0.1), (503, 0.2), (500, 0.3)):
        asked = {"status": status, "latency": timedelta(seconds=seconds), "request_method": "GET"}
        house.log("shop", "shop-v2-3", "requests", "", http_request=asked)
    [found] = (await cloud.signals("shop", timedelta(minutes=2))).revisions
    assert (found.revision, found.requests, found.by_status) == (2, 3, {"2xx": 1, "5xx": 2})
    assert found.latency_p50_seconds == pytest.approx(0.2) and found.latency_p99_seconds == pytest.approx(0.3)
    assert house.peer.counts["ListTimeSeries"] == 0


async def test_metrics_are_minute_by_minute_with_their_delay(house: House, cloud: CloudRun) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=9, seconds=30)
    for status, count in (("2xx", 30), ("5xx", 3)):
        house.monitoring.samples.append(Sample("request_count", at, count, "shop-v1", "shop", status))
    house.monitoring.samples.append(Sample("request_latencies", at, 250.0, "shop-v1", "shop"))
    house.monitoring.samples.append(Sample("container/instance_count", at, 2, "shop-v1", "shop"))
    metrics = await cloud.metrics("shop", HOUR)
    assert (metrics.step_seconds, metrics.delay_seconds) == (60, DELAY_SECONDS)
    [item] = metrics.items
    assert (item.requests, item.errors, item.instances) == (33, 3, 2)
    assert item.p50_seconds == item.p99_seconds == pytest.approx(0.25)
    assert abs(item.at - at) <= timedelta(minutes=1)


async def test_instances_are_those_that_monitoring_knows_of(house: House, cloud: CloudRun) -> None:
    assert await cloud.instances("shop") == ()
    await deploy(cloud, house.revision(1))
    assert await cloud.instances("shop") == []
    at = datetime.now(UTC) - timedelta(minutes=4)
    house.monitoring.samples.append(Sample("container/instance_count", at, 2, "shop-v1", "shop"))
    assert [(one.revision, one.state) for one in await cloud.instances("shop")] == [(1, "ready")] * 2
