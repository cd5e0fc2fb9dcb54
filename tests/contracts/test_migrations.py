"""The tables that migrations make are those that the code knows."""

import asyncio
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from devgem.domain.errors import InvalidInput, Unavailable
from devgem.store import Store
from devgem.store.tables import metadata
from tests.contracts.conftest import KEY
from tests.contracts.postgres import Server


async def opened_and_closed(url: str) -> None:
    store = await Store.open(url, key=KEY)
    await store.close()


async def test_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    await opened_and_closed(database_url)
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


async def test_a_database_of_a_newer_devgem_is_left_alone(database_url: str) -> None:
    await opened_and_closed(database_url)
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(Unavailable, match="9999") as raised:
        await Store.open(database_url, key=KEY)
    assert "newer DevGem" in raised.value.fix


async def test_many_processes_may_start_at_once(database_url: str) -> None:
    await asyncio.gather(*(opened_and_closed(database_url) for _ in range(4)))


async def test_a_migration_gives_way_to_a_long_query_and_comes_back(postgres: Server) -> None:
    """F-25"""
    url = postgres.new_database()
    await opened_and_closed(url)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        opening = asyncio.create_task(opened_and_closed(url))
        done, _ = await asyncio.wait({opening}, timeout=4)
        assert not done
        holder.rollback()
    await asyncio.wait_for(opening, 10)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", ""])
async def test_a_database_url_of_another_kind_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        await Store.open(url, key=KEY)
    assert "DATABASE_URL" in raised.value.fix


async def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        await Store.open(f"sqlite:///{tmp_path / 'missing' / 'devgem.db'}", key=KEY)
    with pytest.raises(Unavailable, match="cannot be used"):
        await Store.open("postgresql://devgem@127.0.0.1:1/devgem", key=KEY)
