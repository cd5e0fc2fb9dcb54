"""Finds how a package is started: by the script for it, else by an entry file that listens."""

import posixpath
import re
from dataclasses import dataclass, replace

from devgem.domain.plan import Argv, display
from devgem.stack.node.compiled import output_of, source_of
from devgem.stack.node.listening import find_listener, resolve
from devgem.stack.node.manifest import MANIFEST, script_line
from devgem.stack.node.project import Project
from devgem.stack.node.runners import Run, production_run, starts_something, typed_runner
from devgem.stack.node.scripts import Command, commands

_SCRIPTS = ("start:prod", "start:production", "production", "prod", "start", "serve:prod", "server", "serve")
_DEV_SCRIPTS = ("dev", "develop", "start:dev")
_MIGRATION = re.compile(r"prisma (migrate deploy|db push)|knex migrate:latest|sequelize(-cli)? db:migrate|drizzle-kit")
_ENTRIES = (
    "server",
    "index",
    "app",
    "main",
    "src/index",
    "src/server",
    "src/main",
    "src/app",
    "server/index",
    "bin/www",
)


@dataclass(frozen=True)
class Start:
    """`before` is what the script builds on its way, `release` the migrations that it runs."""

    run: Run
    script: str | None = None
    before: tuple[Argv, ...] = ()
    release: tuple[Argv, ...] = ()

    @property
    def is_bun(self) -> bool:
        return self.run.command[:1] == ("bun",)

    async def show(self, project: Project) -> None:
        """Adds the evidence for it."""
        if self.script:
            line = await script_line(project.files, self.script)
            project.found.add("start", display(self.run.command), MANIFEST, line)
        elif self.run.source:
            project.found.add("start", display(self.run.command), self.run.source)


async def find_start(project: Project) -> Start | None:
    """The script for production; else an entry file that listens; else a script for development, without what makes
    it one."""
    scripts = project.package.scripts
    adapted: Start | None = None
    for name in (*_SCRIPTS, *_DEV_SCRIPTS):
        found = await _of_script(project, name) if name in scripts else None
        if found and not found.run.adapted and name not in _DEV_SCRIPTS:
            return found
        adapted = adapted or found
    entry = await _of_entry(project)
    if adapted is None or (entry and adapted.script in _DEV_SCRIPTS):
        return entry
    note = f"The script {adapted.script!r} is for development: what it runs is run without a watcher."
    return replace(adapted, run=replace(adapted.run, notes=(*adapted.run.notes, note)))


async def _of_script(project: Project, name: str) -> Start | None:
    steps = commands(project.package.scripts, name)
    last = next((step for step in reversed(steps) if starts_something(step)), None)
    run = await production_run(project, last) if last else None
    if last is None or run is None:
        return None
    earlier = [step for step in steps[: steps.index(last)] if step.script != "build" and _prepares(step)]
    return Start(
        run,
        name,
        before=tuple(project.manager.execute(*step.words) for step in earlier if not _is_migration(step)),
        release=tuple(project.manager.execute(*step.words) for step in earlier if _is_migration(step)),
    )


def _prepares(step: Command) -> bool:
    return (
        step.cwd == "." and step.plain and step.name not in ("echo", "rm", "rimraf", "cd", "kill-port", "node", "true")
    )


def _is_migration(step: Command) -> bool:
    return _MIGRATION.match(" ".join(step.words)) is not None


async def _of_entry(project: Project) -> Start | None:
    """The file that "main" names or one with a usual name, if it listens."""
    has_bun = bool(project.package.first("@types/bun", "bun-types", "elysia")) or project.manager.name == "bun"
    for source in await _entries(project):
        if await find_listener(project.files, source, bun=has_bun):
            return Start(Run(await _command(project, source, has_bun), source=source))
    return None


async def _entries(project: Project) -> list[str]:
    stated = [path for key in ("main", "module") if (path := project.package.text(key))]
    found = [await source_of(project, posixpath.normpath(path)) for path in stated]
    found += [resolve(project.files, path) for path in _ENTRIES]
    return [path for path in dict.fromkeys(found) if path and re.search(r"(^|/)www$|\.[cm]?[jt]s$", path)]


async def _command(project: Project, source: str, has_bun: bool) -> Argv:
    if has_bun:
        return ("bun", "run", source)
    built_by = [command.name for command in commands(project.package.scripts, "build")]
    if source.endswith("ts") and "tsc" in built_by:
        return ("node", await output_of(project, source))
    runner = typed_runner(project, source)
    if runner != "node":
        return (await project.program(runner), source)
    return ("node", await output_of(project, source) if source.endswith("ts") and built_by else source)
