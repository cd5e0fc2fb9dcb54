"""DevGem's engine."""

from bench.quota.adapter import Grant, Pool, Setting
from devgem.quota import Ask, Endpoint, Lease, Ledger, Limits, Outcome, Priority, Verdict
from devgem.quota.connections import over_tcp
from devgem.quota.memory import MemoryLedger
from devgem.quota.quota import Quota


class InProcess:
    async def start(self, setting: Setting) -> None:
        self.ledger = await self.open(setting)
        self.quota = Quota(self.ledger)
        self.endpoints = {pool: endpoints_of(pool) for pool in setting.pools}

    async def open(self, setting: Setting) -> Ledger:
        return MemoryLedger()

    async def acquire(self, pool: Pool, priority: int, tokens: int, timeout_seconds: float) -> Grant | None:
        ask = Ask(Priority(priority), tokens, 0, self.endpoints[pool])
        lease = await self.quota.acquire(ask, within_seconds=timeout_seconds)
        return Grant(lease.endpoint.id, tokens, lease) if isinstance(lease, Lease) else None

    async def settle(self, grant: Grant, tokens: int) -> None:
        assert isinstance(grant.handle, Lease)
        await self.quota.settle(grant.handle, Outcome(Verdict.OK, tokens, 0))

    async def close(self) -> None:
        await self.quota.close()


class Engine(InProcess):
    async def open(self, setting: Setting) -> Ledger:
        return over_tcp(setting.redis_url, processes=lambda: setting.processes)


def endpoints_of(pool: Pool) -> tuple[Endpoint, ...]:
    limits = Limits(rpm=pool.rpm, tpm=pool.tpm)
    return tuple(Endpoint(name, "vertex", "gemini-bench", name, limits) for name in pool.endpoints)
