"""The environment of builds and of what they make: pure functions of a plan."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from devgem.clouds.local import bwrap
from devgem.clouds.local.programs import SYSTEM_PATH
from devgem.clouds.local.toolchains import Toolset, uses_python
from devgem.domain.plan import Argv, BuildPlan

VENV = "/deps/venv"
CACHE = "/cache"
_HOME = "/tmp"  # noqa: S108  # a box's own, empty and writable

# Where each tool keeps downloads, and how it is kept from asking, reporting home or looking for its own update.
_TOOLS = {
    "UV_CACHE_DIR": f"{CACHE}/uv",
    "UV_LINK_MODE": "copy",
    "UV_VENV_CLEAR": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_KEYRING_PROVIDER": "disabled",
    "UV_NO_PROGRESS": "1",
    "PIP_CACHE_DIR": f"{CACHE}/pip",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "POETRY_CACHE_DIR": f"{CACHE}/poetry",
    "PIPENV_CACHE_DIR": f"{CACHE}/pipenv",
    "npm_config_cache": f"{CACHE}/npm",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_progress": "false",
    "YARN_CACHE_FOLDER": f"{CACHE}/yarn",
    "YARN_GLOBAL_FOLDER": f"{CACHE}/yarn-global",
    "YARN_ENABLE_TELEMETRY": "0",
    "BUN_INSTALL_CACHE_DIR": f"{CACHE}/bun",
    "COREPACK_HOME": f"{CACHE}/corepack",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "NEXT_TELEMETRY_DISABLED": "1",
    "ASTRO_TELEMETRY_DISABLED": "1",
    "GATSBY_TELEMETRY_DISABLED": "1",
    "NG_CLI_ANALYTICS": "false",
    "DO_NOT_TRACK": "1",
    "GOCACHE": f"{CACHE}/go-build",
    "GOMODCACHE": f"{CACHE}/go",
    "BUNDLE_USER_CACHE": f"{CACHE}/bundle",
    "COMPOSER_CACHE_DIR": f"{CACHE}/composer",
    "COMPOSER_NO_INTERACTION": "1",
    "DENO_DIR": f"{CACHE}/deno",
    "XDG_CACHE_HOME": f"{CACHE}/xdg",
    "GIT_TERMINAL_PROMPT": "0",
}
# What makes a trusted program load code from elsewhere.
_LOADERS = ("LD_", "PYTHON", "GIT_", "NODE_", "PATH", "HOME", "UV_PYTHON", "UV_CACHE_DIR", "UV_COMPILE_BYTECODE")
_PNPM_STORE = dict.fromkeys(("npm_config_store_dir", "pnpm_config_store_dir"), f"{CACHE}/pnpm")
_OF_UV_ITSELF = frozenset({"venv", "sync", "tool", "run", "python", "lock", "export"})


def with_environment(plan: BuildPlan) -> BuildPlan:
    """The plan with an environment for its Python even if nothing is to be installed: `python` is a program of that."""
    if plan.install or not uses_python(plan):
        return plan
    return replace(plan, install=(("uv", "venv", VENV),), deps=(*plan.deps, VENV))


def workdir(plan: BuildPlan) -> str:
    return posixpath.normpath(posixpath.join("/app", plan.dir))


def build_env(plan: BuildPlan, given: Mapping[str, str], tools: Toolset) -> dict[str, str]:
    """What a plan's commands get: the tools' settings, then the plan's, then what the user has set for builds."""
    return {**_base(plan, tools), **_TOOLS, **tools.env, **plan.build_env, **given}


def run_env(plan: BuildPlan, tools: Toolset) -> dict[str, str]:
    """What a plan's processes get; PORT and the config vars come on top."""
    python = {"PYTHONDONTWRITEBYTECODE": "1", "UV_NO_SYNC": "1", "UV_OFFLINE": "1"} if uses_python(plan) else {}
    return {**_base(plan, tools), **python, **plan.run_env}


def _base(plan: BuildPlan, tools: Toolset) -> dict[str, str]:
    python = {"VIRTUAL_ENV": VENV, "UV_PROJECT_ENVIRONMENT": VENV} if uses_python(plan) else {}
    own = [f"{VENV}/bin"] if python else []
    own += dict.fromkeys(f"{folder}/node_modules/.bin" for folder in (workdir(plan), "/app"))
    path = ":".join([*own, *tools.path, *SYSTEM_PATH])
    return {"PATH": path, "HOME": _HOME, "LANG": "C.UTF-8", "USER": "app", **python, **bwrap.ca_environment()}


def for_command(env: Mapping[str, str], command: Argv) -> dict[str, str]:
    """uv's own commands are told which Python to make environments of; what installs, which one to install into. pnpm
    is told where to keep its packages by names that npm would complain about."""
    if command[:2] == ("npm", "ci"):
        env = {**env, "npm_config_prefer_offline": "true"}  # the lock says what is to be had
    if any(word.startswith("pnpm") for word in command):
        env = {**env, **_PNPM_STORE}
    if "UV_PYTHON" not in env or (command[:1] == ("uv",) and command[1:2] and command[1] in _OF_UV_ITSELF):
        return dict(env)
    return {**env, "UV_PYTHON": f"{VENV}/bin/python"}


def only_wheels(install: Sequence[Argv]) -> tuple[Argv, ...] | None:
    """The same installation by uv alone, for `without_building`. None when other programs take part or an option is
    unknown here. Several installations become one: code of a package could run when uv asks an environment that
    already has packages about itself."""
    created = [command for command in install if command[:2] == ("uv", "venv")]
    installed = [command for command in install if command[:2] != ("uv", "venv")]
    if created and not installed:
        return tuple(created)
    for head in (("uv", "sync"), ("uv", "pip", "install")):
        rest = [command[len(head) :] for command in installed if command[: len(head)] == head]
        together = len(rest) == 1 or (rest and head[1] == "pip")
        if len(rest) == len(installed) and together and all(_is_harmless(word) for words in rest for word in words):
            return (*created, (*head, *(word for words in rest for word in words)))
    return None


def without_building(command: Argv) -> Argv:
    """uv's command, told to run no one's code: ready-made wheels are unpacked, nothing is built or compiled.

    Such an installation may share a cache with those of other apps, since nothing but uv writes to it, and uv keeps
    wheels by the index and the hash that they came with."""
    if command[:2] == ("uv", "venv"):
        return command
    head = 3 if command[1] == "pip" else 2
    return (*command[:head], "--no-build", "--no-compile-bytecode", *command[head:])


def _is_harmless(argument: str) -> bool:
    known = {"-r", "--requirements", "--locked", "--frozen", "--no-dev", "--no-install-project", "--package", "--extra"}
    known |= {
        "--no-install-workspace",
        "--no-editable",
        "--all-extras",
        "--group",
        "--no-default-groups",
        "--compile-bytecode",
    }
    return not argument.startswith("-") or argument in known


def trusted_env(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what could make uv run code of the repository's."""
    settings = {name: value for name, value in env.items() if not name.startswith(_LOADERS)}
    kept = {
        "HOME": _HOME,
        "PATH": ":".join(part for part in env["PATH"].split(":") if not part.startswith(("/deps", "/app"))),
    }
    forced = {name: _TOOLS[name] for name in ("UV_CACHE_DIR", "UV_KEYRING_PROVIDER", "UV_PYTHON_DOWNLOADS")}
    return {**settings, **kept, **forced, **({"UV_PYTHON": env["UV_PYTHON"]} if "UV_PYTHON" in env else {})}
