"""A real terminal: a pseudo-terminal that is the controlling one of the command in it."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_BEGIN = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'devgem', *sys.argv[1:]])"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`devgem` with some arguments, in a terminal; what it shows is in `screen`."""

    def __init__(self, *arguments: str, environ: Mapping[str, str]) -> None:
        self._main, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", **environ},
        )
        os.close(terminal)
        self.raw = ""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._main)

    @property
    def screen(self) -> str:
        return _ESCAPES.sub("", self.raw).replace("\r", "")

    def expect(self, text: str, seconds: float = 60.0) -> str:
        """What is shown up to `text`, from where the last one was found."""
        deadline = time.monotonic() + seconds
        while (found := self.screen.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"{text!r} is not shown:\n{self.screen}"
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} is not shown at the end:\n{self.screen}")
        before = self.screen[self._seen : found]
        self._seen = found + len(text)
        return before

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def interrupt(self, seconds: float = 30.0) -> None:
        """Ctrl-C, once the command waits for something: what interrupts Python in the instant before a wait is told
        only at the wait's end."""
        deadline = time.monotonic() + seconds
        state = Path(f"/proc/{self.process.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, f"it does not wait:\n{self.screen}"
            time.sleep(0.01)
        self.type("\x03")

    def ends(self, seconds: float = 30.0) -> int:
        """The exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen}"
        return self.process.wait(10)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._main], [], [], max(0.0, min(seconds, 1.0)))
        if not ready:
            return True
        try:
            data = os.read(self._main, 65536)
        except OSError:  # the command has closed the terminal
            return False
        self.raw += data.decode("utf-8", "replace")
        return bool(data)
