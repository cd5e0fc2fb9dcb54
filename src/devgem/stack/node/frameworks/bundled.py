"""Pages that a general bundler or a script of the project's own builds."""

import posixpath

from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import USUAL, Folder, folder, site

_PAGE_PLUGINS = ("html-webpack-plugin", "html-rspack-plugin", "html-bundler-webpack-plugin")
_CONFIGS = ("webpack.config", "webpack.prod", "webpack.config.prod", "config/webpack.config", "rspack.config")
_PAGES = ("public/index.html", "src/index.html", "app/index.html", "static/index.html", "client/index.html")


async def bundled(project: Project) -> Shape | None:
    """Where the bundler writes pages, its output folder; where it writes what the root's index.html loads, the root."""
    if "build" not in project.package.scripts:
        return None
    plugin = project.package.first(*_PAGE_PLUGINS)
    build = project.build()
    if plugin:
        await project.uses("framework", "webpack", plugin)
        code = await _webpack(project)
        setting = project.says("static_root", code, "output.path")
        where = folder(project, code, setting, "output.path", "dist")
        history = code and code.mentions("historyApiFallback")
        return await site(project, "webpack", build, where, fallback="index.html" if history else None)
    if "index.html" in project.files:
        project.found.add("static_root", ".", "index.html")
        return await site(project, None, build, Folder("."), not_found=_not_found(project, "."))
    if project.files.first(*_PAGES):
        note = "What the build script makes is not known: the folder with index.html is looked for after it."
        return await site(project, None, build, Folder(None, USUAL, (note,)))
    return None


async def _webpack(project: Project) -> Code | None:
    """The configuration that states the output, of several that are merged."""
    folders = ("", "config/", "build/", "webpack/")
    stems = [folder + posixpath.basename(stem) for folder in folders for stem in (*_CONFIGS, "webpack.common")]
    codes = [code for stem in dict.fromkeys(stems) if (code := await project.config(stem))]
    return next((code for code in codes if code.find("output.path")), codes[0] if codes else None)


def _not_found(project: Project, folder: str) -> str | None:
    return "404.html" if posixpath.normpath(f"{folder}/404.html") in project.files else None
