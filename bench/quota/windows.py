"""Eight processes, four endpoints, more calls than the limits allow: the most in any sliding 60 s, and how much is
used.

Windows are real minutes, nothing is scaled. A few calls open the windows that begin with a first call; a minute later,
from 15 s before a full minute of the clock, four times the limits are asked for, so that windows of either kind end in
the midst of it. A call reserves more tokens than it uses, as estimates do, and lasts a second. DevGem's callers wait
for 2 s, and their calls go to a stand-in for the provider, whose count of arrivals is the one shown; peers do not
queue, they only decide, and a grant counts when it is given.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import chain

from bench.quota.adapter import CONTENDERS, Pool, Setting
from bench.quota.fleet import Plan, Stream, begin_at_minute, mean_use, most, preload, run
from bench.quota.provider import arrivals, provider
from bench.quota.redis_server import redis_server
from bench.quota.targets import Target, judge
from bench.report import table

PROCESSES = 8
SPAN_SECONDS = 60.0
EDGE_SECONDS, LEAD_SECONDS = 60.0, 15.0
OURS = (Pool("requests", rpm=60), Pool("tokens", tpm=250_000))
PEERS = (Pool("requests", rpm=60), Pool("tokens", tpm=100_000))
"""ten at a time on one machine; at 250,000 tokens they take all of two cores and fall behind"""
RESERVED_TOKENS, USED_TOKENS = 2000, 1600
OVERLOAD = 4.0
PATIENCE_SECONDS = 2.0
LITELLM = ("LiteLLM usage-based-routing-v2", "LiteLLM enforce_model_rate_limits", "LiteLLM itpm, enforced")
LIMITERS = tuple(name for name in CONTENDERS if not name.startswith(("LiteLLM", "DevGem")))
Grants = Sequence[tuple[str, float, int]]
"""endpoint, seconds after the begin, tokens"""


def allowed_per_second(pool: Pool) -> float:
    return len(pool.endpoints) * (pool.rpm or (pool.tpm or 0) / USED_TOKENS) / SPAN_SECONDS


def streams(pools: Sequence[Pool], seconds: float, patience_seconds: float = 0.0) -> tuple[Stream, ...]:
    shapes = ((1.0, 0.0, 1.0), (OVERLOAD, EDGE_SECONDS - LEAD_SECONDS, EDGE_SECONDS + seconds))
    return tuple(
        Stream(
            pool.name,
            per_second=allowed_per_second(pool) * times,
            since=since,
            until=until,
            tokens=RESERVED_TOKENS,
            used=USED_TOKENS,
            timeout_seconds=patience_seconds,
            call_seconds=1.0,
        )
        for pool in pools
        for times, since, until in shapes
    )


def figures(pools: Sequence[Pool], grants: Grants, end: float) -> Sequence[float]:
    """Of each pool its worst endpoint's peak, and the use of all of them together, as shares of the limits."""
    found = []
    for pool in pools:
        limit = pool.rpm or pool.tpm or 0
        by_endpoint = [
            [(at, 1 if pool.rpm else tokens) for where, at, tokens in grants if where == endpoint]
            for endpoint in pool.endpoints
        ]
        found.append(max(most(weighted, SPAN_SECONDS) for weighted in by_endpoint) / limit)
        used = mean_use(list(chain.from_iterable(by_endpoint)), SPAN_SECONDS, end)
        found.append(used / limit / len(by_endpoint))
    return found


def row(name: str, found: Sequence[float]) -> Sequence[object]:
    return [name, *(f"{figure:.3f}" for figure in found)]


def measure_ours(redis_url: str, seconds: float) -> Grants:
    with provider() as url:
        begin = begin_at_minute(8.0)
        setting = Setting(redis_url, "windows", OURS, PROCESSES)
        run([Plan(("DevGem",), setting, streams(OURS, seconds, PATIENCE_SECONDS), begin, url)])
        return [(one.endpoint, one.at - begin, one.tokens) for one in arrivals(url)]


def measure_peers(redis_url: str, seconds: float) -> Iterable[tuple[str, Grants]]:
    """At the same time, on keys of their own; LiteLLM's routers in processes of their own, as its callbacks demand."""
    begin = begin_at_minute(20.0)
    groups = [(name,) for name in LITELLM] + [LIMITERS]
    plans = [
        Plan(names, Setting(redis_url, f"windows-{number}", PEERS, PROCESSES), streams(PEERS, seconds), begin)
        for number, names in enumerate(groups)
    ]
    calls = run(plans)
    for name in (*LITELLM, *LIMITERS):
        own = (call for call in calls if call.contender == name)
        yield name, [(call.endpoint, call.granted, call.tokens) for call in own if call.granted is not None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="of overload after the edge; at least 120 for use")
    parser.add_argument("--only", choices=("ours", "peers"))
    options = parser.parse_args()
    preload(("DevGem", *LITELLM, *LIMITERS))
    end = EDGE_SECONDS + options.seconds
    head = ("contender", "RPM: peak in 60 s / limit", "RPM: use", "TPM: peak in 60 s / limit", "TPM: use")
    rows: list[Sequence[object]] = []
    ours: Sequence[float] = ()
    with redis_server() as redis_url:
        if options.only != "peers":
            ours = figures(OURS, measure_ours(redis_url, options.seconds), end)
            rows.append(row("DevGem", ours))
        if options.only != "ours":
            rows += [
                row(name, figures(PEERS, grants, end)) for name, grants in measure_peers(redis_url, options.seconds)
            ]
    table(f"Limits: {PROCESSES} processes, 4 endpoints, {options.seconds:g} s of overload", head, rows)
    if not ours:
        return 0
    targets = (
        Target("RPM: most in any 60 s / limit", ours[0], 1.0),
        Target("RPM: use", ours[1], 0.98, at_least=True),
        Target("TPM: most in any 60 s / limit", ours[2], 1.0),
        Target("TPM: use", ours[3], 0.98, at_least=True),
    )
    return 0 if judge("Limits: DevGem against the targets", targets) else 1


if __name__ == "__main__":
    sys.exit(main())
