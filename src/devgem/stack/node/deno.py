"""Plans Deno programs: by the tasks of deno.json, else by an entry file that serves."""

import re
from dataclasses import dataclass, field
from typing import Any

from devgem.domain.plan import Argv, BuildPlan, Evidence, Kind, Stack, StaticSite
from devgem.stack.env_names import find_env, names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.node.decisive import show_kind
from devgem.stack.node.deno_start import Start, find_start
from devgem.stack.node.javascript import Code
from devgem.stack.node.listening import find_listener, resolve
from devgem.stack.node.manifest import open_package
from devgem.stack.provider import Answer, NoStart
from devgem.stack.shapes import table
from devgem.stack.versions import from_tool_versions, from_version_file, number_in

VERSION = "2.9.6"
"""The release that DevGem knows to be good; the images of Deno have tags for full versions only."""
CACHE = "/deps/deno"
CONFIGS = ("deno.json", "deno.jsonc")
_ENV = {"DENO_DIR": CACHE}
_ENTRIES = ("main", "server", "mod", "index", "app", "src/main", "src/server", "src/index")
_REMOTE = re.compile(r"(https?:|jsr:|npm:)")
_SOURCES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".mts")
_INPUTS = (*CONFIGS, "deno.lock", "package.json", "import_map.json", "import-map.json", ".npmrc")
_FRAMEWORKS = {"fresh": r"\$fresh/|@fresh/core", "lume": r"\blume/", "hono": r"\bhono\b", "oak": r"\boak\b"}


@dataclass(frozen=True)
class _Program:
    """What there is, and how it is run or served."""

    files: Files
    found: Findings
    path: str | None
    config: dict[str, Any] = field(default_factory=dict)
    kind: Kind = Kind.UNKNOWN
    framework: str | None = None
    start: Start | None = None
    static: StaticSite | None = None
    build: tuple[Argv, ...] = ()


class Deno:
    language = "deno"

    async def plan(self, files: Files) -> Answer:
        if not await is_deno(files):
            return None
        found, path = Findings(files), files.first(*CONFIGS)
        config = table(await files.json(path)) if path else {}
        tasks = _commands(config)
        build = (("deno", "task", "build"),) if "build" in tasks else ()
        framework = await _framework(files, found)
        start = await find_start(files, tasks, path, found)
        if framework == "lume" or (start is None and "vite build" in tasks.get("build", "")):
            static, framework = await _site(files, framework == "lume"), framework or "vite"
            build = build or (("deno", "task", "lume"),)
            return await _plan(_Program(files, found, path, config, Kind.STATIC, framework, None, static, build))
        if start is None:
            plan = await _plan(_Program(files, found, path, config, build=build))
            fix = 'Add a "start" task to deno.json, or state start in devgem.toml.'
            return NoStart(plan, "Nothing says how this Deno program starts, and no file of it serves.", fix)
        listener = await find_listener(files, start.entry) if start.entry else None
        kind = Kind.SERVER if start.serves or listener or framework else Kind.WORKER
        return await _plan(_Program(files, found, path, config, kind, framework, start, None, build))


async def is_deno(files: Files) -> bool:
    """A deno.json, where no script of a package.json says otherwise; or an entry file that only Deno can run."""
    package = await open_package(files)
    if package and package.scripts:
        return files.first(*CONFIGS) is not None and all("deno" in text for text in package.scripts.values())
    if files.first(*CONFIGS, "deno.lock"):
        return True
    entry = next((hit for stem in _ENTRIES if (hit := resolve(files, stem))), None)
    return entry is not None and re.search(r"\bDeno\.\w", Code(await files.text(entry)).shape) is not None


def _commands(config: dict[str, Any]) -> dict[str, str]:
    """Tasks by name; one may also be an object (https://docs.deno.com/runtime/reference/cli/task/)."""
    stated = {name: table(task).get("command", task) for name, task in table(config, "tasks").items()}
    return {name: text for name, text in stated.items() if isinstance(text, str)}


async def _framework(files: Files, found: Findings) -> str | None:
    """By what the program's deno.json imports, or the workspace's."""
    for each in dict.fromkeys((files, files.root)):
        path = each.first(*CONFIGS)
        imports = table(await each.json(path), "imports") if path else {}
        for name, pattern in _FRAMEWORKS.items():
            if path and any(re.search(pattern, f"{key} {value}") for key, value in imports.items()):
                line = await each.line_of(path, pattern)
                found.add_evidence(Evidence("framework", name, each.repo_path(path), line))
                return name
    return None


async def _site(files: Files, is_lume: bool) -> StaticSite:
    if not is_lume:
        return StaticSite("dist", fallback="index.html")
    config = await files.text(files.first("_config.ts", "_config.js") or "")
    stated = re.search(r"\bdest:\s*['\"](?:\./)?([^'\"]+)", Code(config).bare)
    return StaticSite(stated.group(1) if stated else "_site", not_found="404.html")


async def _plan(program: _Program) -> BuildPlan:
    files, found = program.files, program.found
    listener = await find_listener(files, program.start.entry) if program.start and program.start.entry else None
    notes: tuple[str, ...] = ()
    if listener:
        found.add("listens", str(listener.port or "PORT"), listener.path, listener.line)
        if listener.port and listener.reads_port is False:
            where = f"{files.repo_path(listener.path)}:{listener.line}"
            notes = (f"{where} listens on {listener.port}, whatever PORT says.",)
    elif program.kind is Kind.WORKER:
        notes = ("Nothing of it listens for requests: a worker, without a URL.",)
    show_kind(found, program.kind)
    version, env = await _version(files, found), await find_env(files, "node")
    install, inputs = await _install(files, program.start)
    is_sure = program.kind is not Kind.SERVER or listener is not None or bool(program.start and program.start.serves)
    return BuildPlan(
        stack=Stack(
            language="deno",
            framework=program.framework,
            package_manager="deno",
            kind=program.kind,
            runtime="deno",
            version=version,
            confidence="high" if is_sure else "low",
            evidence=found.all(),
        ),
        dir=files.dir,
        install=install,
        install_inputs=inputs,
        deps=(CACHE, *((files.repo_path("node_modules"),) if program.config.get("nodeModulesDir") else ())),
        build=program.build,
        start=program.start.command if program.start else None,
        static=program.static,
        port=(listener.port if listener else None) or 8000,
        build_env=_ENV,
        run_env={} if program.static else _ENV,
        env_names=names(env),
        env_required=required_names(env),
        notes=notes,
    )


async def _install(files: Files, start: Start | None) -> tuple[tuple[Argv, ...], tuple[str, ...]]:
    """`deno install` fetches what deno.json names. What sources name by address is found by reading them all."""
    own = [files.repo_path(path) for path in _INPUTS if path in files]
    if files.dir != "." and files.root.first(*CONFIGS):
        own += [path for path in files.root.paths if path.rpartition("/")[2] in _INPUTS]
    sources = [path for path in files.paths if path.endswith((*_SOURCES, ".json")) and "node_modules/" not in path]
    frozen = ("--frozen",) if "deno.lock" in files or "deno.lock" in files.root else ()
    if start and start.entry and await _names_addresses(files, sources):
        inputs = tuple(sorted({*own, *(files.repo_path(path) for path in sources)}))
        return (("deno", "install", *frozen, "--entrypoint", start.entry),), inputs
    command = (("deno", "install", *frozen),) if files.first(*CONFIGS, "package.json") else ()
    return command, tuple(sorted(set(own)))


async def _names_addresses(files: Files, sources: list[str]) -> bool:
    for path in sources:
        if any(_REMOTE.match(module) for module in Code(await files.text(path)).modules()):
            return True
    return False


async def _version(files: Files, found: Findings) -> str:
    stated = await from_version_file(files, ".deno-version", ".dvmrc") or await from_tool_versions(files, "deno")
    version = number_in(stated.spec) if stated else None
    if stated and version:
        found.add("version", version, stated.path, stated.line)
    return version or VERSION
