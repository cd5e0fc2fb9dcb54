"""One loopback address that speaks Google's gRPC and REST.

A connection that begins with the HTTP/2 preface goes to the gRPC server, any other to the REST server. Every call is
counted, and can be made to fail, by the name of its method (`CreateCertificate`, `POST urlMaps`).

A service is a class in a module of its own whose async methods have the names of the RPCs (`CreateBuild`), each taking
the request and returning the answer, or raising `Trouble`. It goes into `serving` with its generated transport; what
it does not have is UNIMPLEMENTED.
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from aiohttp import web
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

_PREFACE = b"PRI * HTTP/2.0"
_REST_STATUS = {
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


_HANG_SECONDS = 600.0


class Trouble(Exception):
    """`retry_seconds` goes along as google.rpc.RetryInfo."""

    def __init__(self, code: grpc.StatusCode, message: str, *, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_seconds = retry_seconds

    @property
    def metadata(self) -> tuple[tuple[str, bytes], ...]:
        """Details, as gRPC carries them."""
        if self.retry_seconds is None:
            return ()
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        info = error_details_pb2.RetryInfo()
        info.retry_delay.FromMilliseconds(int(self.retry_seconds * 1000))
        status.details.add().Pack(info)
        return (("grpc-status-details-bin", status.SerializeToString()),)


@dataclass(frozen=True)
class Fault:
    """What befalls one call: it waits, then fails with the code, if there is one; `late` lets it take effect first, as
    when an answer is lost."""

    code: grpc.StatusCode | None = None
    retry_seconds: float | None = None
    delay_seconds: float = 0.0
    late: bool = False
    message: str = ""


HANG = Fault(delay_seconds=_HANG_SECONDS)


class Peer:
    """`faults` holds, per method, what befalls its next calls; `calls` what was called, in order, and `requests` with
    what and when, by `clock`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.requests: list[tuple[str, float, Any]] = []
        self.clock: Callable[[], float] = time.monotonic
        self.faults: dict[str, list[Fault]] = {}
        self.operations: dict[str, operations_pb2.Operation] = {}
        self.looks = 1
        """How often an operation is looked at before it is done."""
        self.failing: dict[str, str] = {}
        """Operations that end with an error, by a part of their name: what they say."""
        self._left: dict[str, int] = {}
        self._numbers = itertools.count(1)

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.calls)

    def changes(self) -> list[str]:
        """The calls that change something."""
        return [name for name in self.calls if name.startswith(("Create", "Delete", "Update", "POST", "PUT", "DELETE"))]

    def fault(self, method: str, fault: grpc.StatusCode | Fault, *, times: int = 1) -> None:
        made = fault if isinstance(fault, Fault) else Fault(fault)
        self.faults.setdefault(method, []).extend([made] * times)

    async def called(self, method: str, request: Any = None) -> Trouble | None:
        """Raises the fault that is due, or returns one to raise when the call has had its effect."""
        self.calls.append(method)
        self.requests.append((method, self.clock(), request))
        due = self.faults.get(method)
        if not due:
            return None
        fault = due.pop(0)
        if fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        if fault.code is None:
            return None
        said = fault.message or f"{method}: {fault.code.name.lower()} as the test wants it"
        trouble = Trouble(fault.code, said, retry_seconds=fault.retry_seconds)
        if not fault.late:
            raise trouble
        return trouble

    def sent(self, method: str) -> list[Any]:
        """The requests of a method, in order."""
        return [request for name, _, request in self.requests if name == method]

    def begin(self, parent: str, response: Any, what: str) -> operations_pb2.Operation:
        """An operation that is done after some looks."""
        name = f"{parent}/operations/{what}-{next(self._numbers)}"
        operation = operations_pb2.Operation(name=name)
        if failed := next((said for part, said in self.failing.items() if part in name), None):
            operation.error.code, operation.error.message = grpc.StatusCode.FAILED_PRECONDITION.value[0], failed
        else:
            operation.response.Pack(getattr(response, "_pb", response))
        self.operations[name] = operation
        self._left[name] = self.looks
        return operations_pb2.Operation(name=name)

    def look(self, name: str) -> operations_pb2.Operation:
        if name not in self.operations:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"there is no operation {name}")
        self._left[name] -= 1
        if self._left[name] > 0:
            return operations_pb2.Operation(name=name)
        found = operations_pb2.Operation()
        found.CopyFrom(self.operations[name])
        found.done = True
        return found


class _Recorder:
    """Quacks like a channel, to learn what methods a generated transport has."""

    def __init__(self) -> None:
        self.methods: dict[str, tuple[Any, Any]] = {}

    def _take(self, path: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any) -> Any:
        self.methods[path] = request_serializer, response_deserializer
        return lambda *args, **more: None

    unary_unary = unary_stream = stream_unary = stream_stream = _take


_RAW: Mapping[str, Any] = {
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest,
}


def _methods(transport: type[Any]) -> dict[str, tuple[Any, Any]]:
    recorder, made = _Recorder(), object.__new__(transport)
    made._stubs = {}
    made._grpc_channel = made._logged_channel = recorder
    made._operations_client = None
    for kind in transport.__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, property) and name not in ("grpc_channel", "kind", "operations_client", "host"):
                with contextlib.suppress(AttributeError):
                    getattr(made, name)
    return recorder.methods


def _handler(peer: Peer, service: Any, path: str, serializer: Any) -> grpc.RpcMethodHandler:
    name = path.rsplit("/", 1)[-1]
    answer: Callable[[Any], Awaitable[Any]] = getattr(service, name)
    kind = _RAW.get(name) or getattr(serializer, "__self__", None)
    if name == "GetLocation":
        from google.cloud.location import locations_pb2

        kind = locations_pb2.GetLocationRequest
    assert kind is not None, path
    read = kind.deserialize if hasattr(kind, "deserialize") else kind.FromString

    async def call(request: Any, context: Any) -> Any:
        try:
            lost = await peer.called(name, request)
            answered = await answer(request)
            if lost is not None:
                raise lost
            return answered
        except Trouble as trouble:
            await context.abort(trouble.code, trouble.message, trailing_metadata=trouble.metadata)

    return grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=read,
        response_serializer=_bytes,
    )


def _bytes(message: Any) -> bytes:
    return bytes(getattr(message, "_pb", message).SerializeToString())


class _Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # generated code has no types
    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def GetOperation(self, request: Any, context: Any) -> Any:  # noqa: N802
        try:
            await self._peer.called("GetOperation", request)
            return self._peer.look(request.name)
        except Trouble as trouble:
            await context.abort(trouble.code, trouble.message, trailing_metadata=trouble.metadata)


Rest = Callable[[Peer], Sequence[web.AbstractRouteDef]]


@asynccontextmanager
async def serving(
    peer: Peer, services: Sequence[tuple[type[Any], Any]], routes: Sequence[web.AbstractRouteDef]
) -> AsyncIterator[str]:
    """The address, while it serves. `services` are generated transports, each with what answers its methods."""
    server = grpc.aio.server()
    operations_pb2_grpc.add_OperationsServicer_to_server(_Operations(peer), server)
    for transport, service in services:
        by_service: dict[str, dict[str, Any]] = {}
        for path, (serializer, _) in _methods(transport).items():
            _, owner, name = path.split("/")
            if hasattr(service, name):
                by_service.setdefault(owner, {})[name] = _handler(peer, service, path, serializer)
        for owner, handlers in by_service.items():
            server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(owner, handlers)])
    grpc_port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    app = web.Application(middlewares=[_rest_faults(peer)])
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    rest_port = runner.addresses[0][1]
    passing: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_sort(reader, writer, grpc_port, rest_port))
        passing.add(task)
        task.add_done_callback(passing.discard)

    door = await asyncio.start_server(accept, "127.0.0.1")
    try:
        yield f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    finally:
        door.close()
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        await server.stop(None)
        await runner.cleanup()


def _rest_faults(peer: Peer) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        collection = request.match_info.get("collection", request.path.rsplit("/", 1)[-1])
        try:
            await peer.called(f"{request.method} {collection}")
            answer: web.StreamResponse = await handler(request)
        except Trouble as trouble:
            return refused(_REST_STATUS.get(trouble.code, 400), trouble.message)
        return answer

    return guard


def refused(status: int, message: str, reason: str = "invalid") -> web.Response:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return web.json_response({"error": error}, status=status)


async def _sort(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, grpc_port: int, rest_port: int) -> None:
    try:
        first = await reader.readexactly(len(_PREFACE))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        return
    inner, outer = await asyncio.open_connection("127.0.0.1", grpc_port if first == _PREFACE else rest_port)
    outer.write(first)
    await asyncio.gather(_pass(reader, outer), _pass(inner, writer), return_exceptions=True)


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()
