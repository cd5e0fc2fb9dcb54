"""Programs that Bun runs, and not Node."""

from dataclasses import replace

from devgem.stack.node.manager import BUN
from devgem.stack.node.project import Project
from devgem.stack.versions import from_tool_versions, from_version_file, number_in


async def as_bun(project: Project) -> Project:
    """The same project where only Bun is there: it is its own package manager. Only Bun's own lock file counts."""
    manager = project.manager
    lock = manager.lock if manager.name == "bun" else None
    version = manager.version if manager.name == "bun" else BUN
    stated = await from_version_file(project.files, ".bun-version") or await from_tool_versions(project.files, "bun")
    if stated and (number := number_in(stated.spec)):
        version = number
        project.found.add("version", version, stated.path, stated.line)
    return replace(project, manager=replace(manager, name="bun", command=("bun",), version=version, lock=lock))
