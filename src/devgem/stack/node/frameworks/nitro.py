"""Frameworks whose server Nitro builds: Nuxt, SolidStart, Analog, TanStack Start.

Nitro leaves a self-contained server in `.output/server` and static files in `.output/public`; its preset decides which.
NITRO_PRESET in the build goes before the preset of the configuration, so that a project made for another host still
becomes a Node server. https://nitro.build/deploy
"""

from collections.abc import Mapping
from dataclasses import replace

from devgem.domain.plan import Argv, Kind
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, folder, site

_SERVER = {"NITRO_PRESET": "node-server"}
_LISTEN = {"HOST": "0.0.0.0", "NITRO_HOST": "0.0.0.0"}  # noqa: S104
_OTHERS: Mapping[str, tuple[str, str]] = {
    "@solidjs/start": ("solidstart", ".output"),
    "@analogjs/platform": ("analog", "dist/analog"),
    "vinxi": ("vinxi", ".output"),
    "nitropack": ("nitro", ".output"),
    "nitro": ("nitro", ".output"),
}
_START = ("@tanstack/react-start", "@tanstack/solid-start", "@tanstack/vue-start", "@tanstack/start")


async def nuxt(project: Project) -> Shape | None:
    name = project.package.first("nuxt", "nuxt-edge", "nuxt3", "nuxt-nightly")
    if not name or not project.has_app(("nuxt", "build"), "nuxt.config.", "app.vue", "app/", "pages/"):
        return None
    await project.uses("framework", "nuxt", name)
    config = await project.config("nuxt.config")
    if project.package.major(name) == 2:
        return await _nuxt_2(project, config)
    base = project.says("base", config, "app.baseURL")
    path = base.value.text if base else None
    shape: Shape
    if project.command("nuxt", "generate") and not project.command("nuxt", "build"):
        shape = await _site(project, "nuxt", project.build("nuxt", "generate"), path)
    elif _is_static(project, config, "nitro") or _is_spa(project, config):
        shape = await _site(project, "nuxt", project.build("nuxt", "build"), path)
        shape = replace(shape, build_env={"NITRO_PRESET": "static"})
    else:
        shape = _server("nuxt", project.build("nuxt", "build"), ".output")
    return replace(shape, build_env={**shape.build_env, "NUXT_TELEMETRY_DISABLED": "1"})


def _is_static(project: Project, config: Code | None, key: str) -> bool:
    preset = project.says("preset", config, f"{key}.preset")
    static = project.says("static", config, f"{key}.static")
    name = (preset.value.text if preset else None) or ""
    return name.endswith(("static", "pages", "_pages")) or bool(static and static.value.value is True)


def _is_spa(project: Project, config: Code | None) -> bool:
    """`ssr: false` leaves nothing for a server to do, unless the project has routes of an API."""
    ssr = project.says("ssr", config, "ssr")
    has_routes = any(path.startswith("server/") for path in project.files.paths)
    return bool(ssr and ssr.value.known and ssr.value.value is False) and not has_routes


async def _site(project: Project, framework: str, build: tuple[Argv, ...], base: str | None) -> Shape:
    fallback = "200.html" if framework == "nuxt" else None
    return await site(project, framework, build, Folder(".output/public"), fallback=fallback, base=base)


def _server(framework: str, build: tuple[Argv, ...], output: str) -> Shape:
    start = ("node", f"{output}/server/index.mjs")
    return Shape(framework, Kind.SERVER, build, start, build_env=_SERVER, run_env=_LISTEN, artifacts=(output,))


async def _nuxt_2(project: Project, config: Code | None) -> Shape:
    target = project.says("target", config, "target")
    mode = project.says("mode", config, "mode")
    is_spa = _is_spa(project, config) or bool(mode and mode.value.value == "spa")
    if is_spa or (target and target.value.value == "static"):
        command = project.command("nuxt", "generate")
        build = project.manager.run(command.script) if command else project.manager.execute("nuxt", "generate")
        where = folder(project, config, project.says("static_root", config, "generate.dir"), "generate.dir", "dist")
        return await site(project, "nuxt", (build,), where, fallback="200.html")
    start = (await project.program("nuxt"), "start")
    return Shape("nuxt", Kind.SERVER, project.build("nuxt", "build"), start, run_env={"HOST": "0.0.0.0"})  # noqa: S104


async def tanstack_start(project: Project) -> Shape | None:
    name = project.package.first(*_START)
    if not name:
        return None
    await project.uses("framework", "tanstack-start", name)
    config = await project.config("vite.config", "app.config")
    build = project.build("vite", "build")
    spa = project.says("spa", config, "spa.enabled", within="tanstackStart()")
    if spa and spa.value.value is True:
        index = ("cp", "dist/client/_shell.html", "dist/client/index.html")
        return await site(project, "tanstack-start", (*build, index), Folder("dist/client"), fallback="index.html")
    if project.package.first("nitro", "nitropack", "vinxi", "@tanstack/nitro-v2-vite-plugin"):
        if _is_static(project, config, "server"):
            return await _site(project, "tanstack-start", build, None)
        return _server("tanstack-start", build, ".output")
    serve = await project.program("srvx")
    if project.manager.name == "pnpm" and "srvx" not in project.package.all:
        serve = serve.replace("node_modules/", "node_modules/.pnpm/node_modules/", 1)
    start = (serve, "--prod", "-s", "../client", "dist/server/server.js")
    note = "Nothing states how the server is started; srvx, which TanStack Start brings, starts it."
    return Shape("tanstack-start", Kind.SERVER, build, start, notes=(note,), sure=False)


async def other_nitro(project: Project) -> Shape | None:
    name = project.package.first(*_OTHERS)
    if not name:
        return None
    framework, output = _OTHERS[name]
    await project.uses("framework", framework, name)
    config = await project.config("app.config", "vite.config", "nitro.config")
    build = project.build("vinxi" if framework in ("solidstart", "vinxi") else framework, "build")
    if _is_static(project, config, "server") or _is_static(project, config, "nitro"):
        return await _site(project, framework, build, None)
    return _server(framework, build, output)
