"""Single commands to the Redis that replicas share, over TCP or over Upstash's REST interface, never repeated."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from devgem.config import Settings
from devgem.domain.errors import Unavailable


class Commands(Protocol):
    async def execute(self, *words: str) -> Any:
        """Raises Unavailable for whatever goes wrong."""
        ...

    async def close(self) -> None: ...


def commands(settings: Settings) -> Commands | None:
    """None where no Redis is set. What it needs is imported at the first command."""
    if settings.upstash_url and settings.upstash_token is not None:
        url, token = settings.upstash_url, settings.upstash_token.get_secret_value()
        return _Late(lambda: _OverRest(url, token))
    if settings.redis_url is not None:
        address = settings.redis_url.get_secret_value()
        return _Late(lambda: _OverTcp(address))
    return None


class _Late:
    def __init__(self, open: Callable[[], Commands]) -> None:
        self._open = open
        self._opened: asyncio.Task[Commands] | None = None

    async def execute(self, *words: str) -> Any:
        if self._opened is None:
            self._opened = asyncio.create_task(asyncio.to_thread(self._open))
        return await (await asyncio.shield(self._opened)).execute(*words)

    async def close(self) -> None:
        if self._opened is not None:
            await (await self._opened).close()


class _OverTcp:
    def __init__(self, url: str) -> None:
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._errors = (redis.RedisError, OSError)
        self._client = redis.asyncio.Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0))

    async def execute(self, *words: str) -> Any:
        try:
            return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]  # as redis-py has it
        except self._errors as error:
            raise Unavailable(f"Redis: {error}") from error

    async def close(self) -> None:
        await self._client.aclose()


class _OverRest:
    def __init__(self, url: str, token: str) -> None:
        import httpx
        from upstash_redis.asyncio import Redis
        from upstash_redis.errors import UpstashError

        self._errors = (UpstashError, httpx.HTTPError, OSError, ValueError)
        self._client = Redis(url=url, token=token, rest_retries=0, allow_telemetry=False)

    async def execute(self, *words: str) -> Any:
        try:
            return await self._client.execute(list(words))
        except self._errors as error:
            raise Unavailable(f"Upstash: {error}") from error

    async def close(self) -> None:
        await self._client.close()
