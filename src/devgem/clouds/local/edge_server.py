"""The edge process's control socket. Every operation is idempotent, and outlives the one that asked for it.

Control may die at any moment: what changes what runs goes on to its end without it, and only what merely tells how
things go (`verify`, `facts`) ends with the connection.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from devgem.clouds.local import trees, wire
from devgem.clouds.local.edge_state import Seal, States
from devgem.clouds.local.facts import Facts
from devgem.clouds.local.release import Parts
from devgem.clouds.local.spec import Spec
from devgem.clouds.local.supervisor import Supervisor
from devgem.clouds.local.wire import EdgePaths, Frame
from devgem.domain.errors import Conflict, DevGemError, InvalidInput, NotFound, Unavailable

T = TypeVar("T")
Call = Callable[[Frame], Awaitable[Any]]
Telling = Callable[[Frame], AsyncGenerator[Any, None]]

_log = logging.getLogger(__name__)
_SOCKET_PATH_BYTES = 100
"""unix(7): sun_path holds 104 bytes on macOS, 108 on Linux."""


async def serve_edge(paths: EdgePaths, parts: Parts[T], seal: Seal, unseal: Seal, *, version: str) -> None:
    """Runs the edge until it is told to shut down or is cancelled; then closes the gateway and stops the apps, which
    come back with the next edge. The gateway listens already. Raises Conflict when an edge runs on this data folder,
    Unavailable when what the last one left cannot be read."""
    with _locked(paths):
        parts = replace(parts, name="edge-" + hashlib.sha256(os.fsencode(paths.root.resolve())).hexdigest()[:12])
        await asyncio.to_thread(parts.sandbox.isolation.cgroups.sweep, [parts.name])
        await trees.remove(paths.work)
        supervisor = Supervisor(parts, States(paths.states, seal, unseal), paths, Facts(paths.facts))
        try:
            supervisor.recover()
        except ValueError as error:
            raise Unavailable(f"what the edge kept cannot be read: {error}", fix="Check DEVGEM_SECRET_KEY.") from error
        operations = Operations(supervisor, version)
        server = await _listen(paths, operations)
        pruning = asyncio.create_task(supervisor.prune())
        try:
            await operations.shut_down.wait()
        finally:
            pruning.cancel()
            server.close()
            paths.socket.unlink(missing_ok=True)
            await parts.router.close(parts.grace_seconds)
            await operations.close()
            await supervisor.close()


@contextlib.contextmanager
def _locked(paths: EdgePaths) -> Iterator[None]:
    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with paths.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"an edge already runs on {paths.root}", fix="Use it, or `devgem down`.") from None
        yield


async def _listen(paths: EdgePaths, operations: "Operations[T]") -> asyncio.Server:
    if len(os.fsencode(paths.socket)) > _SOCKET_PATH_BYTES:
        raise Unavailable(f"{paths.socket} is too long for a socket", fix="Choose a shorter --data-dir.")
    paths.socket.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(
            lambda reader, writer: Connection(operations, reader, writer).serve(),
            paths.socket,
            limit=wire.LINE_BYTES,
        )
    finally:
        os.umask(before)


class Operations(Generic[T]):
    """What can be asked for, by name. `calls` answer once and run to their end; `tellings` tell how things go."""

    def __init__(self, supervisor: Supervisor[T], version: str) -> None:
        self.shut_down = asyncio.Event()
        self.connections: set[Connection[T]] = set()
        self._supervisor = supervisor
        self._version = version
        self._running: set[asyncio.Task[Any]] = set()
        self.calls: Mapping[str, Call] = {
            "ping": self._ping,
            "release": self._release,
            "shift": self._shift,
            "restart": self._restart,
            "discard": self._discard,
            "delete": self._delete,
            "instances": self._instances,
            "signals": self._signals,
            "attach": self._attach,
            "detach": self._detach,
            "metrics": self._metrics,
            "acknowledge": self._acknowledge,
            "shutdown": self._shutdown,
        }
        self.tellings: Mapping[str, Telling] = {"verify": self._verify, "facts": self._facts}

    def run(self, call: Call, ask: Frame) -> "asyncio.Task[Any]":
        """Owned by the edge, not by the connection that it came from."""
        task = asyncio.ensure_future(call(ask))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        await asyncio.gather(*(connection.close() for connection in self.connections))

    async def _ping(self, ask: Frame) -> Frame:
        isolation = self._supervisor.parts.sandbox.isolation
        return {"version": self._version, "pid": os.getpid(), "isolation": isolation.level.value}

    async def _release(self, ask: Frame) -> Frame | None:
        spec = Spec.from_json(ask["spec"])
        failure = await self._supervisor.app_or_new(spec.app).release(spec)
        return failure.to_json() if failure else None

    async def _verify(self, ask: Frame) -> AsyncGenerator[Frame, None]:
        async with aclosing(self._supervisor.app(ask["app"]).verify(ask["number"])) as course:
            async for item in course:
                yield wire.item_to_json(item)

    async def _shift(self, ask: Frame) -> None:
        shares = {int(number): share for number, share in ask["shares"].items()}
        await self._supervisor.app(ask["app"]).shift(shares)

    async def _restart(self, ask: Frame) -> None:
        await self._supervisor.app(ask["app"]).restart()

    async def _discard(self, ask: Frame) -> None:
        with contextlib.suppress(NotFound):
            await self._supervisor.app(ask["app"]).discard(ask["number"])

    async def _delete(self, ask: Frame) -> None:
        await self._supervisor.delete(ask["app"])

    async def _instances(self, ask: Frame) -> list[Frame]:
        try:
            return [wire.instance_to_json(one) for one in self._supervisor.app(ask["app"]).instances()]
        except NotFound:
            return []

    async def _signals(self, ask: Frame) -> Frame:
        return wire.signals_to_json(self._supervisor.parts.router.signals(ask["app"]))

    async def _metrics(self, ask: Frame) -> Frame:
        window = timedelta(seconds=ask["seconds"])
        return wire.metrics_to_json(self._supervisor.parts.router.metrics(ask["app"], window))

    async def _attach(self, ask: Frame) -> None:
        self._supervisor.hosts.attach(ask["host"], ask["app"])

    async def _detach(self, ask: Frame) -> None:
        self._supervisor.hosts.detach(ask["host"], ask["app"])

    async def _facts(self, ask: Frame) -> AsyncGenerator[Frame, None]:
        seq = ask["after"]
        while True:
            for fact in await self._supervisor.facts.after(seq):
                yield fact.to_json()
                seq = fact.seq

    async def _acknowledge(self, ask: Frame) -> None:
        self._supervisor.facts.acknowledge(ask["seq"])

    async def _shutdown(self, ask: Frame) -> None:
        self.shut_down.set()


class Connection(Generic[T]):
    """One client. A request that fails does not end it; a line that is no request does."""

    def __init__(self, operations: Operations[T], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._operations = operations
        self._reader = reader
        self._writer = writer
        self._answering: dict[int, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        self._operations.connections.add(self)
        try:
            while line := await self._reader.readline():
                self._take(wire.decode(line))
        except (ValueError, KeyError, TypeError, ConnectionError) as error:
            _log.warning("the control connection is closed: %r", error)
        finally:
            for task in self._answering.values():
                task.cancel()
            self._writer.close()
            self._operations.connections.discard(self)
            self._ended.set()

    async def close(self) -> None:
        """After what has been said is sent."""
        self._writer.close()
        await self._ended.wait()

    def _take(self, frame: Frame) -> None:
        if "cancel" in frame:
            if task := self._answering.get(frame["cancel"]):
                task.cancel()
            return
        number = frame["id"]
        task = asyncio.create_task(self._answer(number, frame))
        self._answering[number] = task
        task.add_done_callback(lambda done: self._answered(number, done))

    async def _answer(self, number: int, ask: Frame) -> None:
        try:
            result = await self._perform(number, ask)
        except DevGemError as error:
            await self._say({"id": number, "error": wire.error_to_json(error)})
        else:
            await self._say({"id": number, "result": result})

    async def _perform(self, number: int, ask: Frame) -> Any:
        if telling := self._operations.tellings.get(ask["op"]):
            async with aclosing(telling(ask)) as course:
                async for item in course:
                    await self._say({"id": number, "item": item})
            return None
        if call := self._operations.calls.get(ask["op"]):
            return await asyncio.shield(self._operations.run(call, ask))
        raise InvalidInput(f"the edge knows no operation {ask['op']!r}", fix="Restart DevGem.")

    def _answered(self, number: int, task: "asyncio.Task[None]") -> None:
        self._answering.pop(number, None)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, ConnectionError):
            _log.error("a request failed", exc_info=error)
            fault = Unavailable(f"the edge has a fault: {error!r}", fix="See edge.log.", code="internal")
            self._writer.write(wire.encode({"id": number, "error": wire.error_to_json(fault)}))

    async def _say(self, frame: Frame) -> None:
        self._writer.write(wire.encode(frame))
        await self._writer.drain()
