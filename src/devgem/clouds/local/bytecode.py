"""Compiles the Python packages of a layer to bytecode, once, so that starts to come need not: what runs cannot write
there. It happens beside the app's first start, which takes what is ready and compiles the rest for itself."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from devgem.clouds.local.box import Bind, Box, Limits
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.slots import INSTALL
from devgem.domain.errors import Unavailable

_VENV = "/deps/venv"
_DONE = "bytecode"
_LIMITS = Limits(memory_bytes=1 << 30, cpus=1.0, processes=64, wall_seconds=300.0)


class Bytecode:
    """Owns the compilations that are under way. Packages may run code of theirs when Python starts, so each has a
    sandbox without a network that sees its own layer only."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str, layer: Path, tools: Sequence[Bind]) -> None:
        """Compiles what `layer` has in its environment, unless that was done."""
        if (layer / _DONE).exists() or not (layer / "deps" / "venv").is_dir():
            return
        task = asyncio.create_task(self._compile(name, layer, tools))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Once no compilation is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.settle()

    async def _compile(self, name: str, layer: Path, tools: Sequence[Bind]) -> None:
        box = Box(
            name=name,
            argv=("nice", f"{_VENV}/bin/python", "-I", "-m", "compileall", "-q", "-q", f"{_VENV}/lib"),
            env={"PATH": "/usr/bin:/bin"},
            ro=tuple(tools),
            rw=((layer / "deps", "/deps"),),
            limits=_LIMITS,
            slot=INSTALL,
            merge_stderr=True,
        )
        try:
            running = await self._sandbox.start(box)
        except Unavailable:
            return  # slower starts are all that comes of it
        try:
            while await running.stdout.read(1 << 16):
                pass
            if (await running.wait()).code in (0, 1):  # 1: some file does not compile, which is that package's way
                (layer / _DONE).touch()
        finally:
            await running.close()
