"""What recognisers of frameworks look at, and what they answer."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from devgem.domain.plan import Argv, Evidence, Kind, StaticSite
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.node.javascript import Code
from devgem.stack.node.manager import Manager
from devgem.stack.node.manifest import MANIFEST, Package, key_line
from devgem.stack.node.scripts import Command, commands
from devgem.stack.node.values import Setting, read
from devgem.stack.node.workspace import Workspace

EXTENSIONS = ("ts", "mts", "cts", "js", "mjs", "cjs")
_BUILD_SCRIPTS = ("build", "heroku-postbuild", "gcp-build")
_NOT_TO_BUILD = re.compile(r"dev|test|watch|deploy|publish|release|preview|analy[sz]e|storybook|lint|clean|android|ios")


@dataclass(frozen=True)
class Shape:
    """How an app is built and then started or served. `sure` is false when something of it is a guess; `notes` say
    which. `artifacts` are relative to the app's folder."""

    framework: str | None
    kind: Kind
    build: tuple[Argv, ...] = ()
    start: Argv | None = None
    static: StaticSite | None = None
    port: int = 3000
    build_env: Mapping[str, str] = field(default_factory=dict)
    run_env: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True)
class Project:
    """An app's folder with its package, the workspace around it and the manager that serves it."""

    files: Files
    package: Package
    workspace: Workspace
    manager: Manager
    found: Findings

    @property
    def up(self) -> str:
        """The way from the app's folder to the workspace's root."""
        return posixpath.relpath(self.workspace.files.dir, self.files.dir)

    async def uses(self, claim: str, value: str, dependency: str) -> None:
        """Adds the evidence that a dependency is."""
        own = MANIFEST in self.files and dependency in self.package.all
        files = self.files if own else self.workspace.files
        line = await key_line(files, dependency)
        self.found.add_evidence(Evidence(claim, value, files.repo_path(MANIFEST), line))

    async def config(self, *stems: str) -> Code | None:
        """The first configuration file with one of these names and any extension of a script."""
        path = self.files.first(*(f"{stem}.{extension}" for stem in stems for extension in EXTENSIONS))
        return Code(await self.files.text(path), path) if path else None

    def says(self, claim: str, code: Code | None, dotted: str, within: str | None = None) -> Setting | None:
        """What a configuration says for a key; a certain answer becomes evidence."""
        setting = read(code, dotted, within) if code else None
        if code and setting and setting.value.certain and setting.value.value not in (None, ""):
            value = setting.value.value
            self.found.add(
                claim, str(value).lower() if isinstance(value, bool) else str(value), code.path, setting.line
            )
        return setting

    def has_app(self, tool: tuple[str, ...], *paths: str) -> bool:
        """Whether a framework that is a dependency is used here for an app, and not only by what a package is made for
        or tested with: a script runs its tool, or there is one of these files or folders (ending in a slash)."""
        return self.command(*tool) is not None or any(path.startswith(paths) for path in self.files.paths)

    def command(self, *words: str) -> Command | None:
        """The first command of a script that begins so ("vite", "build"), scripts named build first."""
        for name in self._build_scripts():
            for command in commands(self.package.scripts, name):
                if (command.name, *command.words[1 : len(words)]) == words:
                    return command
        return None

    def build(self, *tool: str) -> tuple[Argv, ...]:
        """The commands that build the app, members of the workspace that it needs before itself: its build script (or
        what other hosts call so), else the script that runs this tool, else the tool alone."""
        scripts = self.package.scripts
        if "build" in scripts and self._has_turbo():
            return (self.manager.execute("turbo", "run", "build", f"--filter={self.package.name}"),)
        before = tuple(
            self.manager.run_in(member.package.name, "build", self.up)
            for member in self.workspace.needed_by(self.package)
            if "build" in member.package.scripts
        )
        if script := next((name for name in _BUILD_SCRIPTS if name in scripts), None):
            return (*before, self.manager.run(script))
        command = self.command(*tool) if tool else None
        if command:
            return (*before, self.manager.run(command.script.removeprefix("pre")))
        return (*before, self.manager.execute(*tool)) if tool else before

    def _has_turbo(self) -> bool:
        return (
            "turbo" in self.workspace.package.all and "turbo.json" in self.workspace.files and bool(self.package.name)
        )

    def _build_scripts(self) -> list[str]:
        names = [name for name in self.package.scripts if not _NOT_TO_BUILD.search(name)]
        return sorted(names, key=lambda name: (name != "build", not name.startswith("build")))

    async def program(self, name: str, dependency: str | None = None) -> str:
        """The path of a dependency's program, relative to the app's folder: in its own node_modules or, where the
        manager hoists, in the workspace's."""
        inner = f"node_modules/.bin/{name}"
        package = dependency or name
        if self.up == ".":
            return inner
        if self.manager.name in ("pnpm", "bun"):
            own = package in self.package.all
        else:
            lock = await self.workspace.files.text(self.manager.lock or "")
            own = f'"{self.workspace.relative(self.files)}/node_modules/{package}"' in lock
        return inner if own else posixpath.join(self.up, inner)
