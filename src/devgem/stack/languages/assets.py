"""The front end that a server of another language carries: a package.json whose build has to run first."""

import posixpath
from dataclasses import dataclass

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.shapes import table

REQUIRES = ("nodejs", "npm")


@dataclass(frozen=True)
class Assets:
    """`tool` runs scripts (`tool run build`); `inputs` and `deps` are relative to the repository's root."""

    tool: Argv
    install: Argv
    inputs: tuple[str, ...]
    deps: tuple[str, ...]
    scripts: frozenset[str]
    path: str

    def run(self, script: str) -> Argv:
        return (*self.tool, "run", script)


async def find_assets(files: Files, folder: str = ".") -> Assets | None:
    """What installs the package.json in a folder, by its lock file. None when there is none."""
    path = posixpath.normpath(f"{folder}/package.json")
    if path not in files:
        return None
    manifest = table(await files.json(path))
    tool, install, lock = _tool(files, folder, str(manifest.get("packageManager", "")))
    extra = (".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml")
    inputs = [p for p in (path, lock, *(_in(folder, name) for name in extra)) if p and p in files]
    return Assets(
        tool=tool,
        install=install,
        inputs=tuple(files.repo_path(p) for p in inputs),
        deps=(files.repo_path(_in(folder, "node_modules")),),
        scripts=frozenset(table(manifest, "scripts")),
        path=path,
    )


def _tool(files: Files, folder: str, stated: str) -> tuple[Argv, Argv, str | None]:
    """Only npm has to be there: the others are started by npx, in the version that `packageManager` states."""
    name, _, version = stated.partition("+")[0].partition("@")
    inside = folder != "."
    if (lock := _in(folder, "pnpm-lock.yaml")) in files:
        tool = (
            "npx",
            "--yes",
            f"pnpm@{version if name == 'pnpm' and version else '9'}",
            *(("-C", folder) if inside else ()),
        )
        return tool, (*tool, "install", "--frozen-lockfile"), lock
    if (lock := _in(folder, "yarn.lock")) in files:
        modern = _in(folder, ".yarnrc.yml") in files or (name == "yarn" and not version.startswith("1."))
        package = f"@yarnpkg/cli-dist@{version or '4'}" if modern else "yarn@1"
        tool = ("npx", "--yes", package, *(("--cwd", folder) if inside else ()))
        return tool, (*tool, "install", "--immutable" if modern else "--frozen-lockfile"), lock
    for file in ("bun.lock", "bun.lockb"):
        if (lock := _in(folder, file)) in files:
            tool = ("npx", "--yes", "bun", *(("--cwd", folder) if inside else ()))
            return tool, (*tool, "install", "--frozen-lockfile"), lock
    tool = ("npm", *(("--prefix", folder) if inside else ()))
    lock = _in(folder, "package-lock.json")
    return (tool, (*tool, "ci"), lock) if lock in files else (tool, (*tool, "install"), None)


def _in(folder: str, name: str) -> str:
    return posixpath.normpath(f"{folder}/{name}")
