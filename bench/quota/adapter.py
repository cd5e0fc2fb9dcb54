"""What every contender can be asked, whatever it is made of."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Protocol, cast

REGIONS = ("us-central1", "us-east1", "europe-west1", "asia-northeast1")


@dataclass(frozen=True)
class Pool:
    """Endpoints in order of preference, each with the same limits; None where there is none."""

    name: str
    rpm: int | None = None
    tpm: int | None = None
    regions: tuple[str, ...] = REGIONS

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(f"{self.name}-{region}" for region in self.regions)


@dataclass(frozen=True)
class Setting:
    """`run` keeps the keys of one run apart from those of another; `processes` is how many share the limits."""

    redis_url: str
    run: str
    pools: tuple[Pool, ...]
    processes: int = 1


@dataclass(frozen=True)
class Grant:
    endpoint: str
    tokens: int
    handle: object = None


class Adapter(Protocol):
    async def start(self, setting: Setting) -> None: ...

    async def acquire(self, pool: Pool, priority: int, tokens: int, timeout_seconds: float) -> Grant | None:
        """A timeout of 0 is one attempt. `priority` is 0 for the highest class."""
        ...

    async def settle(self, grant: Grant, tokens: int) -> None:
        """The call did use so many tokens."""
        ...

    async def close(self) -> None: ...


CONTENDERS: Mapping[str, str] = {
    "DevGem": "ours:Engine",
    "DevGem, in process": "ours:InProcess",
    "LiteLLM usage-based-routing-v2": "litellm_router:UsageBased",
    "LiteLLM enforce_model_rate_limits": "litellm_router:Enforced",
    "LiteLLM usage-based-routing-v2, enforced": "litellm_router:UsageBasedEnforced",
    "LiteLLM itpm, enforced": "litellm_router:InputTokens",
    "LiteLLM Scheduler, enforced": "litellm_router:Scheduled",
    "LiteLLM priority_reservation": "litellm_proxy:Reserved",
    "limits fixed window": "limiters:LimitsFixed",
    "limits moving window": "limiters:LimitsMoving",
    "pyrate-limiter sliding log": "limiters:PyrateLog",
    "pyrate-limiter GCRA": "limiters:PyrateGcra",
    "throttled-py token bucket": "limiters:ThrottledBucket",
    "throttled-py GCRA": "limiters:ThrottledGcra",
    "aiolimiter, a share for each process": "limiters:Aiolimiter",
}


def module_of(name: str) -> str:
    return f"bench.quota.{CONTENDERS[name].partition(':')[0]}"


def make(name: str) -> Adapter:
    noun = CONTENDERS[name].partition(":")[2]
    return cast("Adapter", getattr(import_module(module_of(name)), noun)())


async def retry(
    attempt: Callable[[], Awaitable[Grant | None]], timeout_seconds: float, pause_seconds: float = 1.0
) -> Grant | None:
    """How a caller waits at a contender that only decides: again and again, with jitter."""
    deadline = monotonic() + timeout_seconds
    while True:
        if grant := await attempt():
            return grant
        pause = pause_seconds * random.uniform(0.5, 1.5)
        if monotonic() + pause > deadline:
            return None
        await asyncio.sleep(pause)
