"""One start of a command in a sandbox, to its exit: its output goes to the log, its ports are reached by `dial`."""

import asyncio
import contextlib
import errno
import itertools
import os
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from devgem.clouds.local import init, procfs
from devgem.clouds.local.box import Bind, Box, Exit
from devgem.clouds.local.descriptors import memory_file
from devgem.clouds.local.isolation import Level
from devgem.clouds.local.log_writer import Intake, Output
from devgem.clouds.local.sandbox import Running, Sandbox

Address = tuple[str, int]
"""IP address as text, and port, in the process's own network."""

_READ_BYTES = 4 << 10
"""As much as is split into lines in a few milliseconds, however short they are."""
_SKIP_BYTES = 64 << 10
_PAUSE_SECONDS = 0.01
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


class Process:
    """`start` is the only way to one; whoever starts it stops it. `ended` is done once nothing of it is left."""

    def __init__(self, running: Running, control: socket.socket, output: Output, *, own_network: bool) -> None:
        self.running = running
        self.recent = output.recent
        self.started_at = datetime.now(UTC)
        self.ended: asyncio.Task[Exit] = asyncio.create_task(self._to_end(output))
        self._control = control
        self._own_network = own_network
        self._numbers = itertools.count(1)
        self._dials: dict[int, asyncio.Future[socket.socket]] = {}
        asyncio.get_running_loop().add_reader(control, self._hear)

    @classmethod
    async def start(cls, sandbox: Sandbox, box: Box, output: Output) -> Self:
        """Raises Unavailable when the sandbox cannot be set up; a command that cannot be executed is an exit."""
        own_network = sandbox.isolation.level is not Level.NONE
        # macOS has no SEQPACKET; there is no sandbox there either, so nothing is dialled through the pair.
        kind = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        ours.setblocking(False)
        with contextlib.ExitStack() as handed_over:
            handed_over.enter_context(theirs)
            script, fds = init.__file__, [theirs.fileno()]
            if own_network:
                fds.append(memory_file(Path(init.__file__).read_bytes()))
                handed_over.callback(os.close, fds[1])
                script = f"/proc/self/fd/{fds[1]}"
            python, binds = interpreter()
            argv = (python, "-ISB", script, str(fds[0]), *box.argv)
            try:
                running = await sandbox.start(replace(box, argv=argv, ro=(*binds, *box.ro), pass_fds=tuple(fds)))
            except BaseException:
                ours.close()
                raise
        return cls(running, ours, output, own_network=own_network)

    async def dial(self, address: Address) -> socket.socket:
        """A connected, non-blocking socket. Raises OSError."""
        if not self._own_network:
            return await _connect(address)
        number = next(self._numbers)
        answer = self._dials[number] = asyncio.get_running_loop().create_future()
        try:
            self._tell(f"dial {number} {address[0]} {address[1]}")
            peer = await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and not answer.exception():
                answer.result().close()
            raise
        finally:
            del self._dials[number]
        return await _connected(peer)

    def listeners(self) -> set[procfs.Listener] | None:
        """Where it listens; None where the system does not tell."""
        return procfs.listeners(self.running.netns_pid, owned=not self._own_network)

    def cpu_seconds(self) -> float:
        return procfs.cpu_seconds(self.running.pid)

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM; SIGKILL to whatever is left after the grace. Idempotent."""
        with contextlib.suppress(OSError):
            self._tell(f"signal {int(signal.SIGTERM)}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                return await asyncio.shield(self.ended)
        await self.running.kill()
        return await asyncio.shield(self.ended)

    async def _to_end(self, output: Output) -> Exit:
        pumps = [
            asyncio.create_task(_pump(self.running.stdout, output.intake("out"))),
            asyncio.create_task(_pump(self.running.stderr, output.intake("err"))),
        ]
        try:
            end = await self.running.wait()
            await asyncio.gather(*pumps)
            return end
        finally:
            for pump in pumps:
                pump.cancel()
            self._hang_up()
            await self.running.close()

    def _tell(self, message: str) -> None:
        if self._control.fileno() < 0:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the process has ended")
        self._control.send(f"{message}\n".encode())

    def _hear(self) -> None:
        """Answers come from inside the sandbox: whatever is not as it should be is dropped."""
        try:
            message, fds, _, _ = socket.recv_fds(self._control, init.MESSAGE_BYTES, 8, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except ConnectionResetError:
            message, fds = b"", []
        if not message:
            self._hang_up()
        number, code = _parse(message)
        dial = self._dials.get(number)
        peer = _adopt(fds)
        if dial is None or dial.done():
            if peer:
                peer.close()
        elif peer:
            dial.set_result(peer)
        else:
            dial.set_exception(OSError(code, os.strerror(code)))

    def _hang_up(self) -> None:
        if self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        for dial in self._dials.values():
            if not dial.done():
                dial.set_exception(ConnectionRefusedError(errno.ECONNREFUSED, "the process has ended"))


def interpreter() -> tuple[str, tuple[Bind, ...]]:
    """The Python that runs init.py inside a sandbox, and what the sandbox must see for it: the host's, where it has
    one under /usr as every sandbox does, else the one that runs DevGem."""
    for path in ("/usr/bin/python3", f"/usr/bin/{_PYTHON}", f"/usr/local/bin/{_PYTHON}"):
        if Path(path).exists():
            return path, ()
    return f"/run/devgem/python/bin/{_PYTHON}", ((Path(sys.base_prefix), "/run/devgem/python"),)


def _parse(message: bytes) -> tuple[int, int]:
    """Number of the dial and error number; zeros when it is no such message."""
    verb, *arguments = message.decode(errors="replace").split() or [""]
    if verb == "dialed" and len(arguments) == 2 and all(text.isdecimal() for text in arguments):
        return int(arguments[0]), int(arguments[1])
    return 0, 0


def _adopt(fds: Sequence[int]) -> socket.socket | None:
    """The one socket among descriptors that came out of a sandbox; none when it is anything else."""
    if len(fds) == 1 and stat.S_ISSOCK(os.fstat(fds[0]).st_mode):
        peer = socket.socket(fileno=fds[0])
        peer.setblocking(False)
        return peer
    for fd in fds:
        os.close(fd)
    return None


async def _pump(stream: asyncio.StreamReader, intake: Intake) -> None:
    """Over its cap, an app is read slowly enough that its flood does not take the edge's time from others."""
    while True:
        skipping = intake.is_suppressing
        try:
            async with asyncio.timeout(1.0 if skipping else None):
                chunk = await stream.read(_SKIP_BYTES if skipping else _READ_BYTES)
        except TimeoutError:
            intake.feed(b"", datetime.now(UTC))
            continue
        if not chunk:
            return intake.close(datetime.now(UTC))
        intake.feed(chunk, datetime.now(UTC))
        # What has been read already is given out without a pause, so that others would not get their turn.
        await asyncio.sleep(_PAUSE_SECONDS if intake.is_suppressing else 0)


async def _connect(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    peer = socket.socket(family, socket.SOCK_STREAM)
    peer.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(peer, address)
    except BaseException:
        peer.close()
        raise
    return peer


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _connected(peer: socket.socket) -> socket.socket:
    """Waits for a connection that may still be under way. Raises OSError, with the socket closed."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(peer, _set, ready)
    try:
        await ready
        if code := peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))
    except BaseException:
        loop.remove_writer(peer)
        peer.close()
        raise
    loop.remove_writer(peer)
    return peer
