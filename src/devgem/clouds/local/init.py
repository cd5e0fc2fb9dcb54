"""The first program of an app's sandbox: starts the app, hands connected sockets out of its network, reaps.

Runs alone, by path, on any Python 3.9+ of the host, without DevGem: standard library only, and little of it, as its
start is part of every app's start and its memory part of every app's memory. Usage: init.py FD COMMAND [ARGUMENT...]

FD is one end of a Unix socket pair; the other end is the edge's. One message per line and per send:
    to us    `dial ID HOST PORT`   -> `dialed ID ERRNO`, with the socket attached when ERRNO is 0 or EINPROGRESS
             `signal NUMBER`       -> to the app's process group, as Heroku's SIGTERM goes to every process
End of file means that the edge is gone: the app goes with it. The exit code is the app's own, as a shell says it.
"""

import contextlib
import errno
import os
import select
import signal
import socket
import sys

MESSAGE_BYTES = 256
_PASSED = (0, errno.EINPROGRESS)


def main(fd: int, command: list[str]) -> int:
    edge = socket.socket(fileno=fd)
    edge.setblocking(False)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    app = _start(command)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _: _signal(app, got))
    while True:
        ready, _, _ = select.select([fd, wake], [], [])
        if wake in ready:
            os.read(wake, 512)
            code = _reap(app)
            if code is not None:
                return code
        if fd in ready and not _obey(edge, app):
            _end(app)
            return 128 + signal.SIGKILL


def _start(command: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.closerange(3, 256)
        os.setsid()
        signal.set_wakeup_fd(-1)
        # Python ignores these; a program of any other language expects them to end it.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        os.write(2, f"devgem: cannot start {command[0]!r}: {error.strerror}\n".encode())
        os._exit(127 if error.errno == errno.ENOENT else 126)


def _reap(app: int) -> "int | None":
    """Collects whatever died, orphans of the app among it; the exit code of the app when it did."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if pid == app:
                code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    return code


def _obey(edge: socket.socket, app: int) -> bool:
    """Answers what has come; false when the edge is gone."""
    try:
        messages = edge.recv(MESSAGE_BYTES)
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    for message in messages.split(b"\n")[:-1]:
        verb, *arguments = message.decode().split(" ")
        if verb == "dial":
            _dial(edge, *arguments)
        elif verb == "signal":
            _signal(app, int(arguments[0]))
    return bool(messages)


def _dial(edge: socket.socket, number: str, host: str, port: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as peer:
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = peer.connect_ex((host, int(port)))
        attached = [peer.fileno()] if code in _PASSED else []
        # A full buffer means that the edge has not read for thousands of answers: it does not wait for this one.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            socket.send_fds(edge, [f"dialed {number} {code}\n".encode()], attached)


def _end(app: int) -> None:
    """Kills the app. In a sandbox the kernel ends whatever is left; outside of one the mark (see bare.py) finds it."""
    _signal(app, signal.SIGKILL)
    mark = os.environ.get("DEVGEM_BOX")
    if not mark or not os.path.isdir("/proc"):  # noqa: PTH112
        return
    for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as environ:  # noqa: PTH123
            if f"DEVGEM_BOX={mark}".encode() in environ.read().split(b"\0") and int(name) != os.getpid():
                os.kill(int(name), signal.SIGKILL)


def _signal(app: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(app, number)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
