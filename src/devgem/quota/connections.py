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
    """`url` is `redis://` or `rediss://`. One connection, used directly: the ledger asks one thing at a time, bounds
    the time itself, and must not have a command repeated whose answer was lost."""

    def __init__(self, url: str) -> None:
        self._pool = redis.asyncio.ConnectionPool.from_url(
            url, decode_responses=True, socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._connection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # as redis-py has it
        self._keys: Sequence[str] = ()
        self._count = -1
        self._prefix = b""

    async def run(self, text: str, sha: str, keys: Sequence[str], argument: str) -> str:
        connection = self._connection
        try:
            await connection.send_packed_command(self._packed(sha, keys, argument))
            try:
                return str(await connection.read_response())
            except redis.exceptions.NoScriptError:
                await connection.send_command("EVAL", text, len(keys), *keys, argument)
                return str(await connection.read_response())
        except (redis.exceptions.RedisError, OSError) as error:
            raise Unavailable(f"Redis: {error}") from error

    def _packed(self, sha: str, keys: Sequence[str], argument: str) -> bytes:
        """EVALSHA in Redis' protocol (https://redis.io/docs/latest/develop/reference/protocol-spec/). All but the
        argument is as the last time, as a rule."""
        if self._keys is not keys or self._count != len(keys):
            self._keys, self._count = keys, len(keys)
            words = [word.encode() for word in ("EVALSHA", sha, str(len(keys)), *keys)]
            self._prefix = b"*%d\r\n" % (len(words) + 1) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
        data = argument.encode()
        return b"%b$%d\r\n%b\r\n" % (self._prefix, len(data), data)

    async def close(self) -> None:
        await self._connection.disconnect()
        await self._pool.aclose()


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
