"""Finds the workspace that a folder belongs to: its root, its members, and which of them an app is built from."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.node.manifest import MANIFEST, Package, open_package

PNPM_WORKSPACE = "pnpm-workspace.yaml"


@dataclass(frozen=True)
class Member:
    """One package of a workspace; `dir` is relative to the workspace's root."""

    dir: str
    package: Package


@dataclass(frozen=True)
class Workspace:
    """`files` is its root folder. A package of its own is a workspace without members; `stated_in` is then None,
    else the file at the root that lists the members."""

    files: Files
    package: Package
    members: tuple[Member, ...] = ()
    stated_in: str | None = None

    def relative(self, files: Files) -> str:
        """An app's folder, relative to the workspace's root."""
        return posixpath.relpath(files.dir, self.files.dir)

    def needed_by(self, package: Package) -> tuple[Member, ...]:
        """The members that a package depends on, directly or not, each after those that it needs itself."""
        named = {member.package.name: member for member in self.members if member.package.name}
        order: dict[str, Member] = {}

        def visit(current: Package, above: frozenset[str]) -> None:
            for name in current.all:
                if name in named and name not in order and name not in above:
                    visit(named[name].package, above | {name})
                    order[name] = named[name]

        visit(package, frozenset({package.name}))
        return tuple(order.values())


async def find_workspace(files: Files) -> Workspace | None:
    """The workspace around a folder that has a package.json, or that folder alone; None without a package.json."""
    package = await open_package(files)
    folder = files.dir
    while package is not None:
        root = files.root if folder == "." else files.root.below(folder)
        stated_in, patterns = await member_patterns(root)
        here = posixpath.relpath(files.dir, folder)
        if patterns and (here == "." or _matches(here, patterns)):
            return Workspace(
                root, await open_package(root) or Package.of({}), await _members(root, patterns), stated_in
            )
        if folder == ".":
            return Workspace(files, package)
        folder = posixpath.dirname(folder) or "."
    return None


async def member_patterns(root: Files) -> tuple[str | None, tuple[str, ...]]:
    """The file that lists a workspace's members, and its patterns."""
    listed = await root.yaml(PNPM_WORKSPACE)
    if isinstance(listed, dict) and isinstance(patterns := listed.get("packages"), list):
        return PNPM_WORKSPACE, tuple(item for item in patterns if isinstance(item, str))
    package = await open_package(root)
    if package and package.workspaces():
        return MANIFEST, package.workspaces()
    lerna = await root.json("lerna.json")
    if isinstance(lerna, dict) and isinstance(patterns := lerna.get("packages"), list):
        return "lerna.json", tuple(item for item in patterns if isinstance(item, str))
    return None, ()


async def _members(root: Files, patterns: Sequence[str]) -> tuple[Member, ...]:
    found = []
    for path in root.paths:
        folder = posixpath.dirname(path)
        if posixpath.basename(path) == MANIFEST and folder and _matches(folder, patterns):
            package = await open_package(root.below(folder))
            found.append(Member(folder, package or Package.of({})))
    return tuple(sorted(found, key=lambda member: member.dir))


def _matches(folder: str, patterns: Sequence[str]) -> bool:
    """Whether a folder is listed; a later `!pattern` takes it out again. `*` stays in one folder, `**` does not."""
    listed = False
    for pattern in patterns:
        bare = posixpath.normpath(pattern.lstrip("!"))
        expression = re.escape(bare).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        expression = re.sub(r"\\\{([^}]*)\\\}", lambda m: "(?:" + m.group(1).replace(",", "|") + ")", expression)
        if re.fullmatch(expression, folder):
            listed = not pattern.startswith("!")
    return listed and "node_modules" not in folder.split("/")
