"""LiteLLM's proxy: its dynamic rate limiter, which keeps a share of a group's limits for each class."""

import litellm
from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth
from litellm.proxy.hooks.dynamic_rate_limiter_v3 import _PROXY_DynamicRateLimitHandlerV3

from bench.quota.adapter import Grant, Pool, Setting
from bench.quota.litellm_router import UsageBased

CLASSES = ("deploy", "analyze", "chat", "background")
SHARES = {"deploy": 0.4, "chat": 0.35, "background": 0.25}


class Reserved(UsageBased):
    """Shares hold once half of the limits is used, as is its default."""

    async def start(self, setting: Setting) -> None:
        await super().start(setting)
        litellm.priority_reservation = dict(SHARES)
        self.limiter = _PROXY_DynamicRateLimitHandlerV3(self.router.cache)
        self.limiter.update_variables(self.router)
        self.keys = [UserAPIKeyAuth(metadata={"priority": name}) for name in CLASSES]

    async def attempt(self, pool: Pool, priority: int, tokens: int) -> Grant | None:
        request = {"model": f"{self.setting.run}-{pool.name}", "metadata": {}}
        try:
            await self.limiter.async_pre_call_hook(self.keys[priority], self.router.cache, request, "acompletion")
        except HTTPException:
            return None
        return await super().attempt(pool, priority, tokens)
