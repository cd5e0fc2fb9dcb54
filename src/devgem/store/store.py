"""The door to the database: transactions, the event log, and followers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cached_property
from typing import Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devgem.store import tables
from devgem.store.analyses import Analyses
from devgem.store.app_settings import SettingsOfApps
from devgem.store.approvals import Approvals
from devgem.store.apps import Apps
from devgem.store.batch import Batch
from devgem.store.callers import Callers
from devgem.store.calls import Calls
from devgem.store.commit_reports import CommitReports
from devgem.store.config_vars import ConfigVars
from devgem.store.conversations import Conversations
from devgem.store.deliveries import Deliveries
from devgem.store.deployments import Deployments
from devgem.store.domains import Domains
from devgem.store.durations import Durations
from devgem.store.engine import check_file, make_engine, trouble
from devgem.store.events import Events, Fact, StreamState
from devgem.store.follow import Feeds
from devgem.store.github_grants import GitHubGrants
from devgem.store.grants import Grants
from devgem.store.histories import Histories
from devgem.store.idempotency import Idempotency
from devgem.store.migrate import migrate, renew_epoch
from devgem.store.notes import CloudNotes
from devgem.store.owners import Scope
from devgem.store.pull_requests import PullRows
from devgem.store.replicas import Replicas
from devgem.store.revisions import Builds, Revisions
from devgem.store.sessions import Sessions
from devgem.store.sign_ins import SignIns
from devgem.store.spending import Spending
from devgem.store.user_keys import UserKeys
from devgem.store.users import Users
from devgem.store.vault import Vault
from devgem.store.workspaces import Workspaces

_FAULTS = (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError)
"""Errors that say that a statement is wrong, and not that the database is in trouble."""


class Transaction:
    """What can be read and written, noun by noun, all or nothing."""

    def __init__(self, connection: AsyncConnection, vault: Vault, owner: str | None = None) -> None:
        self._connection = connection
        self._vault = vault
        self._scope = Scope(owner)

    @cached_property
    def events(self) -> Events:
        return Events(self._connection)

    @cached_property
    def apps(self) -> Apps:
        return Apps(self._connection, self._scope, self.events)

    @cached_property
    def deployments(self) -> Deployments:
        return Deployments(self._connection, self.events, self._scope)

    @cached_property
    def revisions(self) -> Revisions:
        return Revisions(self._connection, self._vault, self._scope)

    @cached_property
    def builds(self) -> Builds:
        return Builds(self._connection)

    @cached_property
    def config_vars(self) -> ConfigVars:
        return ConfigVars(self._connection, self._vault, self._scope)

    @cached_property
    def durations(self) -> Durations:
        return Durations(self._connection)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self._connection, self._scope)

    @cached_property
    def workspaces(self) -> Workspaces:
        return Workspaces(self._connection, self._scope)

    @cached_property
    def histories(self) -> Histories:
        return Histories(self._connection, self._vault, self._scope)

    @cached_property
    def calls(self) -> Calls:
        return Calls(self._connection)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self._connection, self._vault, self._scope)

    @cached_property
    def users(self) -> Users:
        return Users(self._connection)

    @cached_property
    def github_grants(self) -> GitHubGrants:
        return GitHubGrants(self._connection, self._vault)

    @cached_property
    def sign_ins(self) -> SignIns:
        return SignIns(self._connection, self._vault)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._connection)

    @cached_property
    def grants(self) -> Grants:
        return Grants(self._connection, self._vault)

    @cached_property
    def callers(self) -> Callers:
        return Callers(self._connection)

    @cached_property
    def spending(self) -> Spending:
        return Spending(self._connection)

    @cached_property
    def analyses(self) -> Analyses:
        return Analyses(self._connection)

    @cached_property
    def user_keys(self) -> UserKeys:
        return UserKeys(self._connection, self._vault)

    @cached_property
    def replicas(self) -> Replicas:
        return Replicas(self._connection)

    @cached_property
    def domains(self) -> Domains:
        return Domains(self._connection)

    @cached_property
    def cloud_notes(self) -> CloudNotes:
        return CloudNotes(self._connection)

    @cached_property
    def settings(self) -> SettingsOfApps:
        return SettingsOfApps(self._connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self._connection)

    @cached_property
    def commit_reports(self) -> CommitReports:
        return CommitReports(self._connection)

    @cached_property
    def pull_requests(self) -> PullRows:
        return PullRows(self._connection)

    @cached_property
    def idempotency(self) -> Idempotency:
        return Idempotency(self._connection)


class Store:
    """One database. `url` is `sqlite:///<path>` or `postgresql://...`. SQLite has one writer: within this process
    writers take turns, and a writer of another process is waited for, at most `busy_seconds`."""

    def __init__(self, engine: AsyncEngine, vault: Vault, epoch: str, *, poll_seconds: float) -> None:
        self._engine = engine
        self._turn: AbstractAsyncContextManager[None] = (
            asyncio.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )
        self._feeds = Feeds(self._read_page, self._read_heads, poll_seconds=poll_seconds)
        self.vault = vault
        self.epoch = epoch
        """Names this history of the database: clients that knew another one must start anew."""

    @classmethod
    async def open(cls, url: str, *, key: bytes, busy_seconds: float = 60.0, poll_seconds: float = 0.25) -> Self:
        """Makes the database or brings its tables up to date. Raises Unavailable when it cannot be reached."""
        vault = Vault(key)
        engine = make_engine(url, busy_seconds=busy_seconds)
        check_file(engine)
        try:
            epoch = await migrate(engine)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, vault, epoch, poll_seconds=poll_seconds)

    async def close(self) -> None:
        await self._feeds.close()
        await self._engine.dispose()

    @asynccontextmanager
    async def write(self, *, owner: str | None = None) -> AsyncIterator[Transaction]:
        """Commits at the end, unless the block raises; then announces what was appended to the log. Of apps and
        conversations, and of all that hangs on them, only `owner`'s are there; everybody's where that is None."""
        async with self._turn:
            async with self._connected(write=True) as connection, connection.begin():
                transaction = Transaction(connection, self.vault, owner)
                yield transaction
            self._feeds.announce(transaction.events.appended)

    @asynccontextmanager
    async def read(self, *, owner: str | None = None) -> AsyncIterator[Transaction]:
        """Nothing that is written in it is kept. `owner` as in `write`."""
        async with self._connected(write=False) as connection:
            yield Transaction(connection, self.vault, owner)

    async def owner_of(self, conversation: str) -> str:
        """Whose conversation it is: whatever is done in it is done as that user. Raises NotFound."""
        async with self.read() as transaction:
            owner = (await transaction.conversations.get(conversation)).owner
        assert owner is not None, "a stored one has an owner"
        return owner

    async def append(self, stream: str, facts: Sequence[Fact], *, also: Sequence[str] = ()) -> Batch:
        """Appends facts in a transaction of their own; see Events.append. Waits while the database is busy: that is
        the back-pressure on whoever makes the facts."""
        async with self.write() as transaction:
            return await transaction.events.append(stream, facts, also=also)

    async def events(self, stream: str, *, after: int = 0, limit: int = 1000) -> Batch:
        """See Events.read."""
        async with self.read() as transaction:
            return await transaction.events.read(stream, after=after, limit=limit)

    async def state(self, stream: str) -> StreamState:
        async with self.read() as transaction:
            return await transaction.events.state(stream)

    def follow(self, stream: str, *, after: int = 0) -> AsyncGenerator[Batch, None]:
        """All events with a seq > `after`, then those to come, in batches. A batch that does not begin at the seq
        after the last one tells that what lies between was trimmed. Close it (contextlib.aclosing) when done."""
        return self._feeds.follow(stream, after)

    async def renew_epoch(self) -> None:
        """To be called after the database was restored from a copy."""
        async with self._connected(write=True) as connection, connection.begin():
            self.epoch = await renew_epoch(connection)

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        async with self._connected(write=False) as connection:
            await connection.execute(sa.select(1))

    async def _read_page(self, stream: str, after: int) -> Batch:
        return await self.events(stream, after=after)

    async def _read_heads(self, names: Collection[str]) -> Mapping[str, int]:
        query = sa.select(tables.streams.c.name, tables.streams.c.head).where(tables.streams.c.name.in_(names))
        async with self._connected(write=False) as connection:
            return {row.name: row.head for row in await connection.execute(query)}

    @asynccontextmanager
    async def _connected(self, *, write: bool) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(devgem_write=write)
                yield connection
        except sa.exc.DBAPIError as error:
            if isinstance(error, _FAULTS):
                raise
            raise trouble(error) from error
