"""Five times the quota is asked for: deploys a quarter of it, chat and background far more. Who is served, how soon?

Eight processes, four endpoints of 60 RPM. A caller gives up after 20 s. At peers, which do not queue, it asks again
about every second. The first 70 s fill the windows and do not count.
"""

import argparse
import bisect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.quota.adapter import Pool, Setting
from bench.quota.fleet import Call, Plan, Stream, begin_in, preload, run
from bench.quota.redis_server import redis_server
from bench.quota.targets import Target, judge
from bench.report import table

PROCESSES = 8
POOL = Pool("calls", rpm=60)
ALLOWED_PER_SECOND = 4.0
DEPLOY, CHAT, BACKGROUND = 0, 2, 3
OFFERED_PER_SECOND = {DEPLOY: 1.0, CHAT: 9.0, BACKGROUND: 10.0}
NAMES = {DEPLOY: "deploy", CHAT: "chat", BACKGROUND: "background"}
PATIENCE_SECONDS = 20.0
WARM_SECONDS = 70.0
LEAD_SECONDS = 20.0
GRACE_SECONDS = 0.05
"""a process needs some milliseconds to hear of what another asks"""
FLOOR = 0.05
PEERS = ("LiteLLM Scheduler, enforced", "LiteLLM priority_reservation")


@dataclass(frozen=True)
class Class:
    asked: int
    served: float
    """share of the calls asked"""
    p50_seconds: float
    p99_seconds: float
    """of all: a call that was given up has waited for as long as it could"""
    use: float
    """share of what the endpoints allow"""


def measure(redis_url: str, contender: str, seconds: float) -> list[Call]:
    streams = tuple(
        Stream(POOL.name, rate, until=WARM_SECONDS + seconds, priority=priority, timeout_seconds=PATIENCE_SECONDS)
        for priority, rate in OFFERED_PER_SECOND.items()
    )
    setting = Setting(redis_url, "priorities", (POOL,), PROCESSES)
    return run([Plan((contender,), setting, streams, begin_in(LEAD_SECONDS))])


def of_class(calls: Sequence[Call], priority: int, end: float) -> Class:
    own = [call for call in calls if call.priority == priority]
    asked = [call for call in own if WARM_SECONDS <= call.asked < end]
    waits = sorted(PATIENCE_SECONDS if call.wait_seconds is None else call.wait_seconds for call in asked)
    granted = sum(call.granted is not None and WARM_SECONDS <= call.granted < end for call in own)
    return Class(
        len(asked),
        sum(call.granted is not None for call in asked) / len(asked),
        waits[len(waits) // 2],
        waits[len(waits) * 99 // 100],
        granted / (end - WARM_SECONDS) / ALLOWED_PER_SECOND,
    )


def violations(calls: Sequence[Call]) -> int:
    """Lower calls that were let in while a deploy waited, from `GRACE_SECONDS` after it asked."""
    lower = sorted(call.granted for call in calls if call.priority > DEPLOY and call.granted is not None)
    let_in: set[int] = set()
    for call in calls:
        if call.priority == DEPLOY:
            until = call.asked + PATIENCE_SECONDS if call.granted is None else call.granted
            first = bisect.bisect_right(lower, call.asked + GRACE_SECONDS)
            let_in.update(range(first, bisect.bisect_left(lower, until - GRACE_SECONDS)))
    return len(let_in)


@dataclass(frozen=True)
class Found:
    classes: Mapping[int, Class]
    out_of_order: int

    @property
    def use(self) -> float:
        return sum(one.use for one in self.classes.values())

    @property
    def lowest(self) -> float:
        """The use of the lower class that got least."""
        return min(self.classes[CHAT].use, self.classes[BACKGROUND].use)


def find(calls: Sequence[Call], end: float) -> Found:
    wrong = violations([call for call in calls if WARM_SECONDS <= call.asked < end])
    return Found({priority: of_class(calls, priority, end) for priority in OFFERED_PER_SECOND}, wrong)


def show(found: Mapping[str, Found]) -> None:
    rows: list[list[object]] = []
    for name, one in found.items():
        for priority, own in one.classes.items():
            waits = f"{own.p50_seconds * 1000:,.0f}", f"{own.p99_seconds * 1000:,.0f}"
            rows.append([name, NAMES[priority], own.asked, f"{own.served:.1%}", *waits, f"{own.use:.3f}", ""])
        rows.append([name, "all", "", "", "", "", f"{one.use:.3f}", one.out_of_order])
    head = ("contender", "class", "asked", "served", "p50 ms", "p99 ms", "use of the quota", "let in before a deploy")
    table("Five-fold overload", head, rows)


def report(ours: Found) -> bool:
    deploy = ours.classes[DEPLOY]
    targets = (
        Target("deploys served", deploy.served, 1.0, at_least=True),
        Target("deploy: p99 wait, s", deploy.p99_seconds, 0.25),
        Target("lower calls let in while a deploy waits", ours.out_of_order, 0.0),
        Target("quota used by the lower class that got least", ours.lowest, FLOOR, at_least=True),
        Target("use of the quota", ours.use, 0.95, at_least=True),
    )
    return judge("Five-fold overload: DevGem against the targets", targets)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="measured, after the windows have filled")
    parser.add_argument("--only", choices=("ours", "peers"))
    options = parser.parse_args()
    preload(("DevGem", *PEERS))
    end = WARM_SECONDS + options.seconds
    found: dict[str, Found] = {}
    names = ("DevGem",) if options.only == "ours" else PEERS if options.only == "peers" else ("DevGem", *PEERS)
    for name in names:
        with redis_server() as redis_url:
            found[name] = find(measure(redis_url, name, options.seconds), end)
    show(found)
    return 0 if "DevGem" not in found or report(found["DevGem"]) else 1


if __name__ == "__main__":
    sys.exit(main())
