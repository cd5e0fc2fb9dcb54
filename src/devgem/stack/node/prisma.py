"""Prisma: its schema is an input of the install, and its client has to be generated before anything uses it."""

import re

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.node.project import Project
from devgem.stack.node.scripts import commands

_INPUT = re.compile(r"(^|/)(schema\.prisma|prisma/.*\.prisma|prisma\.config\.[cm]?[jt]s)$")
_OUTPUT = re.compile(r"^\s*output\s*=\s*\"(?!.*node_modules)", re.MULTILINE)
_USUAL = ("prisma/schema.prisma", "schema.prisma")
_SCRIPTS = ("postinstall", "prepare", "build", "start", "generate")


def prisma_inputs(files: Files) -> list[str]:
    """The files that `prisma generate` reads."""
    return [path for path in files.paths if _INPUT.search(path) and "node_modules/" not in path]


async def prisma_generate(project: Project) -> tuple[Argv, ...]:
    """The command that makes the client, where the install of @prisma/client does not: before version 7 that looks for
    a schema in the usual places, and what it writes among the sources is not kept. Empty where a script does it."""
    if "prisma" not in project.package.all:
        return ()
    schema = next((path for path in prisma_inputs(project.files) if path.endswith("schema.prisma")), None)
    if schema is None:
        return ()
    written = _OUTPUT.search(await project.files.text(schema)) is not None
    scripts = _SCRIPTS[2:4] if written else _SCRIPTS
    run = [command for script in scripts for command in commands(project.package.scripts, script)]
    if any(command.words[:2] == ("prisma", "generate") for command in run):
        return ()
    stated = schema in _USUAL or project.package.text("prisma", "schema") is not None
    if stated and not written and (project.package.major("prisma") or 7) < 7:
        return ()
    has_config = any("prisma.config." in path for path in prisma_inputs(project.files))
    where = () if stated or has_config else (f"--schema={schema}",)
    return (project.manager.execute("prisma", "generate", *where),)
