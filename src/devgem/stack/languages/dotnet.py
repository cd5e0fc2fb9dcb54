"""C#, F# and Visual Basic: SDK projects, alone or in a solution."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace

from devgem.domain.plan import BuildPlan, Candidate, Kind, Stack, StaticSite, Unplannable
from devgem.stack.env_names import find_env, names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT, LOOPBACK, on_port
from devgem.stack.languages.assets import REQUIRES
from devgem.stack.languages.code import search, search_all
from devgem.stack.languages.dotnet_project import Project, read_project, referenced_projects, series
from devgem.stack.languages.wording import doubt, listed, note
from devgem.stack.provider import Answer
from devgem.stack.shapes import table

_PACKAGES = "/deps/nuget"
_OUT = "bin/publish"
_PROJECT = re.compile(r".*\.(cs|fs|vb)proj$")
_NOT_AN_APP = re.compile(
    r"(^|/)(tests?|samples?|benchmarks?|examples?|fuzz|tools?|eng|build)/|[._]?(Tests?|Specs|Benchmarks?|Fuzz)\.\w+proj$",
    re.IGNORECASE,
)
_URLS = r"(?:UseUrls|\.Run|\.RunAsync|Urls\.Add)\(\s*\$?\"https?://(?P<host>[^:\"/]+):(?P<port>\d{2,5})"
_FRAMEWORKS: Mapping[str, str] = {
    "giraffe": "giraffe",
    "saturn": "saturn",
    "falco": "falco",
    "suave": "suave",
    "umbraco.cms": "umbraco",
}


class DotNet:
    language = "dotnet"

    async def plan(self, files: Files) -> Answer:
        paths = [path for path in files.paths if _PROJECT.match(path)]
        own = [path for path in paths if not _NOT_AN_APP.search(path)]
        together = any(re.fullmatch(r"[^/]+\.slnx?|Directory\.Build\.props", path) for path in files.paths)
        own = [path for path in own if together or "/" not in path]
        if not own:
            return None
        projects = [await read_project(files.root, files.repo_path(path)) for path in own]
        runnable = [p for p in projects if not p.desktop and p.kind != "library"]
        for kind in ("web", "blazor", "worker", "console"):
            of_kind = [project for project in runnable if project.kind == kind]
            if len(of_kind) == 1:
                return await _plan(files.root, of_kind[0], await referenced_projects(files.root, of_kind[0]))
            if of_kind:
                return _ask(of_kind)
        return _nothing(projects)


def _ask(projects: list[Project]) -> Unplannable:
    what = {"web": "web servers", "blazor": "Blazor sites", "worker": "workers", "console": "console programs"}
    folders = [project.dir for project in projects]
    if len(set(folders)) < len(folders):
        reason = f"Several .NET projects are in one folder: {listed(p.path for p in projects)}."
        return Unplannable(reason, "Move each into a folder of its own.", language="dotnet")
    return Unplannable(
        f".NET {what[projects[0].kind]} are in {listed(folders)}.",
        "Choose one with --dir.",
        tuple(Candidate(project.dir, f".NET {project.target}, {project.kind}") for project in projects),
        language="dotnet",
    )


def _nothing(projects: list[Project]) -> Unplannable:
    old = [p for p in projects if (p.sdk is None and not p.target) or re.match(r"net[1-4]\d*$", p.target)]
    if old and len(old) == len(projects):
        reason = f"{old[0].path} is for the .NET Framework, which runs on Windows only."
        return Unplannable(reason, "Move it to .NET 8 or newer (`upgrade-assistant`).", language="dotnet")
    if any(project.desktop for project in projects):
        return Unplannable("This is a desktop or phone app.", "Choose a server's folder with --dir.", language="dotnet")
    return Unplannable(
        "These .NET projects are libraries.", 'Add a project with Sdk="Microsoft.NET.Sdk.Web".', language="dotnet"
    )


async def _plan(root: Files, project: Project, referenced: list[str]) -> Answer:
    if not series(project.target) > (0,):
        return Unplannable(
            f"{project.path} states no TargetFramework that runs on Linux ({project.target or 'none'}).",
            "State one, such as <TargetFramework>net8.0</TargetFramework>.",
            language="dotnet",
        )
    findings = Findings(root)
    findings.add("language", "dotnet", project.path, project.sdk.line if project.sdk else 1)
    version = ".".join(map(str, series(project.target)))
    findings.add("version", version, project.target_path, project.target_line)
    sources = await _sources(root, referenced)
    env = await find_env(root, "dotnet", only=sources)
    name = posixpath.basename(project.path)
    target = ("-f", project.target) if project.several_targets else ()
    plan = BuildPlan(
        stack=Stack("dotnet", None, "nuget", Kind.WORKER, "dotnet", version),
        dir=project.dir,
        install=(("dotnet", "restore", name),),
        install_inputs=_install_inputs(root, referenced),
        deps=(_PACKAGES,),
        build=(("dotnet", "publish", name, "-c", "Release", *target, "-o", _OUT),),
        artifacts=(posixpath.normpath(f"{project.dir}/{_OUT}"),),
        port=DEFAULT_PORT,
        build_env={"NUGET_PACKAGES": _PACKAGES, "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"},
        env_names=names(env),
        env_required=required_names(env),
    )
    plan = await _with_start(plan, root, project, sources, findings)
    plan = await _with_sdk(plan, root, project, version)
    plan = await _with_front_end(plan, root, project)
    return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _sources(root: Files, projects: list[str]) -> list[str]:
    folders = tuple(f"{posixpath.dirname(path)}/" for path in projects if posixpath.dirname(path))
    everything = any(not posixpath.dirname(path) for path in projects)
    found = [p for p in root.paths if p.endswith((".cs", ".fs", ".vb")) and (everything or p.startswith(folders))]
    return [path for path in found if not re.search(r"(^|/)(obj|bin|[Tt]ests?)/", path)][:400]


def _install_inputs(root: Files, referenced: list[str]) -> tuple[str, ...]:
    shared = r"(.*/)?(Directory\.(Build|Packages)\.(props|targets)|[Nn]u[Gg]et\.[Cc]onfig|global\.json)$"
    locks = [posixpath.normpath(f"{posixpath.dirname(path) or '.'}/packages.lock.json") for path in referenced]
    return (*referenced, *(p for p in locks if p in root), *(p for p in root.paths if re.match(shared, p)))


async def _with_start(
    plan: BuildPlan, root: Files, project: Project, sources: list[str], findings: Findings
) -> BuildPlan:
    at = (project.path, project.sdk.line if project.sdk else 1)
    if project.kind == "blazor":
        findings.add("framework", "blazor", *at)
        findings.add("kind", "static", *at)
        findings.add("static_root", f"{_OUT}/wwwroot", *at)
        stack = replace(plan.stack, framework="blazor", kind=Kind.STATIC)
        return replace(plan, stack=stack, static=StaticSite(f"{_OUT}/wwwroot", fallback="index.html"))
    start = f"dotnet {project.assembly}.dll"
    findings.add("start", start, *at)
    if project.kind != "web":
        line = project.output.line if project.output else at[1]
        findings.add("kind", "worker", project.path, line)
        return replace(plan, start=("sh", "-c", f"cd {_OUT} && exec {start}"))
    package = next((package for package in _FRAMEWORKS if package in project.packages), "")
    framework, line = _FRAMEWORKS.get(package, "aspnetcore"), project.packages.get(package, at[1])
    findings.add("framework", framework, project.path, line)
    findings.add("kind", "server", *at)
    plan = replace(
        plan,
        stack=replace(plan.stack, framework=framework, kind=Kind.SERVER),
        start=on_port(f"cd {_OUT} && ASPNETCORE_URLS=http://0.0.0.0:$PORT exec {start}"),
        run_env={"ASPNETCORE_ENVIRONMENT": "Production"},
    )
    plan = await _with_fixed_port(plan, root, project, sources, findings)
    return await _with_connections(plan, root, project, sources, findings)


async def _with_fixed_port(
    plan: BuildPlan, root: Files, project: Project, sources: list[str], findings: Findings
) -> BuildPlan:
    """A port in the code or in Kestrel's settings goes before ASPNETCORE_URLS."""
    appsettings = posixpath.normpath(f"{project.dir}/appsettings.json")
    fixed = await search(root, sources, _URLS) or await search(
        root, [appsettings], r"\"Url\":\s*\"https?://(?P<host>[^:\"/]+):(?P<port>\d{2,5})"
    )
    if fixed is None:
        return plan
    port = int(fixed.match.group("port"))
    findings.add("port", str(port), fixed.path, fixed.line)
    plan = note(replace(plan, port=port), f"{fixed.path}:{fixed.line} fixes port {port}; PORT is not read.")
    if fixed.match.group("host") in LOOPBACK:
        plan = note(
            plan,
            f"{fixed.path}:{fixed.line} listens on loopback only; listen on 0.0.0.0 to be reachable in a container.",
        )
    return plan


async def _with_connections(
    plan: BuildPlan, root: Files, project: Project, sources: list[str], findings: Findings
) -> BuildPlan:
    """Connection strings that the code asks for and appsettings.json does not give, or gives for Windows only."""
    settings = root.below(project.dir)
    given = table(await settings.json("appsettings.json"), "ConnectionStrings")
    for hit in await search_all(root, sources, r"GetConnectionString\(\s*\"([\w.-]+)\"\s*\)"):
        variable, value = f"ConnectionStrings__{hit.value}", str(given.get(hit.value, ""))
        plan = replace(plan, env_names=tuple(sorted({*plan.env_names, variable})))
        line = hit.match.string.splitlines()[hit.line - 1]
        optional = re.search(r"IsNullOr|\bis\b|\?\?|[!=]= ?null", line)
        if optional or (value and "localdb" not in value.lower()):
            continue
        findings.add("env_required", variable, hit.path, hit.line)
        plan = replace(plan, env_required=tuple(sorted({*plan.env_required, variable})))
    return plan


async def _with_sdk(plan: BuildPlan, root: Files, project: Project, version: str) -> BuildPlan:
    """global.json may ask for another SDK than the one that goes with the target."""
    folder = project.dir
    while folder and posixpath.normpath(f"{folder}/global.json") not in root:
        folder = "" if folder == "." else posixpath.dirname(folder) or "."
    if not folder:
        return plan
    path = posixpath.normpath(f"{folder}/global.json")
    sdk = table(await root.json(path), "sdk")
    asked, roll = str(sdk.get("version", "")), str(sdk.get("rollForward", ""))
    if not asked or asked.partition(".")[0] == version.partition(".")[0] or "Major" in roll:
        return plan
    return doubt(plan, f"{path} asks for SDK {asked}, and {project.path} targets .NET {version}.")


async def _with_front_end(plan: BuildPlan, root: Files, project: Project) -> BuildPlan:
    """A ClientApp that `dotnet publish` builds by itself needs Node."""
    spa = await root.line_of(project.path, r"<SpaRoot>|npm (install|run|ci)|\.esproj")
    if not spa:
        return plan
    plan = replace(plan, requires_build=(*plan.requires_build, *REQUIRES))
    return note(plan, f"{project.path}:{spa} builds a front end: Node.js is needed.")
