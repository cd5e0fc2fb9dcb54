"""Brings the tables up to date when DevGem starts."""

import asyncio
import secrets
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devgem.domain.errors import Unavailable
from devgem.store import tables
from devgem.store.engine import trouble

_ATTEMPTS = 5
_ADVISORY_LOCK = 0x64657667656D  # "devgem"


async def migrate(engine: AsyncEngine) -> str:
    """Returns the epoch. On PostgreSQL a table that a long query holds is waited for 3 seconds at a time, so that
    other programs' queries do not queue up behind the migration. Raises Unavailable when it cannot be done."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    await connection.execute(sa.text("SET LOCAL lock_timeout = '3s'"))
                    await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
                await connection.run_sync(_upgrade)
                return await _epoch(connection)
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            unavailable = trouble(error)
            if unavailable.code != "database_locked" or attempt == _ATTEMPTS:
                raise unavailable from error
        await asyncio.sleep(0.2 * attempt)
    raise AssertionError("unreachable")


async def renew_epoch(connection: AsyncConnection) -> str:
    epoch = secrets.token_hex(8)
    await connection.execute(sa.delete(tables.meta).where(tables.meta.c.name == "epoch"))
    await connection.execute(sa.insert(tables.meta).values(name="epoch", value=epoch))
    return epoch


async def _epoch(connection: AsyncConnection) -> str:
    found = (await connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.name == "epoch"))).scalar()
    return str(found) if found else await renew_epoch(connection)


def _upgrade(connection: sa.Connection) -> None:
    # Alembic takes a while to import, and only the start of a server needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Unavailable(
            f"the database cannot be brought up to date: {error}",
            fix="It was made by a newer DevGem: update this one.",
            code="database_too_new",
        ) from error
