"""Finds how a Deno program is started."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from devgem.domain.plan import Argv, display
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.node.javascript import Code
from devgem.stack.node.listening import find_listener, resolve
from devgem.stack.node.scripts import Command, commands

_TASKS = ("start", "serve", "preview", "prod", "dev")
_ENTRIES = ("main", "server", "mod", "index", "app", "src/main", "src/server", "src/index")
_SOURCE = re.compile(r".+\.[cm]?[jt]sx?")
_DEV_FLAG = re.compile(r"--(watch|watch-hmr|watch-exclude|inspect|inspect-brk|unstable-hmr)(=.*)?")


@dataclass(frozen=True)
class Start:
    """`entry` is the file that is run, where it is in the tree and not made by the build."""

    command: Argv
    entry: str | None

    @property
    def serves(self) -> bool:
        """Whether Deno itself listens, for a handler."""
        return "deno serve " in f"{display(self.command)} "


async def find_start(files: Files, tasks: Mapping[str, str], config: str | None, found: Findings) -> Start | None:
    """A task, without what is for development in it; else a file that serves."""
    for name in _TASKS:
        for command in reversed(commands(tasks, name)):
            start = _of_command(files, command)
            if start and config:
                line = await files.line_of(config, rf'"{re.escape(name)}"\s*:')
                found.add("start", display(start.command), config, line)
                return start
    for stem in _ENTRIES:
        entry = resolve(files, stem)
        start = await _of_entry(files, entry) if entry and _SOURCE.fullmatch(entry) else None
        if start and entry:
            found.add("start", display(start.command), entry)
            return start
    return None


def _of_command(files: Files, command: Command) -> Start | None:
    """`dev.ts` is Fresh's program for development; what it builds is started by another task or main.ts."""
    if command.words[:2] not in (("deno", "run"), ("deno", "serve")) or not command.plain or command.cwd != ".":
        return None
    words = tuple(word for word in command.words if not _DEV_FLAG.fullmatch(word))
    entry = next((word for word in words[2:] if _SOURCE.fullmatch(word) and not word.startswith("-")), None)
    if entry is None or posixpath.basename(entry) == "dev.ts":
        return None
    entry = posixpath.normpath(entry)
    return Start(_served(words) if words[1] == "serve" else words, entry if entry in files else None)


async def _of_entry(files: Files, entry: str) -> Start | None:
    code = Code(await files.text(entry), entry)
    if re.search(r"export\s+default\s*\{[^}]*\bfetch\b", code.shape):
        return Start(_served(("deno", "serve", "-A", entry)), entry)
    return Start(("deno", "run", "-A", entry), entry) if await find_listener(files, entry) else None


def _served(words: Argv) -> Argv:
    """`deno serve` does not take PORT by itself."""
    if any(word.startswith("--port") for word in words):
        return words
    return ("sh", "-c", " ".join(("exec", *words[:2], "--port ${PORT:-8000}", *words[2:])))
