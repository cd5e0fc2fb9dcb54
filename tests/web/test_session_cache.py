"""Sessions in a real Redis in front of the database, over TCP and over REST."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from starlette.requests import HTTPConnection

from devgem.config import Settings
from devgem.domain.errors import NotSignedIn
from devgem.store import Store
from devgem.web.session_cache import SessionCache
from devgem.web.sign_in import COOKIE, SignIn
from devgem.wiring.redis import Commands, commands
from tests.quota.server import RedisServer, running_redis
from tests.standins.upstash import TOKEN, running_upstash

# What is tried here is what is found where, not how fast a busy machine is.
PATIENCE_SECONDS = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture(params=["tcp", "rest"])
async def cache_commands(request: pytest.FixtureRequest, server: RedisServer) -> AsyncIterator[Commands]:
    if request.param == "tcp":
        found = commands(Settings(REDIS_URL=server.url))  # type: ignore[call-arg]
        assert found is not None
        yield found
        await found.close()
        return
    async with running_upstash(server.url) as (_, url):
        found = commands(Settings(UPSTASH_REDIS_REST_URL=url, UPSTASH_REDIS_REST_TOKEN=TOKEN))  # type: ignore[call-arg]
        assert found is not None
        yield found
        await found.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'db'}", key=b"k" * 32)
    yield opened
    await opened.close()


def browser(token: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", f"{COOKIE}={token}".encode())]})


async def test_a_session_is_found_in_redis_and_in_the_database_when_redis_forgot(
    store: Store, cache_commands: Commands, server: RedisServer
) -> None:
    """F-12: nobody is signed out because a cache was emptied."""
    sign_in = SignIn(store, "operator's", SessionCache(cache_commands.execute, PATIENCE_SECONDS))
    token = await sign_in.redeem(sign_in.new_code())
    first = await sign_in.require(browser(token))
    with redis.Redis(port=server.port) as client:
        assert client.exists(f"devgem:session:{first.session}")
        client.flushall()
    assert await sign_in.require(browser(token)) == first


async def test_a_revoked_session_is_gone_from_redis_too(store: Store, cache_commands: Commands) -> None:
    sign_in = SignIn(store, "operator's", SessionCache(cache_commands.execute, PATIENCE_SECONDS))
    token = await sign_in.redeem(sign_in.new_code())
    identity = await sign_in.require(browser(token))
    assert identity.session is not None
    await sign_in.revoke(identity.user, identity.session)
    with pytest.raises(NotSignedIn):
        await sign_in.require(browser(token))


async def test_without_redis_sessions_come_from_the_database(store: Store) -> None:
    """F-10"""
    gone = commands(Settings(REDIS_URL="redis://127.0.0.1:1/0"))  # type: ignore[call-arg]
    assert gone is not None
    sign_in = SignIn(store, "operator's", SessionCache(gone.execute))
    token = await sign_in.redeem(sign_in.new_code())
    assert (await sign_in.require(browser(token))).user == "operator"
    async with store.read() as transaction:
        assert len(await transaction.sessions.of("operator", now=datetime.now(UTC), idle=_DAY)) == 1
    await gone.close()


_DAY = datetime(2026, 1, 2, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC)
