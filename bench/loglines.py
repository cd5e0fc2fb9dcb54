"""10,000 log lines/s for 20 s from a build's narration through the event log to 50 watchers, each line counted.

Watchers follow the store in the same process; then they sit at WebSockets of a real server, in a process of their
own. A batch counts as old as its oldest line, so the figures are upper bounds.
"""

import argparse
import asyncio
import gc
import json
import os
import re
import resource
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.web.conftest import TOKEN, dashboard_on
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.report import table, verdict
from devgem.domain.app import Repository
from devgem.domain.deployment import Step
from devgem.domain.log import LogLine
from devgem.pipeline import Limits
from devgem.pipeline.narration import Narration
from devgem.store import Fact, Order, Store

TICK_SECONDS = 0.01
TARGET_SECONDS = 0.1
DEPLOYMENT = "dep_bench"
STREAM = f"deployment:{DEPLOYMENT}"
_FIRST_EVENT = re.compile(r'"events":\[\{"seq":(\d+),"type":"[^"]+","at":"([^"]+)"')


@dataclass
class Watcher:
    """`ages`: how old each batch was, and how many lines it had. `faults`: lines lost or doubled."""

    seen: int = 0
    faults: int = 0
    ages: list[tuple[float, int]] = field(default_factory=list)

    def take(self, first: int, last: int, oldest: datetime) -> None:
        self.faults += abs(first - self.seen - 1)
        self.seen = last
        self.ages.append(((datetime.now(UTC) - oldest).total_seconds(), last - first + 1))

    async def follow(self, store: Store, lines: int) -> None:
        async with aclosing(store.follow(STREAM)) as batches:
            async for batch in batches:
                assert batch.json
                self.take(batch.first, batch.last, batch[0].at)
                if self.seen > lines:
                    return

    async def listen(self, url: str, lines: int) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with connect(
            url, subprotocols=[Subprotocol("devgem.v1")], additional_headers=headers, compression=None
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "resume": [{"stream": STREAM}]}))
            async for text in socket:
                assert isinstance(text, str)
                if found := _FIRST_EVENT.search(text):
                    last = int(text[text.rindex('{"seq":') + 7 :].partition(",")[0])
                    self.take(int(found[1]), last, datetime.fromisoformat(found[2]))
                    if self.seen > lines:
                        return


async def make_lines(store: Store, rate: int, seconds: int) -> float:
    """Returns how many seconds it took: more than it should when the log pushes back."""
    per_tick = round(rate * TICK_SECONDS)
    started = time.monotonic()
    async with Narration(store, DEPLOYMENT, Step.BUILD, str, Limits()) as narration:
        for tick in range(round(seconds / TICK_SECONDS)):
            await asyncio.sleep(max(0.0, started + tick * TICK_SECONDS - time.monotonic()))
            now = datetime.now(UTC)
            for number in range(per_tick):
                text = f"[{tick}:{number}] Compiling a module with a name of usual length"
                await narration.log(LogLine(text, "out", now))
    return time.monotonic() - started


async def add_deployment(store: Store) -> None:
    requested = Fact("deployment.requested", {"deployment": DEPLOYMENT, "app": "bench"})
    async with store.write() as transaction:
        order = Order(Repository("/bench"), "local", own=True, reason="request")
        await transaction.deployments.add(DEPLOYMENT, "bench", order, requested)


async def measure_followers(url: str, rate: int, seconds: int, count: int) -> tuple[list[Watcher], float]:
    store = await Store.open(url, key=os.urandom(32))
    await add_deployment(store)
    watchers = [Watcher() for _ in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for watcher in watchers:
            tasks.create_task(watcher.follow(store, rate * seconds))
        took = await make_lines(store, rate, seconds)
    await store.close()
    return watchers, took


async def measure_sockets(folder: Path, rate: int, seconds: int, count: int) -> tuple[list[Watcher], float]:
    async with dashboard_on(folder) as dashboard:
        await add_deployment(dashboard.store)
        arguments = ["--watch", dashboard.socket_url, "--watchers", str(count), "--lines", str(rate * seconds)]
        crowd = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.loglines", *arguments, stdout=asyncio.subprocess.PIPE
        )
        assert crowd.stdout is not None
        await crowd.stdout.readline()  # all are connected
        took = await make_lines(dashboard.store, rate, seconds)
        watchers = [Watcher(**found) for found in json.loads(await crowd.stdout.read())]
        await crowd.wait()
    return watchers, took


async def watch(url: str, count: int, lines: int) -> None:
    """The crowd's process: says when all have seen the first event, and at the end what they saw."""
    watchers = [Watcher() for _ in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for watcher in watchers:
            tasks.create_task(watcher.listen(url, lines))
        while not all(watcher.seen for watcher in watchers):
            await asyncio.sleep(0.01)
        print("ready", flush=True)
    print(json.dumps([asdict(watcher) for watcher in watchers]))


def percentile(ages: list[tuple[float, int]], share: float) -> float:
    ordered = sorted(ages)
    wanted = share * sum(count for _, count in ordered)
    for age, count in ordered:
        wanted -= count
        if wanted <= 0:
            return age
    return ordered[-1][0]


def report(title: str, watchers: list[Watcher], lines: int, rate: int, took: float) -> bool:
    ages = [age for watcher in watchers for age in watcher.ages[1:]]  # the first event was there before
    faults = sum(watcher.faults for watcher in watchers)
    p99 = percentile(ages, 0.99)
    table(
        title,
        ("figure", "value", "target"),
        (
            ("lines/s", f"{lines / took:,.0f}", verdict(lines / took / rate, 0.99, at_least=True)),
            ("lost or doubled", faults, verdict(faults, 0)),
            ("line to watcher, median", f"{percentile(ages, 0.5) * 1000:.0f} ms", ""),
            ("line to watcher, p99", f"{p99 * 1000:.0f} ms", verdict(p99, TARGET_SECONDS)),
            ("memory at most", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB", ""),
        ),
    )
    return faults == 0 and p99 <= TARGET_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    parser.add_argument("--lines", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        asyncio.run(watch(options.watch, options.watchers, options.lines))
        return 0
    # As the control process does when it is ready: a full collection over all that was imported stops it for long.
    gc.collect()
    gc.freeze()
    rate, seconds, count = options.rate, options.seconds, options.watchers
    met = []
    for place in ("in the process", "at WebSockets"):
        with tempfile.TemporaryDirectory() as folder:
            if place == "at WebSockets":
                found = asyncio.run(measure_sockets(Path(folder), rate, seconds, count))
            else:
                found = asyncio.run(measure_followers(f"sqlite:///{folder}/devgem.db", rate, seconds, count))
        title = f"Log lines: {rate:,}/s for {seconds} s to {count} watchers {place}"
        met.append(report(title, found[0], rate * seconds, rate, found[1]))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
