"""Starts boxes: programs that see what they are given and nothing else.

As root, the program runs as a user id of its slot's own, so that root and an ordinary user take one way: bubblewrap
with a user namespace. Order of a start: bwrap builds the namespaces and waits; its processes go into their control
group; the network gets its way out; then bwrap is released and executes the program.
"""

import asyncio
import contextlib
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

from devgem.clouds.local import bare, bwrap, seccomp
from devgem.clouds.local.box import Bind, Box, Exit, Limits, Network
from devgem.clouds.local.descriptors import memory_file, read_line
from devgem.clouds.local.egress import Egress
from devgem.clouds.local.isolation import Isolation, Level
from devgem.clouds.local.running import Init, Running, Streams
from devgem.domain.errors import Unavailable

__all__ = ["Bind", "Box", "Exit", "Limits", "Network", "Running", "Sandbox"]

FIRST_USER_ID = 1_900_000_000
"""Above everything that distributions hand out: https://systemd.io/UIDS-GIDS/"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_OPEN_FILES = 16_384
_START_SECONDS = 30.0


class Sandbox:
    """`reachable` are networks that boxes may reach although they are private (a company's package mirror).

    Call `start` on an event loop whose thread outlives the box: the kernel ties --die-with-parent to the thread."""

    def __init__(self, isolation: Isolation, *, reachable: Sequence[str] = ()) -> None:
        self.isolation = isolation
        self._cgroups = isolation.cgroups
        self._reachable = tuple(reachable)
        self._seccomp = seccomp.program(platform.machine())
        self._prlimit = shutil.which("prlimit", path="/usr/bin")

    def user_id(self, slot: int) -> int:
        """Who owns, on the host, what a box of this slot writes. What a box is to write to must belong to it."""
        return FIRST_USER_ID + slot if os.geteuid() == 0 else os.geteuid()

    async def start(self, box: Box) -> Running:
        """Raises Unavailable when the sandbox itself cannot be set up. A program that cannot be executed is no error
        but an Exit with code 126 or 127."""
        _check(box)
        if self.isolation.level is Level.NONE:
            return await self._start_bare(box)
        try:
            return await self._start(box)
        except TimeoutError:
            raise Unavailable(
                "the sandbox was not ready in time", fix="Try again when this machine is less busy."
            ) from None

    async def _start(self, box: Box) -> Running:
        async with contextlib.AsyncExitStack() as undo:
            group = None
            if self._cgroups.version:
                group = self._cgroups.create(box.name, box.limits)
                undo.callback(group.remove)
            launch = self._launch(box)
            undo.callback(launch.abandon)
            init = await launch.init()
            undo.callback(os.close, init.pidfd)
            egress = None
            try:
                if group:
                    group.add(init.pid)
                if box.network is Network.EGRESS:
                    egress = await Egress.open(init.pid, self._identity(box.slot), self._reachable)
                    undo.push_async_callback(egress.close)
            except (ProcessLookupError, FileNotFoundError):  # it has ended
                raise launch.refusal() from None
            launch.release()
            streams = await Streams.of(launch.process)
            undo.pop_all()
            return Running(box, launch.process, init, streams, group, egress)

    async def _start_bare(self, box: Box) -> Running:
        process = bare.launch(box, self._rlimits(box.limits))
        return Running(box, process, bare.Session(process.pid, box.name), await Streams.of(process), None, None)

    def _identity(self, slot: int) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        return {"user": self.user_id(slot), "group": self.user_id(slot), "extra_groups": []}

    def _launch(self, box: Box) -> "Launch":
        drop: list[str] = []
        if os.geteuid() == 0:
            box, drop = bwrap.within_reach(box, self.user_id(box.slot))
        with contextlib.ExitStack() as closing:

            def for_child(fd: int) -> int:
                closing.callback(os.close, fd)
                return fd

            status, status_child = os.pipe2(os.O_CLOEXEC)
            block_child, block = os.pipe2(os.O_CLOEXEC)
            with contextlib.ExitStack() as undo:
                undo.callback(os.close, status)
                undo.callback(os.close, block)
                fds = bwrap.Descriptors(
                    status=for_child(status_child),
                    block=for_child(block_child),
                    files={path: for_child(memory_file(text.encode())) for path, text in bwrap.FILES.items()},
                    seccomp=for_child(memory_file(self._seccomp)) if self._seccomp else None,
                )
                arguments = bwrap.arguments(box, fds, self.isolation.options)
                listed = for_child(memory_file("\0".join(arguments).encode()))
                passed = [listed, *fds.all(), *box.pass_fds]
                process = subprocess.Popen(
                    [*drop, "bwrap", "--args", str(listed), "--", *self._rlimits(box.limits), *box.argv],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT if box.merge_stderr else subprocess.PIPE,
                    bufsize=0,
                    cwd="/",
                    env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
                    pass_fds=passed,
                    start_new_session=True,
                    umask=0o022,
                )
                undo.pop_all()
                return Launch(process, status, block)

    def _rlimits(self, limits: Limits) -> list[str]:
        """The limits that the kernel keeps per process; where there are no control groups they stand in for those."""
        if not self._prlimit:
            return []
        files = min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        argv = [self._prlimit, "--core=0", f"--nofile={files}", f"--fsize={limits.file_bytes}"]
        if not self._cgroups.version:
            argv += [f"--data={limits.memory_bytes}", f"--nproc={limits.processes}"]
        return [*argv, "--"]


class Launch:
    """A bwrap that has been started and waits for its release."""

    def __init__(self, process: subprocess.Popen[bytes], status: int, block: int) -> None:
        self.process = process
        self._status = status
        self._block = os.fdopen(block, "wb", buffering=0)

    async def init(self) -> Init:
        """Process 1 of the sandbox. Raises Unavailable with what bwrap says."""
        async with asyncio.timeout(_START_SECONDS):
            line = await read_line(self._status)
        if not line:
            raise self.refusal()
        try:
            return Init(int(json.loads(line)["child-pid"]), self._status)
        except ProcessLookupError:
            raise self.refusal() from None

    def refusal(self) -> Unavailable:
        """Why bwrap has ended."""
        self.process.wait()
        said = (self.process.stderr or self.process.stdout).read()  # type: ignore[union-attr]  # stdout is a pipe
        reason = said.decode(errors="replace").strip() or "bwrap gave no reason"
        return Unavailable(f"the sandbox did not start: {reason}", fix="Run `devgem doctor`.")

    def release(self) -> None:
        """Lets bwrap execute the program. Raises Unavailable when it has ended before."""
        try:
            self._block.write(b"x")
        except BrokenPipeError:
            raise self.refusal() from None
        self._block.close()

    def abandon(self) -> None:
        """Ends bwrap and what it has started: until its release that is in one process group, and would not die with
        it."""
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        os.close(self._status)
        self._block.close()


def _check(box: Box) -> None:
    if not _NAME.fullmatch(box.name):
        raise ValueError(f"{box.name!r} cannot name a control group")
    if any("\0" in text for text in (*box.argv, box.cwd, *box.env, *box.env.values())):
        raise ValueError(f"box {box.name!r} has a NUL in its command or environment")
    for source, _ in (*box.ro, *box.rw):
        if not source.exists():
            raise Unavailable(f"{source} is to be seen in a sandbox, but is not there")
