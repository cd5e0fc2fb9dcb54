"""Vite on its own: a single-page app, or several pages."""

import posixpath
import re
from dataclasses import replace

from devgem.domain.plan import Unplannable
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import Folder, folder, site

_WITH_VALUE = "--outDir|-c|--config|-m|--mode|--base"
_VIEWS = {"react": "react", "vue": "vue", "svelte": "svelte", "solid-js": "solid", "preact": "preact", "lit": "lit"}


async def vite(project: Project) -> Shape | Unplannable | None:
    tool = project.package.first("vite", "rolldown-vite") or (
        "vite" if "vite" in project.workspace.package.all and await project.config("vite.config") else None
    )
    if not tool:
        return None
    config = await project.config("vite.config")
    command = project.command("vite", "build")
    root = _root(project, config, command.operands(_WITH_VALUE) if command else ())
    page = posixpath.normpath(posixpath.join(root or "", "index.html"))
    if (root is not None and page not in project.files) or (config and config.find("build.lib")):
        return None
    await project.uses("framework", "vite", tool)
    if view := project.package.first(*_VIEWS):
        await project.uses("library", _VIEWS[view], view)
    given = command.option("--outDir") if command else None
    setting = project.says("static_root", config, "build.outDir")
    where = folder(project, config, setting, "build.outDir", f"{root or '.'}/dist", root or "")
    if given:
        where = Folder(posixpath.normpath(posixpath.join(root or "", given)))
    if await _extends(project, config) and setting is None and not given:
        where = replace(where, path=None, likely=(where.path or "dist", "build", "out"))
    option = command.option("--base") if command else None
    base = project.says("base", config, "base")
    public = posixpath.normpath(posixpath.join(root or "", "public/404.html"))
    pages = {"not_found": "404.html" if public in project.files else None}
    if not await _has_pages(project, config):
        pages = {"fallback": "index.html"}
    path = option or (base.value.text if base else None)
    return await site(project, "vite", project.build("vite", "build"), where, base=path, **pages)


def _root(project: Project, config: Code | None, operands: tuple[str, ...]) -> str | None:
    """The folder of index.html: of `vite build <root>`, or of the configuration. None when it cannot be read."""
    if operands[1:]:
        return operands[1]
    setting = project.says("root", config, "root")
    if setting is None:
        return ""
    return setting.value.text if setting.value.certain else None


async def _has_pages(project: Project, config: Code | None) -> bool:
    """Whether there are pages of their own, for which a wrong address is a 404 and not the first page."""
    kind = project.says("app_type", config, "appType")
    if kind and kind.value.value == "mpa":
        return True
    if config is None:
        return False
    inputs = [e for key in ("input", "input.main") for e in config.find(f"build.rollupOptions.{key}")]
    named = re.findall(r"[\w/.-]+\.html", " ".join(entry.value for entry in inputs))
    return len(set(named)) > 1 or bool(inputs and re.search(r"glob|fg\b|readdir", inputs[0].value))


async def _extends(project: Project, config: Code | None) -> bool:
    """Whether the configuration takes more from a file of the repository that sets the output folder."""
    if config is None:
        return False
    for module in config.modules():
        if module.startswith(".") and not module.endswith(".json"):
            near = posixpath.normpath(posixpath.join(posixpath.dirname(project.files.repo_path(config.path)), module))
            found = project.files.root.first(*(near + end for end in ("", ".ts", ".js", ".mjs", ".mts")))
            if found and "outDir" in await project.files.root.text(found):
                return True
    return False
