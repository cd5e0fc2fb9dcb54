"""What a Python app is started with: decided from app objects and server calls, never from file names alone."""

import ast
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from devgem.domain.plan import Argv, Kind
from devgem.stack.files import Files
from devgem.stack.python.apps import AppObject, find_apps
from devgem.stack.python.frameworks import Serving
from devgem.stack.python.servers import ServerCall, When, find_servers, has_main
from devgem.stack.python.source import Module, Sources

DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Entry:
    """How the app starts. `server` is the distribution that must be installed for it; `path` and `line` are where the
    code shows it; `rivals` are other entries that could have been meant as well."""

    start: Argv
    kind: Kind
    path: str
    line: int | None
    framework: str | None = None
    server: str | None = None
    port: int = DEFAULT_PORT
    port_line: int | None = None
    port_path: str | None = None
    health_path: str | None = None
    run_env: Mapping[str, str] = field(default_factory=dict)
    build: tuple[Argv, ...] = ()
    notes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    sure: bool = True


def find_entry(
    files: Files, sources: Sources, installed: frozenset[str], distribution: str | None, named: frozenset[str]
) -> Entry | None:
    """The entry of the web app in these sources. `installed` are the distributions that will be there, `distribution`
    the name of the one that the repository itself is built into: a server that only a function of it starts is a
    feature of a library, and the app objects of a framework's own repository are its demos. `named` are the apps that
    other files name (named.py)."""
    apps = [app for app in find_apps(sources) if app.framework.package != distribution]
    calls = [c for c in find_servers(sources, apps) if not (distribution and c.when is When.LATER)]

    def rank(app: AppObject) -> tuple[bool, bool, bool, int, bool, str]:
        return _rank(app, calls, named)

    objects = sorted((app for app in apps if app.framework.serving is not Serving.SCRIPT), key=rank)
    if objects:
        best = objects[0]
        rivals = [app for app in objects if app.origin != best.origin and rank(app)[:4] == rank(best)[:4]]
        return _from_object(files, best, rivals, calls, installed)
    return _from_call(files, sources, apps, calls)


def _rank(
    app: AppObject, calls: Sequence[ServerCall], named: frozenset[str]
) -> tuple[bool, bool, bool, int, bool, str]:
    stem = posixpath.basename(app.module.path)
    target = f"{app.module.name}:{app.name}"
    is_stated = any(call.target == target for call in calls) or bool(named & {target, app.module.name})
    is_run = any(call.module is app.module and call.runs == app.name for call in calls)
    is_entry = is_run or stem in ("wsgi.py", "asgi.py")
    return (not is_stated, app.factory, not is_entry, app.module.path.count("/"), app.defined_in is not None, target)


def _from_object(
    files: Files,
    app: AppObject,
    rivals: Sequence[AppObject],
    calls: Sequence[ServerCall],
    installed: frozenset[str],
) -> Entry:
    blocking = next(
        (c for c in calls if c.module is app.module and c.when is When.IMPORT and c.runs in (app.name, None)), None
    )
    if blocking and app.framework.name == "flask":
        return _flask_run(files, app, blocking)
    if blocking:
        return _script(files, blocking.module, blocking, app.framework.name)
    server, command = _serve(app, installed, "gunicorn.conf.py" in files)
    folder, run_env = _location(files, app.module)
    return Entry(
        start=("sh", "-c", f"{folder}exec {command}"),
        kind=Kind.SERVER,
        path=app.module.path,
        line=app.line,
        framework=app.framework.name,
        server=server,
        run_env={**run_env, "FORWARDED_ALLOW_IPS": "*"},
        rivals=tuple(f"{a.module.path}:{a.line}" for a in rivals),
        sure=not rivals,
    )


def _serve(app: AppObject, installed: frozenset[str], configured: bool) -> tuple[str, str]:
    """(the server's distribution, its command line): one that the app already depends on, else the usual one."""
    target = f"{app.module.name}:{app.name}"
    port = f"${{PORT:-{DEFAULT_PORT}}}"
    match app.framework.serving:
        case Serving.SANIC:
            return "sanic", f"sanic {target} --host=0.0.0.0 --port={port}" + (" --factory" if app.factory else "")
        case Serving.ASGI:
            factory = " --factory" if app.factory else ""
            if app.framework.name == "quart" and not factory and "uvicorn" not in installed:
                return "hypercorn", f"hypercorn --bind 0.0.0.0:{port} {target}"
            if "daphne" in installed and "uvicorn" not in installed and not factory:
                return "daphne", f"daphne -b 0.0.0.0 -p {port} {target}"
            return "uvicorn", f"uvicorn {target}{factory} --host 0.0.0.0 --port {port}"
    if "waitress" in installed and "gunicorn" not in installed:
        call = " --call" if app.factory else ""
        return "waitress", f"waitress-serve --host=0.0.0.0 --port={port}{call} {target}"
    threads = "" if configured else " --threads 8"
    return "gunicorn", f"gunicorn --bind 0.0.0.0:{port}{threads} " + (f"'{target}()'" if app.factory else target)


def _location(files: Files, module: Module) -> tuple[str, dict[str, str]]:
    """(shell text before the command, environment) that make a module importable: a package below `src` by
    PYTHONPATH, a lone module in a folder by starting there, as its author does."""
    if module.root == ".":
        return "", {}
    if "." in module.name or module.path.endswith("__init__.py"):
        return "", {"PYTHONPATH": posixpath.normpath(posixpath.join("/app", files.dir, module.root))}
    if _speaks_from_above(files, module):
        return "", {"PYTHONPATH": posixpath.normpath(posixpath.join("/app", files.dir, module.root))}
    return f"cd {module.root} && ", {}


def _speaks_from_above(files: Files, module: Module) -> bool:
    """Whether the module names files as they are seen from the app's folder: `app/static`, not `static`."""
    texts = {n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return any(text.startswith(module.root + "/") and (text in files or files.has_dir(text)) for text in texts)


def _flask_run(files: Files, app: AppObject, blocking: ServerCall) -> Entry:
    folder, run_env = _location(files, app.module)
    note = (
        f"{files.repo_path(app.module.path)}:{blocking.line} runs Flask's development server on import. Put it under "
        '`if __name__ == "__main__":` to be served by gunicorn.'
    )
    # `flask run` ignores app.run(): https://flask.palletsprojects.com/en/stable/api/#flask.Flask.run
    command = f"flask --app {app.module.name}:{app.name} run --host 0.0.0.0 --port ${{PORT:-{DEFAULT_PORT}}}"
    return Entry(
        start=("sh", "-c", f"{folder}exec {command}"),
        kind=Kind.SERVER,
        path=app.module.path,
        line=app.line,
        framework="flask",
        run_env=run_env,
        notes=(note,),
    )


def _from_call(files: Files, sources: Sources, apps: Sequence[AppObject], calls: Sequence[ServerCall]) -> Entry | None:
    order = [When.MAIN, When.IMPORT, When.LATER]
    ranked = sorted(calls, key=lambda c: (order.index(c.when), c.module.path.count("/"), c.module.path, c.line))
    for call in ranked:
        module = call.module if call.when is not When.LATER else _caller(sources, call.module)
        if module is None:
            continue
        framework = next((a.framework.name for a in apps if a.module is call.module), None)
        entry = _script(files, module, call, framework or _framework_of(call))
        level = (call.when, call.module.path.count("/"))
        rivals = [c for c in ranked if (c.when, c.module.path.count("/")) == level and c.module is not call.module]
        return entry if not rivals else _with_rivals(entry, rivals)
    return None


def _with_rivals(entry: Entry, rivals: Sequence[ServerCall]) -> Entry:
    return replace(entry, rivals=tuple(f"{c.module.path}:{c.line}" for c in rivals), sure=False)


def _framework_of(call: ServerCall) -> str | None:
    return None if call.server in ("http.server", "wsgiref", "uvicorn", "waitress", "gevent") else call.server


def _caller(sources: Sources, module: Module) -> Module | None:
    """The file that is run for a server that a function starts: the module itself, or the nearest that imports it."""
    if has_main(module):
        return module
    importers = [m for m in sources.importers(module) if has_main(m)]
    return importers[0] if importers else None


def _script(files: Files, module: Module, call: ServerCall, framework: str | None) -> Entry:
    """A program that runs its own server."""
    port = call.port or (DEFAULT_PORT if call.reads_port or framework in ("gradio", "dash") else call.default_port)
    folder, run_env = _location(files, module)
    package = module.name if module.path.endswith("__main__.py") else None
    program = f"-m {package.removesuffix('.__main__')}" if package else _inside(module)
    start: Argv = ("python", *program.split(" "))
    if folder:
        start = ("sh", "-c", f"{folder}exec python {program}")
    if framework in ("gradio", "dash"):
        start = ("sh", "-c", f"{folder}{_own_environment(framework)} exec python {program}")
    notes: tuple[str, ...] = ()
    if call.is_loopback_only:
        where = f"{files.repo_path(call.module.path)}:{call.line}"
        notes = (f"{where} listens on {call.host} only, which a container's front door cannot reach; use 0.0.0.0.",)
    return Entry(
        start=start,
        kind=Kind.SERVER,
        path=call.module.path,
        line=call.line,
        framework=framework,
        port=port,
        port_line=call.line if call.port else None,
        run_env=run_env,
        notes=notes,
        sure=call.when is not When.LATER or module is call.module,
    )


def _inside(module: Module) -> str:
    return module.path if module.root == "." or "." in module.name else posixpath.relpath(module.path, module.root)


def _own_environment(framework: str) -> str:
    """The variables by which these libraries take an address: used wherever the code names none."""
    if framework == "gradio":
        return f"GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=${{PORT:-{DEFAULT_PORT}}}"
    return "HOST=0.0.0.0"
