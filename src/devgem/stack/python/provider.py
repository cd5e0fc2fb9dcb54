"""Python: from files to a plan."""

import ast
import re
import sys
from dataclasses import replace

from devgem.domain.plan import BuildPlan, Evidence, Kind, Stack, Unplannable, display
from devgem.stack.env_names import names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.assets import REQUIRES, find_assets
from devgem.stack.provider import Answer, NoStart
from devgem.stack.python.django import django_entry, find_django
from devgem.stack.python.entry import Entry, find_entry
from devgem.stack.python.env_reads import find_env
from devgem.stack.python.gunicorn import configured_port
from devgem.stack.python.manifests import distribution_name
from devgem.stack.python.named import named_apps
from devgem.stack.python.packages import CREATE, VENV, Packages, find_packages, project_files
from devgem.stack.python.runners import find_runner
from devgem.stack.python.source import Sources, read_sources
from devgem.stack.python.system import system_packages
from devgem.stack.python.version import find_version
from devgem.stack.python.workers import distribution, find_celery, find_worker, is_published, nothing_to_start
from devgem.stack.stated import stated_start
from devgem.stack.words import words

SERVERS = {
    "gunicorn": "gunicorn==23.0.0",
    "uvicorn": "uvicorn==0.35.0",
    "hypercorn": "hypercorn==0.17.3",
}
"""What is installed beside an app that names no server of its own."""

_BRINGS_UVICORN = words("uvicorn fastapi-cli python-fasthtml gradio nicegui chainlit mcp fastmcp")
_BUILDS_ASSETS = words(
    "django-vite django-webpack-loader django-tailwind django-vite-plugin webpack-boilerplate flask-vite"
)
"""Packages by which a Python app takes what the package.json beside it builds."""


class Python:
    language = "python"

    async def plan(self, files: Files) -> Answer:
        packages = await find_packages(files)
        if packages is None and not await _is_python(files):
            return None
        sources = await read_sources(files)
        installed = _installed(packages)
        entry = await _find_entry(files, sources, installed)
        stated = await stated_start(files)
        if packages is None and entry and (missing := _foreign_imports(sources)):
            return Unplannable(
                f"The code imports {', '.join(missing)}, but no file names the packages to install.",
                "Add requirements.txt with one package per line.",
                language=self.language,
            )
        if entry:
            entry = replace(entry, rivals=(), sure=True) if stated else await _doubted(files, entry)
        server = _named_server(stated) if stated else entry.server if entry else None
        if entry and stated and server == "gunicorn" and (bound := await configured_port(files, stated)):
            entry = replace(entry, port=bound.port, port_line=bound.line, port_path=bound.path)
        plan = await _plan(files, packages, sources, entry, server)
        if entry is None:
            return NoStart(plan, *await nothing_to_start(files))
        return plan


async def _is_python(files: Files) -> bool:
    """Whether it is a Python project although it names no dependencies. A pyproject.toml may be for tools alone."""
    pyproject = await files.toml("pyproject.toml")
    return "setup.py" in files or "project" in pyproject or any("/" not in p and p.endswith(".py") for p in files.paths)


async def _find_entry(files: Files, sources: Sources, installed: frozenset[str]) -> Entry | None:
    django = find_django(sources)
    entry = django_entry(files, sources, django, installed) if django else None
    if entry:
        return entry
    runner = find_runner(sources)
    entry = find_entry(files, sources, installed, await distribution(files), await named_apps(files))
    if runner and (entry is None or entry.framework is None):
        return runner
    if entry and runner:
        return replace(entry, rivals=(*entry.rivals, f"{runner.path} ({runner.framework})"), sure=False)
    library = await distribution(files) is not None
    return entry or find_celery(sources) or find_worker(sources, is_distribution=library)


async def _doubted(files: Files, entry: Entry) -> Entry:
    if entry.framework == "django" or "/" not in entry.path or not await is_published(files):
        return entry
    note = "The project is published as a package: that this part of it is to be deployed is a guess."
    return replace(entry, sure=False, notes=(*entry.notes, note))


def _named_server(command: str) -> str | None:
    return next((word for word in re.findall(r"[\w-]+", command) if word in SERVERS), None)


def _installed(packages: Packages | None) -> frozenset[str]:
    """The distributions that will be there, as far as the files name them."""
    if packages is None:
        return frozenset()
    found = set(packages.dependencies)
    with_extras = {name for name, one in packages.dependencies.items() if "[" in one.text}
    if found & _BRINGS_UVICORN or with_extras & {"fastapi", "litestar"}:
        found.add("uvicorn")
    if "quart" in found:
        found.add("hypercorn")
    if "psycopg" in with_extras:
        found.add("psycopg-binary")
    return frozenset(found | packages.locked)


async def _plan(
    files: Files, packages: Packages | None, sources: Sources, entry: Entry | None, server: str | None
) -> BuildPlan:
    installed = _installed(packages)
    findings = Findings(files)
    version = await find_version(files, findings)
    if packages:
        findings.add_evidence(*packages.evidence)
    if entry:
        _cite(entry, packages, findings)
    reads = await find_env(sources)
    system = system_packages(installed, git=bool(packages and packages.needs_git))
    sure = (packages is None or packages.sure) and (entry is None or entry.sure)
    plan = BuildPlan(
        stack=Stack(
            language="python",
            framework=entry.framework if entry else None,
            package_manager=packages.manager if packages else None,
            kind=entry.kind if entry else Kind.UNKNOWN,
            runtime="python",
            version=version.version,
            confidence="high" if sure else "low",
            evidence=findings.all(),
        ),
        dir=files.dir,
        install=packages.install if packages else (),
        install_inputs=packages.inputs if packages else (),
        build=entry.build if entry else (),
        build_env=packages.build_env if packages else {},
        start=entry.start if entry else None,
        port=entry.port if entry else 8080,
        health_path=entry.health_path if entry else None,
        run_env={"PYTHONUNBUFFERED": "1", **(entry.run_env if entry else {})},
        requires_build=system.build,
        requires_run=system.run,
        env_names=names(reads),
        env_required=required_names(reads),
        notes=(*(packages.notes if packages else ()), *(entry.notes if entry else ()), *version.notes),
    )
    plan = _with_server(plan, packages, server, installed)
    if packages and not packages.installs_project and await _needs_itself(files, sources):
        inputs = dict.fromkeys((*plan.install_inputs, *project_files(files, ".")))
        plan = replace(plan, install=(*plan.install, _INSTALL_ITSELF), install_inputs=tuple(inputs))
    if entry and entry.rivals:
        plan = _noted(
            plan, f"Could have meant {', '.join(entry.rivals)} as well: say `start` in devgem.toml to be sure."
        )
    return await _with_assets(files, plan, installed)


_INSTALL_ITSELF = ("uv", "pip", "install", "--no-deps", "-e", ".")


async def _needs_itself(files: Files, sources: Sources) -> bool:
    """Whether the code asks for its own distribution's metadata, so that it must be installed."""
    name = await distribution_name(files)
    asks = [
        m
        for m in sources.modules
        if any(i.startswith(("importlib.metadata", "importlib_metadata")) for i in m.imported)
    ]
    return bool(name) and any(isinstance(n, ast.Constant) and n.value == name for m in asks for n in ast.walk(m.tree))


def _with_server(
    plan: BuildPlan, packages: Packages | None, server: str | None, installed: frozenset[str]
) -> BuildPlan:
    if packages and re.match(r"gunicorn==(1\d|20)\.", packages.requirement("gunicorn")):
        # it imports pkg_resources: https://setuptools.pypa.io/en/latest/history.html#v82-0-0
        plan = replace(plan, install=(*plan.install, ("uv", "pip", "install", "setuptools<82")))
    if server in SERVERS and server not in installed:
        extra = SERVERS[server]
        plan = replace(plan, install=(*(plan.install or (CREATE,)), ("uv", "pip", "install", extra)))
        plan = _noted(plan, f"{server} is not among the dependencies: {extra} is installed to serve the app.")
    if not plan.install:
        return plan
    return replace(plan, deps=(VENV,), build_env={"UV_COMPILE_BYTECODE": "1", **plan.build_env})


async def _with_assets(files: Files, plan: BuildPlan, installed: frozenset[str]) -> BuildPlan:
    """The front end of the app, built where the app is known to take it in."""
    assets = await find_assets(files)
    if assets is None or "build" not in assets.scripts or plan.stack.kind is not Kind.SERVER:
        return plan
    where = files.repo_path(assets.path)
    if not installed & _BUILDS_ASSETS:
        return _noted(
            plan, f"{where} has a build script, which is not run: say `build` in devgem.toml if the app needs it."
        )
    return replace(
        plan,
        install=(*plan.install, assets.install),
        install_inputs=(*plan.install_inputs, *assets.inputs),
        deps=(*plan.deps, *assets.deps),
        build=(assets.run("build"), *plan.build),
        requires_build=tuple(sorted({*plan.requires_build, *REQUIRES})),
    )


def _noted(plan: BuildPlan, note: str) -> BuildPlan:
    return replace(plan, notes=(*plan.notes, note))


def _cite(entry: Entry, packages: Packages | None, findings: Findings) -> None:
    distribution = _DISTRIBUTIONS.get(entry.framework or "", entry.framework or "")
    named = packages.dependencies.get(distribution) if packages else None
    if entry.framework and named:
        findings.add_evidence(Evidence("framework", entry.framework, named.path, named.line))
    elif entry.framework:
        findings.add("framework", entry.framework, entry.path, entry.line)
    findings.add("kind", entry.kind.value, entry.path, entry.line)
    findings.add("start", display(entry.start), entry.path, entry.line)
    if entry.port_line:
        findings.add("port", str(entry.port), entry.port_path or entry.path, entry.port_line)


_DISTRIBUTIONS = {"fasthtml": "python-fasthtml", "socketio": "python-socketio"}


def _foreign_imports(sources: Sources) -> list[str]:
    """Top-level imports that are neither the app's own nor of the standard library."""
    tops = {name.partition(".")[0] for module in sources.modules for name in module.imported}
    return sorted(t for t in tops if t and t not in sys.stdlib_module_names and not sources.find(t))[:5]
