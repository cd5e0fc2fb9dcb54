"""React Router in framework mode, and Remix, which it grew out of."""

import posixpath

from devgem.domain.plan import Kind
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, site
from devgem.stack.node.values import Setting, read

_LISTEN = {"HOST": "0.0.0.0"}  # noqa: S104


async def react_router(project: Project) -> Shape | None:
    """`react-router` alone is a library; its framework brings @react-router/dev."""
    if "@react-router/dev" not in project.package.all:
        return None
    await project.uses("framework", "react-router", "@react-router/dev")
    config = await project.config("react-router.config")
    build = project.build("react-router", "build")
    return await _built(project, "react-router", build, config, None)


async def remix(project: Project) -> Shape | None:
    name = project.package.first("@remix-run/dev", "@remix-run/react", "@remix-run/serve")
    if not name:
        return None
    await project.uses("framework", "remix", name)
    config = await project.config("vite.config")
    if config and any(module.startswith("@remix-run/dev") for module in config.modules()):
        build = project.build("remix", "vite:build")
        return await _built(project, "remix", build, config, "remix()")
    classic = await project.config("remix.config")
    where = project.says("server_build", classic, "serverBuildPath")
    path = (where.value.text if where else None) or "build/index.js"
    start = (await project.program("remix-serve", "@remix-run/serve"), path)
    return Shape("remix", Kind.SERVER, project.build("remix", "build"), start, run_env=_LISTEN)


async def _built(
    project: Project, name: str, build: tuple[tuple[str, ...], ...], config: Code | None, within: str | None
) -> Shape:
    def setting(key: str) -> Setting | None:
        return read(config, key, within) if config else None

    def text(key: str, default: str) -> str:
        found = setting(key)
        return (found.value.text if found else None) or default

    folder, ssr = text("buildDirectory", "build"), setting("ssr")
    if config and ssr and ssr.value.known and ssr.value.value is False:
        project.found.add("ssr", "false", config.path, ssr.line)
        fallback = "__spa-fallback.html" if name == "react-router" and setting("prerender") else "index.html"
        where = Folder(posixpath.normpath(f"{folder}/client"))
        return await site(project, name, build, where, fallback=fallback, base=text("basename", "") or None)
    package = f"@{'react-router' if name == 'react-router' else 'remix-run'}/serve"
    program = await project.program(f"{name}-serve", package)
    entry = posixpath.normpath(f"{folder}/server/{text('serverBuildFile', 'index.js')}")
    notes = () if package in project.package.all else (f"{package} is not a dependency; add it, or a start script.",)
    return Shape(name, Kind.SERVER, build, (program, entry), run_env=_LISTEN, notes=notes, sure=not notes)
