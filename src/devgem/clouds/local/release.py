"""One revision as the edge runs it: its image, its instance, and how it is proven and reached."""

import asyncio
import contextlib
import itertools
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from devgem.clouds.local import http_probe
from devgem.clouds.local.box import Box, Exit, Limits, Network
from devgem.clouds.local.facts import Facts
from devgem.clouds.local.images import Images
from devgem.clouds.local.instance import Instance, Restarts
from devgem.clouds.local.isolation import Level
from devgem.clouds.local.log_writer import LogWriter, Output
from devgem.clouds.local.process import Address, Process
from devgem.clouds.local.proof import Claim, Patience, Proven, prove
from devgem.clouds.local.quota import DiskQuota
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.spec import Spec
from devgem.clouds.local.start_failures import Context, of_exit
from devgem.clouds.local.workspace import DISK, Workspace
from devgem.domain.app import Metrics, Progress, Proof, Signals
from devgem.domain.errors import Unavailable
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import LogLine, Redactor
from devgem.domain.plan import Argv, Kind, display

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
Dial = Callable[[], Awaitable[socket.socket]]

# Variables whose values are no secrets, and too common in logs to be replaced there.
_PLAIN = frozenset(
    {"NODE_ENV", "RAILS_ENV", "RACK_ENV", "APP_ENV", "FLASK_ENV", "MIX_ENV", "ENVIRONMENT", "LOG_LEVEL", "TZ", "LANG"}
    | {"HOST", "HOSTNAME", "PORT", "DJANGO_SETTINGS_MODULE"}
)
_RELEASE_SECONDS = 900.0
_STATIC_SECONDS = 10.0


class Router(Protocol[T_contra]):
    """What the edge asks of the gateway; a target is whatever `Parts.backend` and `Parts.site` make."""

    def route(self, app: str, targets: Sequence[tuple[T_contra, int]]) -> None: ...

    def unroute(self, app: str) -> None: ...

    def call(self, host: str, app: str | None) -> None: ...

    async def drained(self, app: str, revision: int, limit_seconds: float) -> bool: ...

    def cut(self, app: str, revision: int) -> None: ...

    def signals(self, app: str) -> Signals: ...

    def metrics(self, app: str, window: timedelta) -> Metrics: ...

    async def close(self, limit_seconds: float) -> None: ...


@dataclass(frozen=True)
class Parts(Generic[T]):
    """What the edge is made of. `front` is where the gateway listens, `base_domain` and `public_port` make an app's
    public address. `name` tells this edge's control groups from those of others. Requests in flight may take
    `drain_seconds` after a shift, a process `grace_seconds` to end."""

    sandbox: Sandbox
    images: Images
    router: Router[T]
    backend: Callable[[int, Dial], T]
    site: Callable[[int, Path, str | None, str | None], T]
    front: Address
    base_domain: str = "localhost"
    public_port: int = 80
    name: str = "edge"
    patience: Patience = field(default_factory=Patience)
    restarts: Restarts = field(default_factory=Restarts)
    disk: DiskQuota = DISK
    drain_seconds: float = 30.0
    grace_seconds: float = 10.0

    def host(self, app: str) -> str:
        """As a browser puts it into the Host header."""
        return f"{app}.{self.base_domain}" + ("" if self.public_port in (80, 443) else f":{self.public_port}")


class Release(Generic[T]):
    """Raises NotFound when the image is gone."""

    def __init__(self, parts: Parts[T], spec: Spec, slot: int, work: Path, log: LogWriter, facts: Facts) -> None:
        self.spec = spec
        self.is_proven = False
        self._parts = parts
        self._slot = slot
        self._log = log
        self._facts = facts
        self._image = parts.images.open(spec.image)
        owner = parts.sandbox.user_id(slot) if os.geteuid() == 0 else None
        self._name = f"{parts.name}-{spec.app}-v{spec.number}-{secrets.token_hex(4)}"
        self._starts = itertools.count(1)
        self._workspace = Workspace(work / self._name, self._image.ro, owner, parts.disk)
        self._redact = Redactor(value for name, value in spec.env.items() if name not in _PLAIN)
        self._port = spec.port
        self._output = self._new_output()
        self.instance = None if self._image.site else Instance(self._launch, self, parts.restarts)

    @property
    def is_up(self) -> bool:
        """It serves, or will by itself."""
        return self.instance is None or self.instance.is_alive

    @property
    def target(self) -> T | None:
        """Where the gateway sends its requests; None for a worker."""
        if site := self._image.site:
            return self._parts.site(self.spec.number, site.root, site.fallback, site.not_found)
        if self.spec.kind is Kind.WORKER or self.instance is None:
            return None
        return self._parts.backend(self.spec.number, self.instance.dial)

    async def prepare(self) -> Failure | None:
        """Runs the release commands, to be done once per revision; not for a preview, which shares its app's data."""
        if self._image.release and parent_of(self.spec.app):
            self._output.note("The release commands are not run for a preview, since it shares the data of its app.")
            return None
        for command in self._image.release:
            self._output.note(f"Running {display(command)}")
            process = await self._start(command, _RELEASE_SECONDS)
            try:
                end = await asyncio.shield(process.ended)
            finally:
                await process.stop(0)
            if end.timed_out:
                cause = f"the release command `{display(command)}` still ran after {_RELEASE_SECONDS / 60:.0f} minutes"
                return Failure("release_timeout", cause, "Let it end by itself.")
            if end.code:
                lines = [line.text for line in process.recent.since(0)]
                why = of_exit(end, lines, self._context())
                cause = f"the release command `{display(command)}` failed: {why.cause}"
                return Failure("release_failed", cause, why.fix, why.evidence)
        return None

    async def start(self) -> Failure | None:
        """Raises Unavailable when the sandbox cannot be set up."""
        if self.instance is None:
            return None
        if self._image.start is None:
            return Failure("no_start_command", "nothing says how to start it", "State the start command in a Procfile.")
        await self.instance.start()
        return None

    def resume(self, address: Address | None) -> None:
        """Starts what was proven before this edge was started."""
        self.is_proven = True
        if self.instance is not None:
            self.instance.resume(address)

    async def prove(self) -> AsyncGenerator[LogLine | Progress | Proven | Failure, None]:
        """Ends with one Proven, after which it is kept running, or one Failure."""
        if self.instance is None:
            yield await self._prove_site()
            return
        if self.instance.process is None:
            yield Failure("not_started", "it has not been started", "Deploy again.", retryable=True)
            return
        claim = Claim(self._context(), self.spec.kind, self._parts.host(self.spec.app), self.spec.health_path)
        proving = prove(self.instance.process, claim, self._parts.patience)
        async with contextlib.aclosing(proving):
            async for item in proving:
                if isinstance(item, Proven):
                    self.instance.settle(item.address)
                    self.is_proven = True
                    for note in item.proof.notes:
                        self._output.note(note)
                yield item

    async def stop(self) -> None:
        """Leaves nothing but the log."""
        if self.instance is not None:
            await self.instance.stop(self._parts.grace_seconds)
        await self._workspace.remove()

    async def _prove_site(self) -> Proven | Failure:
        """Through the gateway, under a name that nobody knows."""
        alias = f"devgem-proof-{secrets.token_hex(8)}"
        target = self.target
        assert target is not None
        self._parts.router.route(alias, [(target, 100)])
        try:
            answer = await self._ask_front(alias)
        except OSError as error:
            raise Unavailable(f"the gateway does not answer: {error}", fix="See `devgem doctor`.") from error
        finally:
            self._parts.router.unroute(alias)
        if isinstance(answer, http_probe.Answer) and answer.status < 400:
            self.is_proven = True
            return Proven(Proof(answer.status, answer.first_byte_seconds), None)
        said = f"answers {answer.status}" if isinstance(answer, http_probe.Answer) else answer.reason
        return Failure(
            "no_front_page",
            f"the site has no front page: GET / {said}",
            "Let the build make an index.html, or name the folder that has it as the output folder.",
        )

    async def _ask_front(self, alias: str) -> http_probe.Answer | http_probe.NoAnswer:
        family = socket.AF_INET6 if ":" in self._parts.front[0] else socket.AF_INET
        peer = socket.socket(family, socket.SOCK_STREAM)
        peer.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(peer, self._parts.front)
            return await http_probe.ask(peer, f"{alias}.{self._parts.base_domain}", "/", _STATIC_SECONDS)
        finally:
            peer.close()

    def _context(self) -> Context:
        spec = self.spec
        return Context(spec.app, self._port, spec.memory_bytes, list(spec.env), spec.env_names, spec.env_required)

    async def _launch(self) -> Process:
        assert self._image.start is not None
        return await self._start(self._image.start, None)

    async def _start(self, argv: Argv, wall_seconds: float | None) -> Process:
        isolation = self._parts.sandbox.isolation
        self._port = _free_port() if isolation.level is Level.NONE else self.spec.port
        self._output = self._new_output()
        if isolation.level is not Level.NONE and not isolation.egress:
            self._output.note(f"has no way to the internet: {isolation.detail}. {isolation.fix}")
        await self._workspace.make()
        spec = self.spec
        box = Box(
            name=f"{self._name}-{next(self._starts)}",
            argv=argv,
            cwd=self._image.cwd,
            env={"PYTHONUNBUFFERED": "1", **self._image.env, **spec.env, "PORT": str(self._port)},
            ro=self._workspace.ro,
            rw=self._workspace.rw,
            network=Network.EGRESS if isolation.egress else Network.NONE,
            limits=Limits(spec.memory_bytes, spec.cpus, spec.processes, wall_seconds=wall_seconds),
            slot=self._slot,
            hostname=spec.app,
        )
        process = await Process.start(self._parts.sandbox, box, self._output)
        guard = asyncio.create_task(self._guard_disk(process, self._output))
        process.ended.add_done_callback(lambda _: guard.cancel())
        return process

    async def _guard_disk(self, process: Process, output: Output) -> None:
        full = await self._workspace.overflows()
        output.note(f"ended: it has written {full.used_bytes >> 20} MB to its own folder, more than it may")
        await process.running.kill()

    def _new_output(self) -> Output:
        name = f"v{self.spec.number}-{secrets.token_hex(2)}"
        return Output(self._log, self._redact, self.spec.number, name)

    # as the watcher of its instance

    def started(self) -> None:
        self._facts.add(EventType.INSTANCE_STARTED, self.spec.app, revision=self.spec.number)

    def exited(self, end: Exit, *, crashed: bool, retry_seconds: float | None) -> None:
        restarts = self.instance.restarts if self.instance else 0
        data = {"revision": self.spec.number, "exit_code": end.code, "crashed": crashed, "restarts": restarts}
        self._facts.add(EventType.INSTANCE_EXITED, self.spec.app, **data)
        how = "ran out of memory" if end.oom else f"ended with exit code {end.code}"
        then = "" if retry_seconds is None else f"; it is started again in {retry_seconds:.0f} s"
        crash = " once more and counts as crashed" if crashed and retry_seconds is not None else ""
        self._output.note(f"v{self.spec.number} {how}{crash}{then}")

    def failed(self, error: Unavailable, *, retry_seconds: float) -> None:
        self._output.note(f"v{self.spec.number} could not be started: {error}; again in {retry_seconds:.0f} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
