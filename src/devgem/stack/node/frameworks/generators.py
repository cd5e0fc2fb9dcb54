"""Bundlers and site generators that differ only in names (generator_table.py)."""

import posixpath
import re

from devgem.stack.node.frameworks.generator_table import GENERATORS, Generator
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.scripts import Command
from devgem.stack.node.sites import Folder, folder, site


async def generator(project: Project) -> Shape | None:
    name = project.package.first(*GENERATORS)
    if not name or (name == "expo" and not project.package.first("react-native-web", "react-dom")):
        return None
    row = GENERATORS[name]
    command = project.command(*row.build[:2])
    if command is None and not row.configs and "build" not in project.package.scripts:
        return None
    await project.uses("framework", row.framework, name)
    root = _root(row, command)
    config = await project.config(*(posixpath.normpath(stem.format(root=root)) for stem in row.configs))
    where = await _folder(project, row, root, config, command)
    not_found = row.not_found if row.framework != "eleventy" or _has_404(project) else None
    base = project.says("base", config, row.base) if row.base else None
    path = base.value.text if base else _homepage(project, row)
    build = project.build(*row.build)
    return await site(project, row.framework, build, where, fallback=row.fallback, not_found=not_found, base=path)


def _root(row: Generator, command: Command | None) -> str:
    """The folder that a documentation tool is given: `vitepress build docs`."""
    operands = (
        command.operands("|".join(row.options))[len(row.build) - 1 :] if command and "{root}" in row.output else ()
    )
    return operands[0] if operands else "."


async def _folder(project: Project, row: Generator, root: str, config: Code | None, command: Command | None) -> Folder:
    default = posixpath.normpath(row.output.format(root=root))
    given = command.option(*row.options) if command and row.options else None
    if row.framework == "create-react-app":
        given = await _build_path(project, command)
    if row.framework == "hexo":
        settings = await project.files.yaml("_config.yml")
        given = settings.get("public_dir") if isinstance(settings, dict) else None
    if row.framework == "parcel" and not given:
        given = next(
            (t for key in ("default", "app", "main") if (t := project.package.text("targets", key, "distDir"))), None
        )
    if row.framework == "eleventy" and config and not given:
        call = re.search(r"setOutputDirectory\(\s*(['\"])(.+?)\1", config.bare)
        given = call.group(2) if call else None
    if given and command and project.files.first("package.json"):
        line = await project.files.line_of("package.json", re.escape(given))
        project.found.add(
            "static_root", given, "package.json" if line else (config.path if config else "package.json"), line
        )
    if given:
        return Folder(posixpath.normpath(given))
    setting = project.says("static_root", config, row.key) if row.key else None
    return folder(project, config if row.key else None, setting, row.key, default, root if row.in_root else "")


async def _build_path(project: Project, command: Command | None) -> str | None:
    """https://create-react-app.dev/docs/advanced-configuration/"""
    if command and "BUILD_PATH" in command.env:
        return command.env["BUILD_PATH"]
    for path in (".env.production", ".env"):
        if found := re.search(r"^BUILD_PATH=['\"]?([^'\"\s]+)", await project.files.text(path), re.MULTILINE):
            return found.group(1)
    return None


def _homepage(project: Project, row: Generator) -> str | None:
    """Create React App serves under the path of "homepage"."""
    return project.package.text("homepage") if row.framework == "create-react-app" else None


def _has_404(project: Project) -> bool:
    return any(re.fullmatch(r"(.*/)?404\.\w+", path) for path in project.files.paths)
