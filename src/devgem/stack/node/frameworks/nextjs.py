"""Next.js: a server, a self-contained server (`output: "standalone"`) or static files (`output: "export"`)."""

import posixpath
from dataclasses import replace

from devgem.domain.plan import Argv, Kind
from devgem.stack.node.javascript import Code
from devgem.stack.node.manager import LOCKS
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, doubt, folder, site

_SIGNS = ("next.config.", "app/", "pages/", "src/app/", "src/pages/")
_QUIET = {"NEXT_TELEMETRY_DISABLED": "1"}


async def next_js(project: Project) -> Shape | None:
    if "next" not in project.package.all or not project.has_app(("next", "build"), *_SIGNS):
        return None
    await project.uses("framework", "next", "next")
    config = await project.config("next.config")
    output = project.says("output", config, "output")
    build = project.build("next", "build")
    exported = project.command("next", "export")
    if exported or (output and output.value.value == "export"):
        return await _export(project, config, build, exported.option("-o", "--outdir") if exported else None)
    shape = Shape("next", Kind.SERVER, build, build_env=_QUIET, run_env=_QUIET)
    notes = (*doubt(project, config, output, "output", "a server"), *_base_path(project, config))
    shape = replace(shape, notes=notes, sure=output is None or output.value.certain)
    if output and output.value.value == "standalone":
        return await _standalone(project, config, shape)
    return replace(shape, start=(await project.program("next"), "start", "-H", "0.0.0.0"))  # noqa: S104


async def _export(project: Project, config: Code | None, build: tuple[Argv, ...], given: str | None) -> Shape:
    """`next export` of old writes to `out`; `output: "export"` too, unless distDir says otherwise."""
    setting = project.says("static_root", config, "distDir")
    where = Folder(given) if given else folder(project, config, setting, "distDir", "out")
    base = project.says("base", config, "basePath")
    shape = await site(project, "next", build, where, not_found="404.html", base=base.value.text if base else None)
    return replace(shape, build_env=_QUIET)


async def _standalone(project: Project, config: Code | None, shape: Shape) -> Shape:
    """`.next/standalone` has the server and what it needs of node_modules, but neither `public` nor the browser's files
    (https://nextjs.org/docs/app/api-reference/config/next-config-js/output)."""
    distance = project.says("dist_dir", config, "distDir")
    built = (distance.value.text if distance else None) or ".next"
    inner = await _traced(project, config)
    home = posixpath.normpath(posixpath.join(built, "standalone", inner))
    copies: list[Argv] = [("cp", "-R", f"{built}/static", f"{home}/{built}/static")]
    if any(path.startswith("public/") for path in project.files.paths):
        copies.append(("cp", "-R", "public", f"{home}/public"))
    return replace(
        shape,
        build=(*shape.build, *copies),
        start=("node", f"{home}/server.js"),
        run_env={**shape.run_env, "HOSTNAME": "0.0.0.0"},  # noqa: S104
        artifacts=(f"{built}/standalone",),
    )


async def _traced(project: Project, config: Code | None) -> str:
    """The app's folder relative to the root that Next traces files from: the one stated, else the outermost folder of
    the repository with a lock file."""
    setting = project.says("tracing_root", config, "outputFileTracingRoot")
    if setting and setting.value.known and isinstance(setting.value.value, str):
        return posixpath.relpath(project.files.dir, posixpath.join(project.files.dir, setting.value.value))
    root = project.files.root
    above = [lock for lock in root.paths if posixpath.basename(lock) in LOCKS]
    holders = [d for lock in above if _is_above(d := posixpath.dirname(lock) or ".", project.files.dir)]
    return posixpath.relpath(project.files.dir, min(holders, key=len, default=project.files.dir))


def _is_above(folder: str, app: str) -> bool:
    return folder in (".", app) or app.startswith(f"{folder}/")


def _base_path(project: Project, config: Code | None) -> tuple[str, ...]:
    base = project.says("base", config, "basePath")
    return (
        (f"All pages are below {base.value.text} (basePath); / itself answers 404.",)
        if base and base.value.text
        else ()
    )
