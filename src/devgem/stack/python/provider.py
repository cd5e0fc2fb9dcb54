"""Python: from files to a plan."""

from dataclasses import replace

from devgem.domain.plan import BuildPlan, Kind, Stack, Unplannable
from devgem.stack.env_names import names, required_names, words
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.provider import Answer, NoStart
from devgem.stack.python.entry import Entry, find_entry, find_worker
from devgem.stack.python.env_reads import find_env
from devgem.stack.python.packages import Packages, find_packages
from devgem.stack.python.source import Sources, read_sources
from devgem.stack.python.system import system_packages
from devgem.stack.python.version import find_version

SERVERS = {
    "gunicorn": "gunicorn==27.0.1",
    "uvicorn": "uvicorn==0.54.0",
    "hypercorn": "hypercorn==0.18.0",
}
"""What is installed beside an app that names no server of its own."""

_BRINGS_UVICORN: frozenset[str] = words("""
uvicorn fastapi-cli python-fasthtml gradio nicegui chainlit mcp fastmcp
""")


class Python:
    language = "python"

    async def plan(self, files: Files) -> Answer:
        packages = await find_packages(files)
        if packages is None and not files.glob("*.py"):
            return None
        sources = await read_sources(files)
        findings = Findings(files)
        installed = _installed(packages)
        entry = find_entry(files, sources, installed) or find_worker(sources)
        version = await find_version(files, findings)
        if packages:
            findings.add_evidence(*packages.evidence)
        plan = await _plan(files, packages, entry, sources, findings, installed)
        plan = replace(plan, stack=replace(plan.stack, version=version.version), notes=(*plan.notes, *version.notes))
        if entry is None:
            return NoStart(plan, "This Python code has no web app and no script to start.", _FIX)
        if packages is None and (missing := _foreign_imports(sources)):
            return Unplannable(
                f"{entry.path} imports {', '.join(missing)}, but no file names the packages to install.",
                "Add requirements.txt with one package per line.",
                language=self.language,
                evidence=plan.stack.evidence,
            )
        return plan


_FIX = "Add a Procfile with a line such as `web: gunicorn --bind 0.0.0.0:$PORT package.module:app`."


def _installed(packages: Packages | None) -> frozenset[str]:
    found = set(packages.dependencies) if packages else set()
    extras = {name for name, one in packages.dependencies.items() if "[" in one.text} if packages else set()
    if found & _BRINGS_UVICORN or extras & {"fastapi", "litestar"}:
        found.add("uvicorn")
    if "quart" in found:
        found.add("hypercorn")
    return frozenset(found)


async def _plan(
    files: Files,
    packages: Packages | None,
    entry: Entry | None,
    sources: Sources,
    findings: Findings,
    installed: frozenset[str],
) -> BuildPlan:
    notes = [*(packages.notes if packages else ()), *(entry.notes if entry else ())]
    install = packages.install if packages else ()
    if entry:
        _cite(entry, packages, findings)
        if entry.server in SERVERS and entry.server not in installed:
            extra = SERVERS[entry.server]
            install = (*(install or (("uv", "venv", "/deps/venv"),)), ("uv", "pip", "install", extra))
            notes.append(f"{entry.server} is not among the dependencies: {extra} is installed to serve the app.")
        if entry.rivals:
            notes.append(f"Could have meant {', '.join(entry.rivals)} as well: say `start` in devgem.toml to be sure.")
    reads = await find_env(sources)
    system = system_packages(installed, git=bool(packages and packages.needs_git))
    sure = (not packages or packages.sure) and (not entry or entry.sure)
    return BuildPlan(
        stack=Stack(
            language="python",
            framework=entry.framework if entry else None,
            package_manager=packages.manager if packages else None,
            kind=entry.kind if entry else Kind.UNKNOWN,
            runtime="python",
            confidence="high" if sure else "low",
            evidence=findings.all(),
        ),
        dir=files.dir,
        install=install,
        install_inputs=packages.inputs if packages else (),
        deps=("/deps/venv",) if install else (),
        start=entry.start if entry else None,
        port=entry.port if entry else 8080,
        health_path=entry.health_path if entry else None,
        build_env={"UV_COMPILE_BYTECODE": "1"} if install else {},
        run_env={"PYTHONUNBUFFERED": "1", **(entry.run_env if entry else {})},
        requires_build=system.build,
        requires_run=system.run,
        env_names=names(reads),
        env_required=required_names(reads),
        notes=tuple(notes),
    )


def _cite(entry: Entry, packages: Packages | None, findings: Findings) -> None:
    named = (
        packages.dependencies.get(_DISTRIBUTIONS.get(entry.framework or "", entry.framework or ""))
        if packages
        else None
    )
    if entry.framework and named:
        from devgem.domain.plan import Evidence

        findings.add_evidence(Evidence("framework", entry.framework, named.path, named.line))
    elif entry.framework:
        findings.add("framework", entry.framework, entry.path, entry.line)
    findings.add("kind", entry.kind.value, entry.path, entry.line)
    findings.add("start", entry.start[-1].removeprefix("exec "), entry.path, entry.line)
    if entry.port_line:
        findings.add("port", str(entry.port), entry.path, entry.port_line)


_DISTRIBUTIONS = {"fasthtml": "python-fasthtml", "socketio": "python-socketio"}


def _foreign_imports(sources: Sources) -> list[str]:
    """Top-level imports that are neither the app's own nor of the standard library."""
    import sys

    tops = {name.partition(".")[0] for module in sources.modules for name in module.imported}
    return sorted(t for t in tops if t and t not in sys.stdlib_module_names and not sources.find(t))[:5]
