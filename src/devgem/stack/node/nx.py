"""Apps of an Nx repository that have a project.json instead of a package.json: the root's package is theirs."""

import posixpath
import re
from dataclasses import replace

from devgem.domain.plan import Argv, Kind, Unplannable
from devgem.stack.files import Files
from devgem.stack.node.frameworks import angular, servers
from devgem.stack.node.frameworks.angular import Target, target_of
from devgem.stack.node.listening import resolve
from devgem.stack.node.manifest import MANIFEST, open_package
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.runners import Run
from devgem.stack.node.scripts import parse
from devgem.stack.node.sites import Folder, folder, site
from devgem.stack.node.start import Start
from devgem.stack.node.workspace import Workspace
from devgem.stack.shapes import table, text, texts

MANIFEST_OF_APP = "project.json"


async def nx_workspace(files: Files) -> Workspace | None:
    """The workspace of an app's folder that Nx knows by its project.json, and builds."""
    if MANIFEST_OF_APP not in files or "nx.json" not in files.root:
        return None
    own, package = await open_package(files), await open_package(files.root)
    by_nx = own is None or any(command.name == "nx" for command in parse(own.scripts.get("build", "")))
    return Workspace(files.root, package, (), "nx.json") if package and by_nx else None


async def nx_app(project: Project) -> Shape | Unplannable:
    """By the executor of the app's build target: https://nx.dev/reference/project-configuration"""
    stated = table(await project.files.json(MANIFEST_OF_APP))
    name = stated.get("name")
    name = name if isinstance(name, str) else posixpath.basename(project.files.dir)
    build = (project.manager.execute("nx", "build", name),)
    target = target_of(name, table(stated, "targets", "build"), has_server=False)
    if stated.get("projectType") == "library":
        return _unknown(project, f"{name} is a library of the Nx repository.")
    stated_output = next(iter(texts(table(stated, "targets", "build").get("outputs"))), "")
    output = _text(target, "outputPath") or _path(stated_output) or f"dist/{project.files.dir}"
    where = posixpath.join(project.up, output)
    executor = target.builder if target else ""
    await project.found.find("executor", executor or "inferred", MANIFEST_OF_APP, executor or '"name"')
    if target and "angular" in executor:
        moved = replace(target, options={**target.options, "outputPath": where})
        return await angular.built(project, moved, build, where)
    if "next" in executor or await project.config("next.config"):
        program = await project.program("next")
        built = where if "next" in executor else "."
        return Shape("next", Kind.SERVER, build, (program, "start", built, "-H", "0.0.0.0"))  # noqa: S104
    if _runs_on_node(project, target):
        return await _server(project, target, build, where)
    if config := await project.config("vite.config"):
        setting = project.says("static_root", config, "build.outDir")
        found = folder(project, config, setting, "build.outDir", where)
        return await site(project, "vite", build, found, fallback="index.html")
    if re.search("vite|webpack|rspack", executor):
        return await site(project, None, build, Folder(posixpath.normpath(where)), fallback="index.html")
    return _unknown(project, f"What builds {name} is not known ({executor or 'no build target'}).")


def _runs_on_node(project: Project, target: Target | None) -> bool:
    if target and re.search(r"(nx|nrwl)/(node|esbuild|js|nest)", target.builder):
        return True
    has_entry = any(resolve(project.files, f"src/{stem}") for stem in ("main", "server"))
    has_page = project.files.first("index.html", "src/index.html") is not None
    return bool(target and target.options.get("target") == "node") or (has_entry and not has_page)


async def _server(project: Project, target: Target | None, build: tuple[Argv, ...], where: str) -> Shape:
    main = _text(target, "main")
    source = posixpath.relpath(main, project.files.dir) if main else resolve(project.files, "src/main") or "src/main.ts"
    entry = posixpath.join(where, posixpath.splitext(posixpath.basename(source))[0] + ".js")
    start = Start(Run(("node", posixpath.normpath(entry)), source=source))
    await start.show(project)
    return replace(await servers.program(project, start), build=build)


def _text(target: Target | None, key: str) -> str | None:
    return _path(text(target.options.get(key))) if target else None


def _path(stated: str) -> str | None:
    """A path of a target, unless it refers to something else of it."""
    path = stated.replace("{workspaceRoot}/", "")
    return path if path and "{" not in path else None


async def nx_apps(files: Files) -> tuple[str, ...]:
    """The folders of the apps of an Nx repository that have a project.json and no package.json."""
    if "nx.json" not in files or MANIFEST_OF_APP in files:
        return ()
    found = []
    for path in files.glob(f"*/{MANIFEST_OF_APP}"):
        folder = posixpath.dirname(path)
        stated = table(await files.json(path))
        is_app = stated.get("projectType") == "application" and not folder.endswith("e2e")
        if is_app and f"{folder}/{MANIFEST}" not in files:
            found.append(folder)
    return tuple(found)


def _unknown(project: Project, reason: str) -> Unplannable:
    fix = "State build and start (or static) in devgem.toml."
    return Unplannable(reason, fix, language="node", evidence=project.found.all())
