"""Angular: angular.json says what is built, and where to."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from devgem.domain.plan import Kind
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, site
from devgem.stack.shapes import table

_QUIET = {"NG_CLI_ANALYTICS": "false"}
CONFIG = "angular.json"


@dataclass(frozen=True)
class Target:
    """The build target of one project, options of its production configuration laid over its own."""

    project: str
    builder: str
    options: Mapping[str, Any]
    has_server: bool
    """A target of its own builds the server, as before Angular 17."""


async def angular(project: Project) -> Shape | None:
    if CONFIG not in project.files or not project.package.first("@angular/core", "@angular/cli"):
        return None
    workspace = table(await project.files.json(CONFIG))
    targets = _targets(workspace)
    if not targets:
        return None
    target = next((t for t in targets if t.project == workspace.get("defaultProject")), targets[0])
    await project.uses("framework", "angular", "@angular/core")
    await project.found.find("builder", target.builder, CONFIG, f'"{target.builder}"')
    build = project.build("ng", "build", target.project)
    shape = await built(project, target, build, f"dist/{target.project}")
    notes = shape.notes
    if len(targets) > 1:
        names = ", ".join(t.project for t in targets)
        notes += (f"angular.json has several applications ({names}); {target.project} is served.",)
    return replace(shape, build_env=_QUIET, notes=notes, sure=shape.sure and len(targets) == 1)


async def built(project: Project, target: Target, build: tuple[tuple[str, ...], ...], default: str) -> Shape:
    """A shape by builder: `application` writes to browser/ and server/, older ones to the output folder itself."""
    stated = target.options.get("outputPath")
    split = table(stated)
    base = split.get("base") if split else stated
    base = base if isinstance(base, str) else default
    if isinstance(stated, (str, dict)) and CONFIG in project.files:
        await project.found.find("static_root", base, CONFIG, rf'"(outputPath|base)"\s*:\s*"{base}"')
    is_new = target.builder.rpartition(":")[2] == "application"
    browser = split.get("browser", "browser") if is_new else ""
    ssr, mode = target.options.get("ssr"), target.options.get("outputMode")
    if is_new and (mode == "server" or (mode is None and ssr)):
        entry = posixpath.join(base, split.get("server") or "server", "server.mjs")
        return Shape("angular", Kind.SERVER, build, ("node", entry), port=4000)
    if target.has_server and "build:ssr" in project.package.scripts:
        entry = posixpath.join(posixpath.dirname(base) if base.endswith("browser") else base, "server/main.js")
        start = ("node", entry)
        return Shape("angular", Kind.SERVER, (project.manager.run("build:ssr"),), start, port=4000, sure=False)
    where = Folder(posixpath.normpath(posixpath.join(base, browser)))
    href = target.options.get("baseHref")
    return await site(
        project, "angular", build, where, fallback="index.html", base=href if isinstance(href, str) else None
    )


def _targets(workspace: Mapping[str, Any]) -> list[Target]:
    found = []
    for name, project in table(workspace.get("projects")).items():
        targets = table(table(project).get("architect") or table(project).get("targets"))
        target = target_of(name, table(targets.get("build")), "server" in targets)
        if target and table(project).get("projectType") != "library":
            found.append(target)
    return found


def target_of(project: str, build: Mapping[str, Any], has_server: bool) -> Target | None:
    builder = build.get("builder") or build.get("executor")
    if not isinstance(builder, str):
        return None
    name = build.get("defaultConfiguration") or "production"
    chosen = table(table(build.get("configurations")).get(name))
    return Target(project, builder, {**table(build.get("options")), **chosen}, has_server)
