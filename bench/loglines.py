"""10,000 log lines/s for 20 s through a build's narration into the event log, followed by 50 watchers.

The latency of a line is the time from its making to its batch, encoded once for all, being in a watcher's hands. A
batch counts as old as its oldest line, so the figures are upper bounds.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.report import table, verdict
from devgem.domain.deployment import Step
from devgem.domain.log import LogLine
from devgem.pipeline import Limits
from devgem.pipeline.narration import Narration
from devgem.store import Store

TICK_SECONDS = 0.01
TARGET_SECONDS = 0.1
STREAM = "deployment:bench"


@dataclass
class Watcher:
    """`ages`: how old a batch was, and how many lines it had. `faults`: lines lost or doubled."""

    seen: int = 0
    faults: int = 0
    ages: list[tuple[float, int]] = field(default_factory=list)

    async def watch(self, store: Store, lines: int) -> None:
        async with aclosing(store.follow(STREAM)) as batches:
            async for batch in batches:
                assert batch.json
                age = (datetime.now(UTC) - batch[0].at).total_seconds()
                self.faults += abs(batch.first - self.seen - 1)
                self.seen = batch.last
                self.ages.append((age, len(batch)))
                if self.seen >= lines:
                    return


async def make_lines(store: Store, rate: int, seconds: int) -> float:
    """Returns how many seconds it took: more than it should when the log pushes back."""
    per_tick = round(rate * TICK_SECONDS)
    started = time.monotonic()
    async with Narration(store, "bench", Step.BUILD, str, Limits()) as narration:
        for tick in range(round(seconds / TICK_SECONDS)):
            await asyncio.sleep(max(0.0, started + tick * TICK_SECONDS - time.monotonic()))
            now = datetime.now(UTC)
            for number in range(per_tick):
                await narration.log(
                    LogLine(f"[{tick}:{number}] Compiling a module with a name of usual length", "out", now)
                )
    return time.monotonic() - started


def percentile(ages: list[tuple[float, int]], share: float) -> float:
    ordered = sorted(ages)
    wanted = share * sum(count for _, count in ordered)
    for age, count in ordered:
        wanted -= count
        if wanted <= 0:
            return age
    return ordered[-1][0]


async def measure(url: str, rate: int, seconds: int, watchers: int) -> bool:
    store = await Store.open(url, key=os.urandom(32))
    watching = [Watcher() for _ in range(watchers)]
    cpu = time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for watcher in watching:
            tasks.create_task(watcher.watch(store, rate * seconds))
        took = await make_lines(store, rate, seconds)
    cpu = (time.process_time() - cpu) / took
    await store.close()
    ages = [age for watcher in watching for age in watcher.ages]
    faults = sum(watcher.faults for watcher in watching)
    p99 = percentile(ages, 0.99)
    table(
        f"Log lines: {rate:,}/s for {seconds} s to {watchers} watchers",
        ("figure", "value", "target"),
        (
            (
                "lines/s written",
                f"{rate * seconds / took:,.0f}",
                verdict(rate * seconds / took, 0.99 * rate, at_least=True),
            ),
            ("lines lost or doubled", faults, verdict(faults, 0)),
            ("line to watcher, median", f"{percentile(ages, 0.5) * 1000:.0f} ms", ""),
            ("line to watcher, p99", f"{p99 * 1000:.0f} ms", verdict(p99 / TARGET_SECONDS, 1)),
            ("CPUs used", f"{cpu:.2f}", ""),
            ("memory at most", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB", ""),
        ),
    )
    return faults == 0 and p99 <= TARGET_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--url", help="a database; SQLite in a new folder when not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'devgem.db'}"
        met = asyncio.run(measure(url, options.rate, options.seconds, options.watchers))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
