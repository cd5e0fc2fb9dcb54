"""The SQLAlchemy engine, set up the same way wherever it is made."""

import sqlite3
from contextlib import closing, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from devgem.domain.errors import InvalidInput, Unavailable

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_CONNECTIONS = 8
_IDLE_SECONDS = 5


def make_engine(url: str, *, busy_seconds: float) -> AsyncEngine:
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, busy_seconds)
    return _postgresql(parsed, busy_seconds)


def check_file(engine: AsyncEngine) -> None:
    """Raises Unavailable, before anything else is begun, when SQLite's file cannot be opened or is no database."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with closing(sqlite3.connect(engine.url.database or "")) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise Unavailable(
            f"the database {engine.url.database!r} cannot be used: {error}",
            fix="See that the file is readable and writable for DevGem; if it is damaged, restore a copy of it.",
            code="database_unavailable",
        ) from error


def trouble(error: sa.exc.DBAPIError) -> Unavailable:
    """What a database error that is no fault of the statement means for the caller."""
    text = str(error.orig)
    if "locked" in text or "lock timeout" in text:
        return Unavailable(
            "the database is locked by another program",
            fix="Find what else has the database open (a backup, a shell, a second DevGem) and end it.",
            code="database_locked",
        )
    if "full" in text or "No space left" in text:
        return Unavailable(
            "the disk that holds the database is full",
            fix="Free space on it; DevGem goes on by itself.",
            code="disk_full",
        )
    return Unavailable(
        f"the database cannot be used: {text.splitlines()[0] if text else type(error.orig).__name__}",
        fix="See that it runs and can be reached; if it is damaged, restore a copy of it.",
        code="database_unavailable",
    )


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        return parsed.set(drivername=_DRIVERS[parsed.get_backend_name()])
    except (sa.exc.ArgumentError, KeyError):
        raise InvalidInput(
            "the database URL is neither of SQLite nor of PostgreSQL",
            fix="Set DATABASE_URL to postgresql://user:password@host/name, or unset it.",
        ) from None


def _postgresql(url: sa.URL, busy_seconds: float) -> AsyncEngine:
    # A process that is stopped in the middle of a transaction must not hold up the others with its locks.
    options = f"-c lock_timeout={busy_seconds}s -c idle_in_transaction_session_timeout={_IDLE_SECONDS}s"
    return create_async_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=_CONNECTIONS,
        pool_pre_ping=True,
        connect_args={"options": f"{url.query.get('options', '')} {options}"},
    )


def _sqlite(url: sa.URL, busy_seconds: float) -> AsyncEngine:
    # isolation_level None: the driver begins no transactions of its own, "begin" below does.
    engine = create_async_engine(
        url,
        pool_size=_CONNECTIONS,
        connect_args={"isolation_level": None, "timeout": busy_seconds},
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # NORMAL in WAL mode keeps what was committed when a process dies: https://www.sqlite.org/pragma.html
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "invalidate")
    def give_up(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # Of a query that was cancelled the statement lives on, and with it the connection that is closed now, and its
        # lock, for as long as anything remembers it: https://www.sqlite.org/c3ref/close.html
        with suppress(sqlite3.Error, ValueError):  # it is closed already
            connection.rollback()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: a reader that turns writer midway would fail instead of wait.
        immediate = connection.get_execution_options().get("devgem_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
