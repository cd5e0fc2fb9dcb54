"""Reads Cargo.toml: packages of a workspace, their programs, their dependencies."""

import fnmatch
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devgem.stack.files import Files
from devgem.stack.languages.code import nearest_above
from devgem.stack.languages.packages import Packages
from devgem.stack.shapes import table, tables, texts
from devgem.stack.versions import Stated, number_in

SYSTEM: Mapping[str, Packages] = {
    "openssl-sys": Packages(("pkg-config", "libssl-dev"), ("libssl3",)),
    "pq-sys": Packages(("libpq-dev",), ("libpq5",)),
    "mysqlclient-sys": Packages(("default-libmysqlclient-dev",), ("libmariadb3",)),
    "libsqlite3-sys": Packages(("pkg-config", "libsqlite3-dev"), ("libsqlite3-0",)),
    "rdkafka-sys": Packages(("cmake", "g++")),
    "aws-lc-sys": Packages(("cmake", "g++")),
    "prost-build": Packages(("protobuf-compiler",)),
    "libgit2-sys": Packages(("cmake", "pkg-config")),
    "curl-sys": Packages(("pkg-config", "libcurl4-openssl-dev"), ("libcurl4",)),
    "bindgen": Packages(("libclang-dev",)),
    "libz-sys": Packages(("pkg-config", "zlib1g-dev"), ("zlib1g",)),
    "fontconfig-sys": Packages(("pkg-config", "libfontconfig-dev"), ("libfontconfig1",)),
    "alsa-sys": Packages(("pkg-config", "libasound2-dev"), ("libasound2",)),
}
"""By the crate that links the library."""


@dataclass(frozen=True)
class Program:
    """A binary target: its name and its source, relative to the repository's root."""

    name: str
    path: str


@dataclass(frozen=True)
class Package:
    """`dir` and all paths are relative to the repository's root. `local` are those of its dependencies that
    lie in the repository, with their folders."""

    name: str
    dir: str
    manifest: Mapping[str, Any]
    programs: tuple[Program, ...]
    dependencies: frozenset[str]
    local: Mapping[str, str]

    @property
    def path(self) -> str:
        return posixpath.normpath(f"{self.dir}/Cargo.toml")

    @property
    def is_macro(self) -> bool:
        return bool(table(self.manifest, "lib").get("proc-macro"))

    @property
    def default_run(self) -> str | None:
        stated = table(self.manifest, "package").get("default-run")
        return stated if isinstance(stated, str) else None


@dataclass(frozen=True)
class Workspace:
    """`dir` is where Cargo.lock and target/ are."""

    dir: str
    packages: Mapping[str, Package]
    manifest: Mapping[str, Any]

    @property
    def default_members(self) -> list[str]:
        stated = texts(table(self.manifest, "workspace").get("default-members"))
        return [posixpath.normpath(f"{self.dir}/{folder}") for folder in stated]

    def at(self, name: str) -> str:
        """A path in the workspace's own folder."""
        return posixpath.normpath(f"{self.dir}/{name}")


async def find_workspace(files: Files) -> Workspace | None:
    """The workspace that a folder's Cargo.toml belongs to; a package alone is one too."""
    own = nearest_above(files, "Cargo.toml")
    if own is None:
        return None
    root, view = own.root, own
    while True:
        manifest = await view.toml("Cargo.toml")
        if "workspace" in manifest:
            folders = _members(view, manifest)
            if own.dir == view.dir or own.dir in folders:
                return await _workspace(root, view.dir, folders, manifest)
        above = nearest_above(root.below(posixpath.dirname(view.dir) or "."), "Cargo.toml") if view.dir != "." else None
        if above is None:
            return await _workspace(root, own.dir, [], await own.toml("Cargo.toml"))
        view = above


def _members(view: Files, manifest: Mapping[str, Any]) -> list[str]:
    stated = table(manifest, "workspace")
    excluded = {posixpath.normpath(one) for one in texts(stated.get("exclude"))}
    folders = [posixpath.dirname(path) for path in view.paths if posixpath.basename(path) == "Cargo.toml"]
    patterns = [posixpath.normpath(one) for one in texts(stated.get("members"))]
    chosen = [f for f in folders if f and any(_matches(f, pattern) for pattern in patterns) and f not in excluded]
    return [view.repo_path(folder) for folder in sorted(chosen)]


def _matches(folder: str, pattern: str) -> bool:
    """A member pattern, in which `*` does not cross `/`."""
    return folder.count("/") == pattern.count("/") and fnmatch.fnmatch(folder, pattern)


async def _workspace(root: Files, folder: str, members: Sequence[str], manifest: Mapping[str, Any]) -> Workspace:
    packages: dict[str, Package] = {}
    queue = ([folder] if "package" in manifest else []) + list(members)
    shared = table(manifest, "workspace", "dependencies")
    for one in queue:
        if one in packages or posixpath.normpath(f"{one}/Cargo.toml") not in root:
            continue
        packages[one] = await _package(root, one, folder, shared)
        queue += packages[one].local.values()
    return Workspace(folder, packages, manifest)


async def _package(root: Files, folder: str, workspace: str, shared: Mapping[str, Any]) -> Package:
    view = root.below(folder)
    manifest = await view.toml("Cargo.toml")
    name = str(table(manifest, "package").get("name", posixpath.basename(folder)))
    dependencies: dict[str, Any] = {}
    for part in (manifest, *table(manifest, "target").values()):
        dependencies.update(table(part, "dependencies"))
    local: dict[str, str] = {}
    for key, value in dependencies.items():
        if isinstance(value, dict) and "path" in value:
            local[key] = posixpath.normpath(f"{folder}/{value['path']}")
        elif (
            isinstance(value, dict)
            and value.get("workspace")
            and isinstance(shared.get(key), dict)
            and "path" in shared[key]
        ):
            local[key] = posixpath.normpath(f"{workspace}/{shared[key]['path']}")
    renamed = {str(v["package"]) for v in dependencies.values() if isinstance(v, dict) and "package" in v}
    return Package(name, folder, manifest, _programs(view, name, manifest), frozenset({*dependencies, *renamed}), local)


def _programs(view: Files, package: str, manifest: Mapping[str, Any]) -> tuple[Program, ...]:
    """Stated ones first, then those that Cargo finds. https://doc.rust-lang.org/cargo/guide/project-layout.html"""
    found: dict[str, str] = {}
    for one in tables(manifest.get("bin")):
        name = str(one.get("name", package))
        usual = (
            ("src/main.rs",) if name == package else (f"src/bin/{name}.rs", f"src/bin/{name}/main.rs", "src/main.rs")
        )
        found[name] = str(one.get("path") or view.first(*usual) or usual[0])
    if table(manifest, "package").get("autobins", True):
        if "src/main.rs" in view and "src/main.rs" not in found.values():
            found.setdefault(package, "src/main.rs")
        for path in view.paths:
            if (auto := re.fullmatch(r"src/bin/([\w-]+)(?:\.rs|/main\.rs)", path)) and path not in found.values():
                found.setdefault(auto.group(1), path)
    return tuple(Program(name, view.repo_path(posixpath.normpath(path))) for name, path in found.items())


async def stated_toolchain(root: Files, workspace: Workspace, package: Package) -> Stated | None:
    """rust-toolchain.toml, rust-toolchain, or .tool-versions: an exact release or a channel's name."""
    for folder in dict.fromkeys((package.dir, workspace.dir)):
        view = root.below(folder)
        for path in ("rust-toolchain.toml", "rust-toolchain"):
            for number, line in enumerate((await view.text(path)).splitlines(), 1):
                stated = re.match(r"\s*channel\s*=\s*[\"']([^\"']+)[\"']", line) or (
                    re.match(r"((?:\d|stable|beta|nightly)[\w.-]*)\s*$", line) if path == "rust-toolchain" else None
                )
                if stated:
                    return Stated(stated.group(1), view.repo_path(path), number)
        line_number = await view.line_of(".tool-versions", r"^rust\s+\d")
        if line_number:
            text = (await view.text(".tool-versions")).splitlines()[line_number - 1]
            return Stated(number_in(text) or "", view.repo_path(".tool-versions"), line_number)
    return None


async def locked_crates(root: Files, workspace: Workspace, package: Package) -> dict[str, int]:
    """The crates of Cargo.lock that a package is made of, each with its line."""
    lines: dict[str, int] = {}
    needs: dict[str, set[str]] = {}
    crate = ""
    for number, line in enumerate((await root.text(workspace.at("Cargo.lock"))).splitlines(), 1):
        if named := re.match(r'name = "([^"]+)"', line):
            crate = named.group(1)
            lines.setdefault(crate, number)
        elif needed := re.match(r' "([^" ]+)', line):
            needs.setdefault(crate, set()).add(needed.group(1))
    reached, queue = {package.name}, [package.name]
    for one in queue:
        fresh = sorted(needs.get(one, set()) - reached)
        reached.update(fresh)
        queue += fresh
    return {name: line for name, line in lines.items() if name in reached}
