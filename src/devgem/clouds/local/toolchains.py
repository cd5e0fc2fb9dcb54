"""The language tools that a plan needs: found on this machine, fetched, or named with what would bring them."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devgem.clouds.local import bwrap, from_npm, programs, pythons, trees
from devgem.clouds.local.box import Box, Limits, Network
from devgem.clouds.local.programs import TOOLS, Tool
from devgem.clouds.local.pythons import Python, Pythons, Wish
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.slots import INSTALL
from devgem.domain.app import Check
from devgem.domain.failure import Failure
from devgem.domain.ids import new_id
from devgem.domain.plan import Argv, BuildPlan, Stack

_FETCH_LIMITS = Limits(memory_bytes=1 << 30, processes=256, wall_seconds=300.0)


@dataclass(frozen=True)
class Needed:
    """How people get a program: `fix` is one line."""

    names: str
    fix: str


# By the program's name. Where Debian's own is often too old, the vendor's page is named instead.
PROGRAMS = {
    "node": Needed("Node.js", "Install Node.js 20 or newer: https://nodejs.org/en/download"),
    "npm": Needed("npm", "Install npm: apt-get install npm, or Node.js from https://nodejs.org/en/download"),
    "npx": Needed("npx", "Install npm: apt-get install npm, or Node.js from https://nodejs.org/en/download"),
    "bun": Needed("Bun", "Install Bun: npm install -g bun"),
    "deno": Needed("Deno", "Install Deno: npm install -g deno"),
    "go": Needed("Go", "Install Go: apt-get install golang, or a newer one from https://go.dev/dl"),
    "ruby": Needed("Ruby", "Install Ruby: apt-get install ruby-full build-essential"),
    "bundle": Needed("Bundler", "Install Bundler: apt-get install bundler"),
    "gem": Needed("RubyGems", "Install Ruby: apt-get install ruby-full"),
    "php": Needed("PHP", "Install PHP: apt-get install php-cli php-xml php-mbstring php-curl"),
    "composer": Needed("Composer", "Install Composer: apt-get install composer"),
    "java": Needed("Java", "Install a JDK: apt-get install default-jdk-headless"),
    "javac": Needed("a Java compiler", "Install a JDK: apt-get install default-jdk-headless"),
    "mvn": Needed("Maven", "Install Maven: apt-get install maven"),
    "gradle": Needed("Gradle", "Install Gradle: apt-get install gradle"),
    "cargo": Needed("Rust", "Install Rust: https://rustup.rs, or apt-get install cargo"),
    "mix": Needed("Elixir", "Install Elixir: apt-get install elixir erlang-dev"),
    "dotnet": Needed(".NET", "Install the .NET SDK: https://dotnet.microsoft.com/download"),
    "hugo": Needed("Hugo", "Install Hugo: apt-get install hugo"),
    "git": Needed("git", "Install git: apt-get install git"),
    "make": Needed("make", "Install it: apt-get install build-essential"),
}
_RUNTIME_PROGRAM = {"node": "node", "bun": "bun", "deno": "deno", "go": "go", "ruby": "ruby", "php": "php"}
_RUNTIME_PROGRAM |= {"java": "java", "rust": "cargo", "elixir": "mix", "dotnet": "dotnet"}
_OF_NODE = frozenset({"node", "npm", "npx"})


@dataclass(frozen=True)
class Toolset:
    """What the sandboxes of a plan are given to run its commands."""

    tools: tuple[Tool, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Toolset") -> "Toolset":
        return Toolset(self.tools + other.tools, {**self.env, **other.env}, self.notes + other.notes)

    @property
    def identity(self) -> str:
        return "\n".join(sorted(tool.identity for tool in self.tools))

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(folder for tool in self.tools for folder in tool.path))

    @property
    def binds(self) -> tuple[tuple[Path, str], ...]:
        return tuple(dict.fromkeys(bind for tool in self.tools for bind in tool.binds))


class Missing(Exception):
    """A plan needs a tool that is not to be had here."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


def programs_of(plan: BuildPlan) -> set[str]:
    """The programs of `PROGRAMS` that the plan's commands begin with or its runtime is."""
    commands = [*plan.install, *plan.build, *plan.release, *([plan.start] if plan.start else [])]
    named = set(commands_of(commands))
    if commands and (program := _RUNTIME_PROGRAM.get(plan.stack.runtime)):
        named.add(program)
    return named & set(PROGRAMS)


def commands_of(commands: Iterable[Argv]) -> Iterator[str]:
    for command in commands:
        if command[:2] == ("sh", "-c"):
            yield from re.findall(r"(?:^|&&|;|\|\||\bexec)\s*([\w.-]+)", command[2])
        elif command:
            yield command[0]


def uses_python(plan: BuildPlan) -> bool:
    return plan.stack.runtime == "python" or "/deps/venv" in plan.deps


class Toolchains:
    """Finds tools, and fetches those that can be fetched into `root`."""

    def __init__(self, root: Path, sandbox: Sandbox, uv: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._sandbox = sandbox
        self._uv = uv
        self._pythons = Pythons(root / "python", uv)
        self._fetching = asyncio.Lock()
        self._versions: dict[str, str] = {}

    async def checks(self, plan: BuildPlan) -> list[Check]:
        """What a plan needs of this machine, without fetching anything."""
        if plan.dockerfile and plan.stack.language == "docker":
            fix = "Remove the Dockerfile for DevGem to plan the app by its language, or deploy it where containers run."
            return [Check("dockerfile", False, f"{plan.dockerfile} is the plan, and apps here run without Docker", fix)]
        checks = [self._check_program(program) for program in sorted(programs_of(plan))]
        if plan.stack.runtime == "go" and (old := await self._old_go(plan)):
            checks.append(old)
        if uses_python(plan):
            checks.append(await self._check_python(plan.stack))
        return checks

    async def resolve(self, plan: BuildPlan) -> Toolset:
        """The tools of a plan; fetches what can be fetched. Raises Missing."""
        for check in await self.checks(plan):
            if not check.ok:
                raise Missing(Failure("missing_toolchain", check.detail, check.fix))
        found = Toolset()
        wanted = programs_of(plan)
        if wanted & _OF_NODE:
            found += await self._node(plan.stack)
        for runtime in sorted(wanted & {"bun", "deno"}):
            if programs.find(runtime) is None:
                found += await self._from_npm(runtime, from_npm.stated(plan.stack, runtime) or "")
        wanted -= _OF_NODE
        found += _tools(wanted)
        if uses_python(plan):
            found += await self._python(plan)
        return found

    def _check_program(self, name: str) -> Check:
        path, needed = programs.find(name), PROGRAMS[name]
        if path is None and name in from_npm.RUNTIMES and programs.find("npm"):
            return Check(name, True, f"{needed.names} is to be fetched by npm")
        if path is None:
            return Check(name, False, f"{needed.names} is not installed on this machine", needed.fix)
        return Check(name, True, str(path))

    async def _old_go(self, plan: BuildPlan) -> Check | None:
        """Go before 1.21 cannot fetch the version that go.mod asks for (https://go.dev/doc/toolchain)."""
        go = programs.find("go")
        wanted = from_npm.stated(plan.stack, "go")
        if go is None or wanted is None:
            return None
        done = await asyncio.create_subprocess_exec(
            str(go), "env", "GOVERSION", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        have = _numbers((await done.communicate())[0].decode())
        want = _numbers(wanted)
        if not have or have >= (1, 21) or have >= want:
            return None
        detail = f"go.mod asks for Go {wanted}, and Go {'.'.join(map(str, have))} is installed"
        return Check("go", False, detail, "Install a newer Go from https://go.dev/dl and put it first on PATH.")

    async def _check_python(self, stack: Stack) -> Check:
        wanted, present = pythons.wish(stack), await self._pythons.present()
        found = pythons.choose(wanted, present) or pythons.choose_instead(wanted, present)
        if found:
            return Check("python", True, f"{found.version} at {found.path}")
        return Check("python", True, f"Python {wanted.series} is to be fetched by uv")

    async def _python(self, plan: BuildPlan) -> Toolset:
        wanted = pythons.wish(plan.stack)
        present, reason = await self._pythons.present(), ""
        found = pythons.choose(wanted, present)
        if found is None and wanted.stated_in:
            reason = await self._pythons.fetch(wanted.series)
            present = await self._pythons.present(anew=True)
            found = pythons.choose(wanted, present)
        if found:
            return self._with_python(plan, found)
        found = pythons.choose_instead(wanted, present)
        if found is None:
            raise Missing(_no_python(wanted, present, reason))
        if wanted.stated_in is None:
            return self._with_python(plan, found)
        note = f"Python {wanted.series} ({wanted.stated_in}) could not be had: {found.version} is used."
        return self._with_python(plan, found, note)

    def _with_python(self, plan: BuildPlan, python: Python, *notes: str) -> Toolset:
        """uv itself, and the Python that environments are made of (whose other programs stay off PATH)."""
        uv_runs = any("uv" in commands_of([command]) for command in (*plan.release, plan.start or ()))
        uv_bind = (self._uv, f"{TOOLS}/bin/uv")
        uv = Tool(programs.identify(self._uv), (f"{TOOLS}/bin",), (uv_bind,), at_run=uv_runs)
        interpreter = replace(programs.tool(python.path), path=())
        return Toolset((uv, interpreter), {"UV_PYTHON": str(python.path)}, notes)

    async def _node(self, stack: Stack) -> Toolset:
        here = _tools(_OF_NODE)
        if (host := programs.find("node")) and here.identity not in self._versions:
            self._versions[here.identity] = await asyncio.to_thread(from_npm.installed, host)
        if from_npm.fits(self._versions.get(here.identity, ""), stack):
            return here
        return await self._from_npm("node", from_npm.stated(stack, "node") or from_npm.GOOD_NODE)

    async def _from_npm(self, runtime: str, version: str) -> Toolset:
        folder = self._root / f"{runtime}-{version or 'newest'}"
        async with self._fetching:
            reason = "" if folder.exists() else await self._fetch(from_npm.packages(runtime, version), folder)
        tool = None if reason else from_npm.fetched(runtime, folder)
        if tool:
            return Toolset((tool,))
        needed = PROGRAMS[runtime]
        cause = f"the app asks for {needed.names} {version}".rstrip() + ", and npm could not fetch it"
        wanted = f"Install {needed.names} {version} on this machine, or state another version in the repository."
        fix = wanted if version else needed.fix
        raise Missing(Failure(f"missing_{runtime}", cause, fix, reason or "its package holds no program"))

    async def _fetch(self, packages: Sequence[str], folder: Path) -> str:
        """Why npm could not install these packages into `folder`, or an empty text."""
        work = trees.make_folder(self._root / new_id("fetch"), self._sandbox.user_id(INSTALL))
        npm = _tools(_OF_NODE)
        argv = ("npm", "install", "--prefix", "/tool", "--ignore-scripts", "--no-audit", "--no-fund")
        path = ":".join([*npm.path, *programs.SYSTEM_PATH])
        box = Box(
            name=work.name,
            argv=(*argv, *packages),
            cwd="/tool",
            env={"PATH": path, "HOME": "/tmp", **bwrap.ca_environment()},  # noqa: S108
            ro=npm.binds,
            rw=((work, "/tool"),),
            network=Network.EGRESS,
            limits=_FETCH_LIMITS,
            slot=INSTALL,
            merge_stderr=True,
        )
        try:
            running = await self._sandbox.start(box)
            try:
                said = (await running.stdout.read()).decode(errors="replace").strip()
                end = await running.wait()
            finally:
                await running.close()
            if end.code == 0:
                await asyncio.to_thread(trees.measure, work, open_up=True)
                work.rename(folder)
                return ""
            return next((line for line in said.splitlines() if "error" in line), said[-200:])
        finally:
            await trees.remove(work)

    async def sweep(self) -> None:
        """Removes what an interrupted fetch has left."""
        for leftover in self._root.glob("fetch_*"):
            await trees.remove(leftover)


def _tools(names: Iterable[str]) -> Toolset:
    """Those of these programs that this machine has."""
    return Toolset(tuple(programs.tool(path) for name in sorted(names) if (path := programs.find(name))))


def _no_python(wanted: Wish, present: Sequence[Python], reason: str) -> Failure:
    have = ", ".join(sorted({python.series for python in present})) or "no Python"
    return Failure(
        "missing_python",
        f"{wanted.stated_in} asks for Python {wanted.series}; this machine has {have}, and uv could not fetch it",
        f"Install it (`uv python install {wanted.series}`, or pyenv), or change {wanted.stated_in}.",
        evidence=reason,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
