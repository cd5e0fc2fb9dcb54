"""Elixir: Phoenix, Plug, and other Mix applications."""

import re
from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, source_paths
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import find_address
from devgem.stack.languages.assets import REQUIRES, find_assets
from devgem.stack.languages.code import read_code, search
from devgem.stack.languages.wording import doubt, note
from devgem.stack.provider import Answer
from devgem.stack.versions import from_tool_versions, from_version_file, newest_semver, number_in

DEFAULT = "1.18"
KNOWN = ("1.18", "1.17", "1.19", "1.16", "1.15", "1.14", "1.13", "1.12", "1.11", "1.10")
"""Series that there are images of, the preferred one first."""
_PORT = 4000
_HOMES = {"MIX_HOME": "/deps/mix", "HEX_HOME": "/deps/hex"}
_SERVERS = ("bandit", "plug_cowboy", "cowboy")
_READS = (r"System\.(?:get_env|fetch_env!?)\(\s*\"NAME\"",)
_BINDS = (
    r"get_env\(\s*\"PORT\"\s*(?:,\s*|\)\s*\|\|\s*)\"(?P<port>\d+)\"",
    r"\bhttp:\s*\[[^\]]*\bport:\s*(?P<port>\d{2,5})\b",
)
_PLUG_BINDS = (*_BINDS, r"\bport:\s*(?P<port>\d{2,5})\b")


class Elixir:
    language = "elixir"

    async def plan(self, files: Files) -> Answer:
        if "mix.exs" not in files:
            return None
        mix = await read_code(files, "mix.exs")
        findings = Findings(files)
        findings.add("language", "elixir", "mix.exs", 1)
        umbrella = re.search(r"\bapps_path:", mix)
        app = re.search(r"\bapp:\s*:(\w+)", mix)
        release = re.search(r"\breleases:\s*\[\s*:?(\w+):?", mix) or re.search(
            r"def(?:p)?\s+releases\b.*?\[\s*(\w+):", mix, re.DOTALL
        )
        name = release.group(1) if release else app.group(1) if app else None
        if name is None:
            return Unplannable(
                "This umbrella project states no release." if umbrella else "mix.exs names no application.",
                "Add `releases:` with the applications to start to mix.exs, or choose one below apps/ with --dir.",
                language="elixir",
            )
        manifests = [path for path in files.paths if re.fullmatch(r"(apps/[^/]+/)?mix\.exs", path)]
        dependencies = {dep: hit for path in manifests for dep, hit in (await _dependencies(files, path)).items()}
        plan = await _base(files, name, manifests, findings)
        starts = await search(files, manifests, r"\bmod:\s*\{")
        library = await search(files, ["mix.exs"], r"^\s*package:")
        if library or not (starts or umbrella):
            return Unplannable(
                "This Mix project starts nothing: a library.",
                "Add `mod: {Your.Application, []}` to mix.exs.",
                language="elixir",
            )
        if "phoenix" in dependencies:
            plan = await _phoenix(plan, files, dependencies, findings)
        else:
            plan = await _other(plan, files, dependencies, findings)
        return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _dependencies(files: Files, path: str) -> dict[str, tuple[str, int]]:
    lines = (await read_code(files, path)).splitlines()
    found = ((re.match(r"\s*(?:\[\s*)?\{:(\w+)\s*,", line), number) for number, line in enumerate(lines, 1))
    return {named.group(1): (path, number) for named, number in found if named}


async def _base(files: Files, name: str, manifests: list[str], findings: Findings) -> BuildPlan:
    version = await _version(files, findings)
    paths = [p for p in source_paths(files, (".ex", ".exs")) if not re.search(r"config/(dev|test)\.exs$", p)]
    env = await find_env(files, "elixir", only=paths)
    # what other code requires may be for a part that is not started
    required = [read for read in env if read.required and read.path.startswith("config/")]
    for read in required:
        findings.add("env_required", read.name, read.path, read.line)
    findings.add("start", f"bin/{name} start", "mix.exs", await files.line_of("mix.exs", rf"\b{name}\b"))
    inputs = [*manifests, "mix.lock", ".formatter.exs", "config/config.exs", "config/prod.exs"]
    return BuildPlan(
        stack=Stack("elixir", None, "mix", Kind.WORKER, "elixir", version),
        dir=files.dir,
        install=(
            ("mix", "local.hex", "--force"),
            ("mix", "local.rebar", "--force"),
            ("mix", "deps.get", "--only", "prod"),
        ),
        install_inputs=tuple(files.repo_path(path) for path in inputs if path in files),
        deps=(*_HOMES.values(), files.repo_path("deps")),
        build=(("mix", "compile"), ("mix", "release", "--overwrite")),
        artifacts=(files.repo_path(f"_build/prod/rel/{name}"),),
        start=(f"_build/prod/rel/{name}/bin/{name}", "start"),
        port=_PORT,
        build_env={**_HOMES, "MIX_ENV": "prod", "LANG": "C.UTF-8"},
        run_env={"LANG": "C.UTF-8", "RELEASE_TMP": "/tmp"},  # noqa: S108  # inside the app's own sandbox or container
        requires_build=("build-essential", "git"),
        requires_run=("libncurses6", "libstdc++6", "openssl"),
        env_names=names(env),
        env_required=names(required),
    )


async def _version(files: Files, findings: Findings) -> str:
    exact = await from_tool_versions(files, "elixir") or await from_version_file(
        files, ".elixir-version", ".exenv-version"
    )
    number = number_in(exact.spec) if exact else None
    if exact and number:
        findings.add("version", number, exact.path, exact.line)
        return number
    line = await files.line_of("mix.exs", r"\belixir:\s*\"")
    stated = re.search(r"\belixir:\s*\"([^\"]+)\"", await read_code(files, "mix.exs"))
    plain = re.sub(r"\s+and\s+", " ", stated.group(1)).replace(" or ", " || ") if stated else ""
    chosen = newest_semver(plain, KNOWN) or number_in(plain) if plain else None
    if chosen:
        findings.add("version", chosen, "mix.exs", line)
    return chosen or DEFAULT


async def _phoenix(
    plan: BuildPlan, files: Files, dependencies: dict[str, tuple[str, int]], findings: Findings
) -> BuildPlan:
    findings.add("framework", "phoenix", *dependencies["phoenix"])
    endpoints = [path for path in files.paths if path.endswith("endpoint.ex")]
    endpoint = await search(files, endpoints, r"use Phoenix\.Endpoint")
    at = (endpoint.path, endpoint.line) if endpoint else dependencies["phoenix"]
    findings.add("kind", "server", *at)
    plan = replace(
        plan,
        stack=replace(plan.stack, framework="phoenix", kind=Kind.SERVER),
        run_env={**plan.run_env, "PHX_SERVER": "true"},
    )
    address = await find_address(
        files, [p for p in ("config/runtime.exs", "config/prod.exs") if p in files], _READS, _BINDS
    )
    plan = replace(plan, port=address.record(findings) if address.port else _PORT)
    plan = await _with_assets(plan, files, findings)
    host = await search(files, ["config/runtime.exs"], r"System\.(?:get_env|fetch_env!)\(\s*\"(PHX_HOST)\"")
    if host:
        findings.add("env_required", "PHX_HOST", host.path, host.line)
        plan = replace(plan, env_required=tuple(sorted({*plan.env_required, "PHX_HOST"})))
        plan = note(plan, "PHX_HOST is the app's own host name: LiveView refuses its sockets from any other.")
    if "config/runtime.exs" in files:
        return (
            note(plan, "Migrations are not guessed: `release:` in a Procfile runs them.")
            if files.has_dir("priv/repo/migrations")
            else plan
        )
    serves = await search(files, ["config/prod.exs", "config/releases.exs"], r"^\s*(?:config\b[^\n]*)?\bserver:\s*true")
    if serves:
        return plan
    plan = replace(
        plan,
        build=tuple(command for command in plan.build if "release" not in command),
        artifacts=(),
        start=("mix", "phx.server"),
        run_env={**plan.run_env, **_HOMES, "MIX_ENV": "prod"},
    )
    return doubt(plan, "There is no config/runtime.exs: started by `mix phx.server`, as Phoenix before 1.6 is.")


async def _with_assets(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """`assets.setup` and `assets.deploy` as mix.exs states them; a package.json below assets/ is installed first."""
    mix = await read_code(files, "mix.exs")
    tasks: list[Argv] = []
    for task in ("assets.setup", "assets.deploy"):
        if re.search(rf"\"{re.escape(task)}\":", mix):
            findings.add("assets", task, "mix.exs", await files.line_of("mix.exs", rf"\"{re.escape(task)}\":"))
            tasks.append(("mix", task))
    assets = await find_assets(files, "assets")
    if assets is None:
        return replace(plan, build=(plan.build[0], *tasks, *plan.build[1:]))
    if not any(task[1] == "assets.deploy" for task in tasks):
        script = next((name for name in ("deploy", "build") if name in assets.scripts), None)
        tasks += [*([assets.run(script)] if script else []), ("mix", "phx.digest")]
        findings.add("assets", script or "phx.digest", assets.path, 1)
    return replace(
        plan,
        install=(*plan.install, assets.install),
        install_inputs=(*plan.install_inputs, *assets.inputs),
        deps=(*plan.deps, *assets.deps),
        build=(plan.build[0], *tasks, *plan.build[1:]),
        requires_build=(*plan.requires_build, *REQUIRES),
    )


async def _other(
    plan: BuildPlan, files: Files, dependencies: dict[str, tuple[str, int]], findings: Findings
) -> BuildPlan:
    sources = source_paths(files, (".ex",))
    server = next((name for name in _SERVERS if name in dependencies), None)
    listens = await search(files, sources, r"\{\s*Bandit\b", r"Plug\.Cowboy\b", r":cowboy\.start_clear\b")
    if server is None or listens is None:
        findings.add("kind", "worker", "mix.exs", await files.line_of("mix.exs", r"\bmod:\s*\{"))
        return plan
    findings.add("framework", "plug", *dependencies[server])
    findings.add("kind", "server", listens.path, listens.line)
    configs = ["config/runtime.exs", "config/config.exs"]
    address = await find_address(files, [*sources, *configs], _READS, _PLUG_BINDS, first=[listens.path])
    plan = replace(
        plan,
        stack=replace(plan.stack, framework="plug", kind=Kind.SERVER),
        port=address.record(findings),
        start=address.command(plan.start or ()),
    )
    plan = note(plan, *address.notes(files))
    return plan if address.sure else doubt(plan, "The code does not show the port that it listens on.")
