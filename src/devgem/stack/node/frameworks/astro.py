"""Astro: static pages, or a server when the configuration has an adapter for one."""

import posixpath

from devgem.domain.plan import Kind, Unplannable
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, folder, site


async def astro(project: Project) -> Shape | Unplannable | None:
    if "astro" not in project.package.all or not project.has_app(("astro", "build"), "astro.config.", "src/pages/"):
        return None
    await project.uses("framework", "astro", "astro")
    config = await project.config("astro.config")
    output = project.says("output", config, "output")
    build = project.build("astro", "build")
    command = project.command("astro", "build")
    given = command.option("--outDir", "--out-dir") if command else None
    where = (
        Folder(given)
        if given
        else folder(project, config, project.says("static_root", config, "outDir"), "outDir", "dist")
    )
    adapter = (
        next((m for m in config.modules() if m.startswith("@astrojs/") and m[9:] in _ADAPTERS), None)
        if config
        else None
    )
    if config and adapter and config.mentions("adapter"):
        await project.found.find("adapter", adapter, config.path, adapter)
        if adapter == "@astrojs/node":
            mode = project.says("mode", config, "mode", within="node()")
            return _server(project, build, where, mode.value.text if mode else None)
        if output and output.value.value in ("server", "hybrid"):
            return Unplannable(
                f"The Astro project renders on a server of another host ({adapter}).",
                'Use the adapter @astrojs/node with mode "standalone", or output: "static".',
                language="node",
                evidence=project.found.all(),
            )
        where = Folder(None, (where.path or "dist", "dist/client", ".vercel/output/static"), where.notes)
    base = project.says("base", config, "base")
    has_404 = any(path.startswith("src/pages/404.") for path in project.files.paths)
    not_found = "404.html" if has_404 or "public/404.html" in project.files else None
    return await site(project, "astro", build, where, not_found=not_found, base=base.value.text if base else None)


_ADAPTERS = ("node", "vercel", "netlify", "cloudflare", "deno")


def _server(project: Project, build: tuple[tuple[str, ...], ...], where: Folder, mode: str | None) -> Shape:
    entry = posixpath.join(where.path or "dist", "server/entry.mjs")
    notes = where.notes
    if mode == "middleware":
        notes += ('The adapter is in mode "middleware": a server of the project\'s own has to use its output.',)
    return Shape(
        "astro",
        Kind.SERVER,
        build,
        ("node", entry),
        port=4321,
        run_env={"HOST": "0.0.0.0"},  # noqa: S104
        build_env={"ASTRO_TELEMETRY_DISABLED": "1"},
        notes=notes,
        sure=where.path is not None and mode != "middleware",
    )
