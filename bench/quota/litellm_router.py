"""LiteLLM's router, asked for its decision alone: which deployment, and whether its limits let the call through.

Settling is its own success callback, told what the call used. Callbacks are global to LiteLLM: each router here puts
its own in place before it decides, so that several may take turns in one process, but not run side by side.
"""

import logging
from functools import lru_cache
from time import monotonic
from uuid import uuid4

import litellm
from litellm.exceptions import RateLimitError, Timeout
from litellm.integrations.custom_logger import CustomLogger
from litellm.router import Router
from litellm.router_utils.pre_call_checks.io_token_rate_limit_check import set_io_token_rate_limit_request_kwargs
from litellm.scheduler import FlowItem
from litellm.types.router import RouterRateLimitError

from bench.quota.adapter import REGIONS, Grant, Pool, Setting, retry

MODEL = "vertex_ai/gemini-bench"
POLLING_SECONDS = 0.1  # of its scheduler; 3 ms of its own would drown the machine


@lru_cache(maxsize=16)
def messages_of(tokens: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": "hello " * tokens}]


class UsageBased:
    strategy = "usage-based-routing-v2"
    checks: tuple[str, ...] = ()
    tokens_limit = "tpm"

    async def start(self, setting: Setting) -> None:
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        litellm.suppress_debug_info = True
        litellm.callbacks = []
        self.setting = setting
        host, _, port = setting.redis_url.removeprefix("redis://").partition(":")
        self.router = Router(
            model_list=[deployment for pool in setting.pools for deployment in self._deployments(pool)],
            routing_strategy=self.strategy,  # type: ignore[arg-type]  # one of its literals
            redis_host=host,
            redis_port=int(port),
            optional_pre_call_checks=list(self.checks) or None,  # type: ignore[arg-type]  # a list of literals
            polling_interval=POLLING_SECONDS,
        )
        self.callbacks = litellm.callbacks

    def _deployments(self, pool: Pool) -> list[dict[str, object]]:
        limits = {"rpm": pool.rpm, self.tokens_limit: pool.tpm}
        params = {"model": MODEL, "api_key": "none"} | {key: limit for key, limit in limits.items() if limit}
        return [
            {
                "model_name": f"{self.setting.run}-{pool.name}",
                "litellm_params": params,
                "model_info": {"id": f"{self.setting.run}/{endpoint}"},
            }
            for endpoint in pool.endpoints
        ]

    async def acquire(self, pool: Pool, priority: int, tokens: int, timeout_seconds: float) -> Grant | None:
        return await retry(lambda: self.attempt(pool, priority, tokens), timeout_seconds)

    async def attempt(self, pool: Pool, priority: int, tokens: int) -> Grant | None:
        """A refused deployment cools down, and its retries pick another: as many as there are."""
        litellm.callbacks = self.callbacks
        messages = messages_of(tokens)
        for _ in REGIONS:
            request: dict[str, object] = {"messages": messages, "max_tokens": 0, "metadata": {}}
            set_io_token_rate_limit_request_kwargs(request)
            try:
                chosen = await self.router.async_get_available_deployment(
                    f"{self.setting.run}-{pool.name}", request_kwargs=request, messages=messages
                )
            except (RateLimitError, RouterRateLimitError):
                return None
            try:
                await self.router.async_routing_strategy_pre_call_checks(chosen, None)
            except RateLimitError:
                continue
            return Grant(chosen["model_info"]["id"].rpartition("/")[2], tokens, (pool.name, request["metadata"]))
        return None

    async def settle(self, grant: Grant, tokens: int) -> None:
        assert isinstance(grant.handle, tuple)
        pool, metadata = grant.handle
        told = {
            "metadata": metadata,
            "standard_logging_object": {
                "model_group": f"{self.setting.run}-{pool}",
                "model_id": f"{self.setting.run}/{grant.endpoint}",
                "hidden_params": {"litellm_model_name": MODEL},
                "total_tokens": tokens,
            },
        }
        usage = {"usage": {"prompt_tokens": tokens, "completion_tokens": 0}}
        for callback in self.callbacks:
            assert isinstance(callback, CustomLogger)
            await callback.async_log_success_event(told, usage, None, None)  # type: ignore[no-untyped-call]  # theirs

    async def close(self) -> None:
        self.router.discard()  # type: ignore[no-untyped-call]  # theirs


class Enforced(UsageBased):
    """Without usage-based routing, beside which it would count every call twice, and half of the limit be lost."""

    strategy = "simple-shuffle"
    checks = ("enforce_model_rate_limits",)


class UsageBasedEnforced(UsageBased):
    checks = ("enforce_model_rate_limits",)


class InputTokens(Enforced):
    """Its only limit that reserves an estimate before the call."""

    tokens_limit = "itpm"


class Scheduled(Enforced):
    """Its queue by priority, in front of each attempt."""

    async def acquire(self, pool: Pool, priority: int, tokens: int, timeout_seconds: float) -> Grant | None:
        deadline = monotonic() + timeout_seconds
        model = f"{self.setting.run}-{pool.name}"

        async def healthy() -> list[dict[str, object]]:
            return (await self.router._async_get_healthy_deployments(model=model, parent_otel_span=None))[0]

        async def attempt() -> Grant | None:
            item = FlowItem(priority=priority, request_id=str(uuid4()), model_name=model)
            try:
                await self.router.scheduler.wait_for_turn(item, max(0.0, deadline - monotonic()), healthy)
            except Timeout:
                return None
            return await self.attempt(pool, priority, tokens)

        return await retry(attempt, timeout_seconds)
