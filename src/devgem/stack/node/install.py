"""Plans the dependency step of a workspace: its command, every file that it reads, and what it leaves behind.

The step runs with its inputs alone, so that its result can be kept. Scripts that package managers run on the way
(`postinstall`, `prepare`) are part of it where it is known what they read. Where that is not known, the dependencies
are installed at the start of the build instead, with all files there.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.node.manager import Manager
from devgem.stack.node.manifest import MANIFEST, Package
from devgem.stack.node.prisma import prisma_inputs
from devgem.stack.node.scripts import Command, commands
from devgem.stack.node.workspace import PNPM_WORKSPACE, Member, Workspace
from devgem.stack.shapes import table

_SETTINGS = (
    r"\.npmrc|\.yarnrc(\.yml)?|\.yarn/(releases|plugins|patches)/.+|\.?pnpmfile\.c?js|pnpm-workspace\.yaml|"
    r"bunfig\.toml|lerna\.json|patches/.+"
)
_HOOKS = ("preinstall", "install", "postinstall", "prepublish", "prepare")
_READS_NOTHING = re.compile(
    r"husky|lefthook|simple-git-hooks|pre-commit|git|is-ci|only-allow|true|echo|exit|corepack|check-node-version|\[|"
    r"test|opencollective(-postinstall)?|patch-package|svelte-kit sync|(nuxt|nuxi|nitro|nitropack|wxt) prepare|"
    r"prisma generate|ngcc|node -[ep]|sherif(@\S+)?|manypkg|syncpack"
)
_LOCAL = re.compile(r"(?:file|link|portal):(.+)")
_FROM_GIT = re.compile(r"git[+:@]|github:|gitlab:|bitbucket:|[\w.-]+/[\w.-]+(#.*)?$|https?://")


@dataclass(frozen=True)
class Install:
    """`first` runs at the start of the build, when the dependencies cannot be a step of their own."""

    commands: tuple[Argv, ...] = ()
    inputs: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    first: tuple[Argv, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def plan_install(workspace: Workspace, manager: Manager, app: Files) -> Install:
    """How the workspace's dependencies get there; commands are for the app's folder."""
    root = workspace.files
    packages = [Member(".", workspace.package), *workspace.members]
    from_git = any(_FROM_GIT.match(spec) for member in packages for spec in member.package.all.values())
    if not any(member.package.all or _opaque(member.package) for member in packages):
        return Install()
    install = Install(
        commands=((*manager.install(posixpath.relpath(root.dir, app.dir)), *await _all_scripts(workspace, manager)),),
        inputs=tuple(root.repo_path(path) for path in sorted(set(_inputs(root, packages, manager)))),
        deps=tuple(root.repo_path(posixpath.join(member.dir, "node_modules")) for member in packages),
        env={**_environment(workspace.package, manager, from_git), **_without_git_hooks(packages)},
        requires=("git", "ca-certificates") if from_git else (),
    )
    opaque = [(member, command) for member in packages if (command := _opaque(member.package))]
    if not opaque:
        return install
    if manager.name == "npm" and not workspace.members and (split := await _split(workspace, manager)):
        return replace(install, commands=split, first=tuple(_hooks(workspace.package, manager)))
    member, command = opaque[0]
    where = root.repo_path(posixpath.join(member.dir, MANIFEST))
    note = (
        f"{where} runs {' '.join(command.words)!r} on install ({command.script!r}), which may read any file: "
        "dependencies are installed anew in every build."
    )
    return replace(install, commands=(), inputs=(), deps=(), first=install.commands, notes=(note,))


async def _split(workspace: Workspace, manager: Manager) -> tuple[Argv, ...] | None:
    """The install without any scripts, then those of the dependencies that the lock file says have some; the project's
    own are left for the build. None when the lock file does not say, or is too long to be read whole."""
    text = await workspace.files.text(manager.lock or "")
    if '"lockfileVersion"' not in text or not text.rstrip().endswith("}"):
        return None
    entries = re.split(r'\n    "(?=(?:node_modules/|"))', text)
    with_scripts = [
        entry for entry in entries if '"hasInstallScript": true' in entry and entry.startswith("node_modules")
    ]
    named = sorted({entry.partition('"')[0].rpartition("node_modules/")[2] for entry in with_scripts})
    install = (*manager.install("."), "--ignore-scripts")
    return (install, (*manager.command, "rebuild", *named)) if named else (install,)


def _hooks(package: Package, manager: Manager) -> Iterator[Argv]:
    """What npm would run of the project itself, in its order."""
    return (manager.run(hook) for hook in _HOOKS if hook in package.scripts)


def _opaque(package: Package) -> Command | None:
    """The first command run on install of which it is not known what it reads."""
    for hook in _HOOKS:
        for command in commands(package.scripts, hook):
            text = " ".join(command.words)
            if not re.match(rf"(?:{_READS_NOTHING.pattern})(?!\S)", text):
                return command
    return None


def _inputs(root: Files, packages: list[Member], manager: Manager) -> Iterator[str]:
    yield from (path for path in root.paths if re.fullmatch(_SETTINGS, path))
    if manager.lock:
        yield manager.lock
    for member in packages:
        folder, package = member.dir, member.package
        named = [MANIFEST, *package.bins(), *_patches(package)]
        local = [match.group(1) for spec in package.all.values() if (match := _LOCAL.match(spec))]
        for path in named:
            full = posixpath.normpath(posixpath.join(folder, path))
            yield from (full,) if full in root else ()
        for path in local:
            full = posixpath.normpath(posixpath.join(folder, path))
            yield from (other for other in root.paths if other == full or other.startswith(f"{full}/"))
        if "@prisma/client" in package.all or "prisma" in package.all:
            yield from (path for path in prisma_inputs(root) if folder == "." or path.startswith(f"{folder}/"))


def _patches(package: Package) -> list[str]:
    """Patch files that are named in package.json (pnpm, bun)."""
    tables = (package.data.get("patchedDependencies"), table(package.data, "pnpm").get("patchedDependencies"))
    return [path for each in tables for path in table(each).values() if isinstance(path, str)]


async def _all_scripts(workspace: Workspace, manager: Manager) -> Argv:
    """The same for pnpm 10 and later, where its version is a choice of ours and no list is there.

    https://pnpm.io/settings#dangerouslyallowallbuilds"""
    settings = {**table(await workspace.files.yaml(PNPM_WORKSPACE)), **table(workspace.package.data, "pnpm")}
    is_listed = any(re.search("built|builds", key, re.IGNORECASE) for key in settings)
    is_ours = manager.name == "pnpm" and not manager.stated and len(manager.version.partition(".")[0]) > 1
    return ("--config.dangerouslyAllowAllBuilds=true",) if is_ours and not is_listed else ()


def _environment(package: Package, manager: Manager, from_git: bool) -> dict[str, str]:
    """npm 12 skips the install scripts of dependencies, without which sharp, esbuild or bcrypt break, unless a project
    lists those it trusts. One that does is obeyed; one that does not was made when they ran.

    https://docs.npmjs.com/cli/v12/commands/npm-install-scripts"""
    match manager.name:
        case "npm":
            env = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false"}
            if "allowScripts" not in package.data:
                env["npm_config_dangerously_allow_all_scripts"] = "true"
            if from_git:
                env |= {"npm_config_allow_git": "all", "npm_config_allow_remote": "all"}
            return env
        case "yarn" if manager.is_berry:
            return {"YARN_NODE_LINKER": "node-modules", "YARN_ENABLE_TELEMETRY": "0"}
        case _:
            return {}


def _without_git_hooks(packages: list[Member]) -> dict[str, str]:
    """Husky fails in a checkout without .git unless told to stay out."""
    return {"HUSKY": "0"} if any("husky" in member.package.all for member in packages) else {}
