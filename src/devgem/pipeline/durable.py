"""Workflows that go on where they were after the process has died. The only module that knows DBOS.

A workflow is an async function of JSON values that does everything in steps; a step whose result is recorded is not
run again. Cancelling the task that runs a workflow leaves it pending: it is taken up at the next start.
DBOS is one per process, so there can be one started `Durable` per process.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._serialization import DBOSPortableJSONSerializer

from devgem.domain.ids import new_id

R = TypeVar("R")
Workflow = Callable[..., Coroutine[Any, Any, None]]

# A workflow keeps to the version that began it, so this changes only together with a way to finish the old ones.
_VERSION = "pipeline-1"
_ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")
_BUSY_MILLISECONDS = 60_000


class Durable:
    """`url` is `sqlite:///<path>`, a file of its own, or `postgresql://...`, which several processes may share.
    `executor` names this process. With SQLite it is the same at every start, so the next one takes up what this one
    leaves; with PostgreSQL it is another one at every start, and the others take it up."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self.is_shared = self._url.get_backend_name() != "sqlite"
        self.executor = new_id("replica") if self.is_shared else "local"
        self._engine: sa.Engine | None = None
        self._workflows: dict[str, Workflow] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def start(self, workflows: Mapping[str, Workflow]) -> None:
        """Takes up what is pending. `workflows` by the name that they are recorded under."""
        _quieten()
        self._engine = None if self.is_shared else _sqlite_engine(self._url)
        config: DBOSConfig = {
            "name": "devgem",
            "system_database_engine": self._engine,
            "system_database_url": self._url.render_as_string(hide_password=False),
            "application_version": _VERSION,
            "executor_id": self.executor,
            "sys_db_idle_transaction_timeout_sec": 5.0,  # a process that is stopped must not hold up the others
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "use_listen_notify": False,  # nothing here waits for a message, and PgBouncer could not carry one
            "notification_listener_polling_interval_sec": 0.1,  # bounds how long a stop takes; idle, it only sleeps
        }
        DBOS(config=config)
        for name, workflow in workflows.items():
            self._workflows[name] = DBOS.workflow(name=name)(self._tracked(workflow))
        # On the loop's own thread: workflows run on the loop that DBOS finds here.
        DBOS.launch()

    async def close(self) -> None:
        """Stops what runs, leaving it pending."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1) as own_thread:  # destroy blocks, and ends the loop's default executor
            await loop.run_in_executor(own_thread, lambda: DBOS.destroy(destroy_registry=True))
        loop.set_default_executor(ThreadPoolExecutor())
        if self._engine is not None:
            self._engine.dispose()

    async def run(self, workflow: str, id: str, *arguments: str | int | None) -> None:
        """Begins a workflow, unless there is one with this id. Not to be called from within a workflow."""
        with SetWorkflowID(id):
            await DBOS.start_workflow_async(self._workflows[workflow], *arguments)

    async def step(self, name: str, body: Callable[[], Awaitable[R]]) -> R:
        """Within a workflow: the recorded result of this step, or that of `body`, a JSON value, which it records."""

        async def run() -> R:
            return await body()

        return await DBOS.run_step_async({"name": name}, run)

    async def is_active(self, id: str) -> bool | None:
        """Whether a workflow is going to end by itself; None when there is no such workflow."""
        status = await DBOS.get_workflow_status_async(id)
        return status.status in _ACTIVE if status else None

    async def take_up(self, executor: str) -> bool:
        """Takes up what a dead process has left; returns whether nothing of it is left."""
        # Plain DBOS recovers its own executor's workflows only, and gives no public way to another's that keeps
        # their place: https://github.com/dbos-inc/dbos-transact-py/issues/716
        await asyncio.to_thread(DBOS._recover_pending_workflows, [executor])
        return not await DBOS.list_workflows_async(status="PENDING", executor_id=executor, limit=1)

    def _tracked(self, workflow: Workflow) -> Workflow:
        async def tracked(*arguments: Any) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                await workflow(*arguments)
            finally:
                self._running.discard(task)

        return tracked


class _Brief(logging.Filter):
    """DBOS reports every error with its traceback, and a stop as many warnings; our own log has what matters."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return "Asyncio task cancelled" not in record.getMessage()


def _quieten() -> None:
    logger = logging.getLogger("dbos")
    if not any(isinstance(held, _Brief) for held in logger.filters):
        logger.addFilter(_Brief())
        logger.addHandler(logging.NullHandler())  # keeps DBOS from adding one of its own that writes to stderr


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    assert url.database is not None
    connection = sqlite3.connect(url.database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("synchronous=NORMAL", f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
