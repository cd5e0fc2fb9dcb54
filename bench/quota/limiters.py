"""Rate limiters without endpoints: one limiter per endpoint and limit, tried in order of preference.

None of them gives back what a call did not use, and none knows priorities.
"""

import redis.asyncio
from aiolimiter import AsyncLimiter
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.aio.strategies import RateLimiter as LimitsStrategy
from pyrate_limiter import GCRA, Duration, Limiter, Rate, RedisBucket, RedisStateStore, StateBucket
from throttled.asyncio import RedisStore, Throttled, per_min
from throttled.constants import RateLimiterType

from bench.quota.adapter import Grant, Pool, Setting, retry

MINUTE_SECONDS = 60
CONNECTIONS = 1000
"""redis-py allows 100 and then refuses"""


class PerEndpoint:
    """Takes a request, then its tokens; what was taken stays taken when the second is refused."""

    async def start(self, setting: Setting) -> None:
        self.setting = setting
        self.redis = redis.asyncio.Redis.from_url(setting.redis_url, max_connections=CONNECTIONS)
        for pool in setting.pools:
            for endpoint in pool.endpoints:
                for kind, limit in (("requests", pool.rpm), ("tokens", pool.tpm)):
                    if limit is not None:
                        await self.add(f"{setting.run}:{endpoint}:{kind}", kind, limit)

    async def acquire(self, pool: Pool, priority: int, tokens: int, timeout_seconds: float) -> Grant | None:
        return await retry(lambda: self._attempt(pool, tokens), timeout_seconds)

    async def _attempt(self, pool: Pool, tokens: int) -> Grant | None:
        for endpoint in pool.endpoints:
            name = f"{self.setting.run}:{endpoint}"
            has_request = pool.rpm is None or await self.take(f"{name}:requests", 1)
            if has_request and (pool.tpm is None or await self.take(f"{name}:tokens", tokens)):
                return Grant(endpoint, tokens)
        return None

    async def settle(self, grant: Grant, tokens: int) -> None:
        pass

    async def close(self) -> None:
        await self.redis.aclose()

    async def add(self, name: str, kind: str, limit: int) -> None:
        raise NotImplementedError

    async def take(self, name: str, amount: int) -> bool:
        raise NotImplementedError


class LimitsFixed(PerEndpoint):
    async def start(self, setting: Setting) -> None:
        self.items: dict[str, tuple[LimitsStrategy, RateLimitItemPerMinute]] = {}
        self.storage = RedisStorage(f"async+{setting.redis_url}", implementation="redispy")
        self.strategies = self.choose()
        await super().start(setting)

    def choose(self) -> dict[str, LimitsStrategy]:
        fixed = FixedWindowRateLimiter(self.storage)
        return {"requests": fixed, "tokens": fixed}

    async def add(self, name: str, kind: str, limit: int) -> None:
        self.items[name] = (self.strategies[kind], RateLimitItemPerMinute(limit))

    async def take(self, name: str, amount: int) -> bool:
        strategy, item = self.items[name]
        return await strategy.hit(item, name, cost=amount)


class LimitsMoving(LimitsFixed):
    """The moving window keeps an entry for every token, so that tokens go to the sliding counter."""

    def choose(self) -> dict[str, LimitsStrategy]:
        return {
            "requests": MovingWindowRateLimiter(self.storage),
            "tokens": SlidingWindowCounterRateLimiter(self.storage),
        }


class PyrateGcra(PerEndpoint):
    async def start(self, setting: Setting) -> None:
        self.limiters: dict[str, Limiter] = {}
        await super().start(setting)

    async def add(self, name: str, kind: str, limit: int) -> None:
        rates = [Rate(limit, Duration.MINUTE)]
        self.limiters[name] = Limiter(StateBucket(rates, GCRA(), RedisStateStore(self.redis, name)))

    async def take(self, name: str, amount: int) -> bool:
        return await self.limiters[name].try_acquire_async(name, amount, blocking=False)


class PyrateLog(PyrateGcra):
    """Its default on Redis for requests; a log keeps an entry for every token, so that tokens go to GCRA."""

    async def add(self, name: str, kind: str, limit: int) -> None:
        if kind == "tokens":
            await super().add(name, kind, limit)
            return
        bucket = await RedisBucket.init([Rate(limit, Duration.MINUTE)], self.redis, name)
        self.limiters[name] = Limiter(bucket)

    async def close(self) -> None:
        for limiter in self.limiters.values():
            limiter.close()
        await super().close()


class ThrottledBucket(PerEndpoint):
    algorithm = RateLimiterType.TOKEN_BUCKET

    async def start(self, setting: Setting) -> None:
        self.throttles: dict[str, Throttled] = {}
        self.store = RedisStore(setting.redis_url, {"CONNECTION_POOL_KWARGS": {"max_connections": CONNECTIONS}})
        await super().start(setting)

    async def add(self, name: str, kind: str, limit: int) -> None:
        self.throttles[name] = Throttled(key=name, using=self.algorithm.value, quota=per_min(limit), store=self.store)

    async def take(self, name: str, amount: int) -> bool:
        return not (await self.throttles[name].limit(cost=amount)).limited


class ThrottledGcra(ThrottledBucket):
    algorithm = RateLimiterType.GCRA


class Aiolimiter(PerEndpoint):
    """Knows its own process alone, so that each gets an equal share."""

    async def start(self, setting: Setting) -> None:
        self.limiters: dict[str, AsyncLimiter] = {}
        await super().start(setting)

    async def add(self, name: str, kind: str, limit: int) -> None:
        self.limiters[name] = AsyncLimiter(limit / self.setting.processes, MINUTE_SECONDS)

    async def take(self, name: str, amount: int) -> bool:
        limiter = self.limiters[name]
        if not limiter.has_capacity(amount):
            return False
        await limiter.acquire(amount)
        return True
