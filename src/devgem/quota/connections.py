"""How the script reaches Redis: over TCP, or over Upstash's REST interface."""

import asyncio
from collections.abc import Callable, Sequence

import httpx
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from upstash_redis.asyncio import Redis as Upstash
from upstash_redis.errors import UpstashError

from devgem.domain.errors import Unavailable
from devgem.quota.redis import RedisLedger
from devgem.quota.shared import SharedLedger


class TcpConnection:
    """`url` is `redis://` or `rediss://`. Nothing is retried: a command whose answer was lost may have been done. The
    ledger bounds the time, and asks one thing at a time: one connection is enough."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            single_connection_client=True,
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )

    async def run(self, text: str, sha: str, keys: Sequence[str], argument: str) -> str:
        try:
            try:
                return str(await self._client.evalsha(sha, len(keys), *keys, argument))
            except redis.exceptions.NoScriptError:
                return str(await self._client.eval(text, len(keys), *keys, argument))
        except (redis.exceptions.RedisError, OSError) as error:
            raise Unavailable(f"Redis: {error}") from error

    async def close(self) -> None:
        await self._client.aclose()


class RestConnection:
    """Upstash over HTTPS. Its own retries are off: they would repeat what may have been done already."""

    def __init__(self, url: str, token: str) -> None:
        self._client = Upstash(url=url, token=token, rest_retries=0, allow_telemetry=False)

    async def run(self, text: str, sha: str, keys: Sequence[str], argument: str) -> str:
        try:
            try:
                return str(await self._client.evalsha(sha, keys=list(keys), args=[argument]))
            except UpstashError as error:
                if "NOSCRIPT" not in str(error):
                    raise
                return str(await self._client.eval(text, keys=list(keys), args=[argument]))
        except (UpstashError, httpx.HTTPError, OSError, ValueError) as error:
            raise Unavailable(f"Upstash: {error}") from error

    async def close(self) -> None:
        await asyncio.shield(self._client.close())


def over_tcp(url: str, *, processes: Callable[[], int] = lambda: 1) -> SharedLedger:
    """A ledger in the Redis at `url`, shared with every process that uses it."""
    connection = TcpConnection(url)
    return SharedLedger(RedisLedger(connection.run), connection.close, processes=processes)


def over_rest(url: str, token: str, *, processes: Callable[[], int] = lambda: 1) -> SharedLedger:
    """The same over Upstash's REST interface."""
    connection = RestConnection(url, token)
    return SharedLedger(RedisLedger(connection.run), connection.close, processes=processes)
