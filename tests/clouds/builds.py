"""What the tests of the builder share: a builder in a folder of its own, and one build from start to end."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from devgem.clouds.local.box import Box
from devgem.clouds.local.builder import LIMITS, Builder, Item
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.app import Build, Commit, Image, Progress, Repository
from devgem.domain.failure import Failure
from devgem.domain.ids import new_id
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Kind, Stack, StaticSite

from .boxes import Result, run

SHELL = BuildPlan(Stack("shell", kind=Kind.SERVER), start=("true",))
"""A plan whose steps a test fills in; it needs no tools."""
FLASK = BuildPlan(
    Stack("python", "flask", "pip", Kind.SERVER, "python"),
    install=(("uv", "venv", "/deps/venv"), ("uv", "pip", "install", "-r", "requirements.txt")),
    install_inputs=("requirements.txt",),
    deps=("/deps/venv",),
    start=("python", "app.py"),
    build_env={"UV_COMPILE_BYTECODE": "1"},
)
NODE = BuildPlan(
    Stack("node", None, "npm", Kind.SERVER, "node"),
    install=(("npm", "ci"),),
    install_inputs=("package.json", "package-lock.json"),
    deps=("node_modules",),
    start=("node", "server.js"),
)
SITE = BuildPlan(Stack("static", kind=Kind.STATIC), static=StaticSite("."))


def shell(text: str) -> tuple[str, ...]:
    return ("sh", "-c", text)


@dataclass(frozen=True)
class Outcome:
    """All that a build said, and its end."""

    lines: tuple[LogLine, ...]
    progress: tuple[str, ...]
    end: Image | Failure

    @property
    def image(self) -> Image:
        assert isinstance(self.end, Image), self.end
        return self.end

    @property
    def failure(self) -> Failure:
        assert isinstance(self.end, Failure), self.end
        return self.end

    @property
    def commands(self) -> list[str]:
        return [line.text.removeprefix("$ ") for line in self.lines if line.text.startswith("$ ")]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


class Yard:
    """A builder below `root`, and sources to build from."""

    def __init__(self, root: Path, sandbox: Sandbox, **limits: Any) -> None:
        self.root = root
        self.sandbox = sandbox
        more = {name: limits.pop(name) for name in ("quota", "caps") if name in limits}
        limited = replace(LIMITS, **{"wall_seconds": 60.0, **limits})
        self.builder = Builder(root / "cloud", sandbox, self._checkout, limits=limited, **more)

    async def _checkout(self, repository: Repository, commit: Commit, patch: str) -> Path:
        return Path(repository.location)

    def source(self, files: Mapping[str, str | bytes], name: str = "source") -> Path:
        """A checkout with these files."""
        folder = self.root / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        folder.mkdir(exist_ok=True)
        return folder

    def order(self, source: Path, plan: BuildPlan, *, app: str = "shop", id: str = "", **env: str) -> Build:
        return Build(id or new_id("dep"), app, Repository(str(source)), Commit("0" * 40), plan, env)

    async def build(self, source: Path, plan: BuildPlan, **more: Any) -> Outcome:
        return await self.make(self.order(source, plan, **more))

    async def make(self, build: Build) -> Outcome:
        lines, progress, ends = [], [], []
        building = cast(AsyncGenerator[Item], self.builder.build(build))
        async with contextlib.aclosing(building) as items:
            async for item in items:
                if isinstance(item, LogLine):
                    lines.append(item)
                elif isinstance(item, Progress):
                    progress.append(item.message)
                else:
                    ends.append(item)
        (end,) = ends
        assert list((self.root / "cloud" / "work").iterdir()) == []
        return Outcome(tuple(lines), tuple(progress), end)

    async def run(self, image: Image, *argv: str) -> Result:
        """A command in the image, as a supervisor would start it."""
        opened = self.builder.images.open(image.digest)
        return await run(
            self.sandbox, Box(new_id("run"), argv or opened.start or (), opened.cwd, opened.env, opened.ro, slot=1001)
        )

    def layers(self) -> list[Path]:
        return sorted((self.root / "cloud" / "layers").glob("*/*.json"))
