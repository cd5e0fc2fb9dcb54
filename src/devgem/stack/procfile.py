"""Procfile: the processes that a repository states. https://devcenter.heroku.com/articles/procfile"""

import re
from dataclasses import dataclass

from devgem.domain.plan import Argv
from devgem.stack.files import BrokenManifest, Files

PATH = "Procfile"
_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")
_PORT = re.compile(r"(?:--(?:http-)?port[= ]|-p ?|--bind[= ]\S*:|-b ?\S*:|--listen[= ]\S*:)(\d{2,5})\b")
_SHELL = re.compile(r"[;|&<>()`\n]|^(?:cd|export|source|\.|set|eval|exec|if|while|for|test|\[)\s")


def shell_start(text: str) -> Argv:
    """The command for a shell. A simple one takes the shell's place, so that it is the one who gets SIGTERM."""
    if _SHELL.search(text):
        return ("sh", "-c", text)
    return ("sh", "-c", f"exec env {text}" if re.match(r"[A-Za-z_]\w*=", text) else f"exec {text}")


@dataclass(frozen=True)
class Process:
    """One line: `name: command`, the command being text for a shell."""

    name: str
    command: str
    line: int

    @property
    def start(self) -> Argv:
        return shell_start(self.command)

    @property
    def fixed_port(self) -> int | None:
        """The port that the command names, when it does not take PORT."""
        found = _PORT.search(self.command)
        return int(found[1]) if found and "PORT" not in self.command else None


@dataclass(frozen=True)
class Procfile:
    processes: tuple[Process, ...] = ()

    def named(self, *names: str) -> Process | None:
        return next((p for name in names for p in self.processes if p.name == name), None)

    @property
    def main(self) -> Process | None:
        """What is run: `web`, else the first that is no release."""
        return self.named("web") or next((p for p in self.processes if p.name != "release"), None)

    @property
    def others(self) -> tuple[Process, ...]:
        return tuple(p for p in self.processes if p not in (self.main, self.named("release")))


async def read_procfile(files: Files) -> Procfile:
    """Raises BrokenManifest for a line that names no process."""
    processes = []
    for number, line in enumerate((await files.text(PATH)).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line.strip())
        if not found:
            where = f"{files.repo_path(PATH)}:{number}"
            raise BrokenManifest(
                f"{where} is no process: {line.strip()!r}.", fix="Write `name: command`, as in `web: ...`."
            )
        processes.append(Process(found[1], found[2], number))
    return Procfile(tuple(processes))
