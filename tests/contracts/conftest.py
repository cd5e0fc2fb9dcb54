"""Stores over every database that DevGem runs on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devgem.store import Store
from tests.contracts.postgres import Server, running_server

KEY = b"k" * 32


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'devgem.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url, key=KEY)
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(store: Store, database_url: str) -> AsyncIterator[Store]:
    """The same database as another process sees it."""
    opened = await Store.open(database_url, key=KEY, poll_seconds=0.02)
    yield opened
    await opened.close()
