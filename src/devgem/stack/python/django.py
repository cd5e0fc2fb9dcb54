"""Django projects: the settings module, the WSGI or ASGI application, and static files."""

import ast
import posixpath
import re
from dataclasses import dataclass

from devgem.domain.plan import Argv, Kind
from devgem.stack.env_names import EnvRead
from devgem.stack.files import Files
from devgem.stack.python.apps import assignments
from devgem.stack.python.entry import DEFAULT_PORT, Entry
from devgem.stack.python.env_reads import reads_in
from devgem.stack.python.source import Module, Sources

_DEPTH = 5
"""Settings files that one settings file may import in turn."""


@dataclass(frozen=True)
class Setting:
    """The value given last to a setting, and where; `always` when no `if` decides whether it is given."""

    value: ast.expr
    path: str
    line: int
    always: bool = True

    @property
    def text(self) -> str | None:
        return self.value.value if isinstance(self.value, ast.Constant) and isinstance(self.value.value, str) else None

    def strings(self) -> list[str]:
        return [n.value for n in ast.walk(self.value) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@dataclass(frozen=True)
class Django:
    """`folder` holds manage.py, relative to the app's; `module` are the settings that the server runs with."""

    folder: str
    manage: str
    module: str
    line: int
    settings: dict[str, Setting]
    required: tuple[EnvRead, ...]


def find_django(sources: Sources) -> Django | None:
    """The project whose manage.py lies nearest to the root."""
    for manage in (m for m in sources.modules if posixpath.basename(m.path) == "manage.py"):
        named = _settings_module(manage)
        if named is None:
            continue
        folder = posixpath.dirname(manage.path) or "."
        used = _served_settings(sources, folder, named[0]) or named[0]
        chain = list(_chain(sources, folder, used, 0))
        settings: dict[str, Setting] = {}
        for module in chain:
            plain = {node.lineno for node in module.tree.body}
            for name, line, value, _ in assignments(module.tree.body):
                settings[name] = Setting(value, module.path, line, always=line in plain)
        required = {r.name: r for module in chain for r in reads_in(module, sources) if r.required}
        return Django(folder, manage.path, used, named[1], settings, tuple(required[n] for n in sorted(required)))
    return None


def django_entry(files: Files, sources: Sources, django: Django, installed: frozenset[str]) -> Entry | None:
    """None when neither a WSGI nor an ASGI application can be found."""
    found = _application(sources, django, prefer_asgi=bool(installed & {"channels", "daphne"}))
    if found is None:
        return None
    dotted, is_asgi, path, line = found
    module, _, name = dotted.rpartition(".")
    server, command = _server(f"{module}:{name}", is_asgi, installed)
    folder = "" if django.folder == "." else f"cd {django.folder} && "
    return Entry(
        start=("sh", "-c", f"{folder}exec {command}"),
        kind=Kind.SERVER,
        path=path,
        line=line,
        framework="django",
        server=server,
        run_env={"FORWARDED_ALLOW_IPS": "*"},
        notes=tuple(_notes(files, django)),
        build=_collectstatic(django),
    )


def _application(sources: Sources, django: Django, *, prefer_asgi: bool) -> tuple[str, bool, str, int] | None:
    """(dotted name, whether it is ASGI, file, line): as the settings name it, else as wsgi.py or asgi.py define it."""
    order = ("ASGI", "WSGI") if prefer_asgi else ("WSGI", "ASGI")
    for kind in order:
        setting = django.settings.get(f"{kind}_APPLICATION")
        if setting and setting.text:
            return setting.text, kind == "ASGI", setting.path, setting.line
    for kind in order:
        dotted = f"{django.module.partition('.')[0]}.{kind.lower()}"
        module = _in_folder(sources, django.folder, dotted)
        lines = [line for name, line, _, _ in assignments(module.tree.body) if name == "application"] if module else []
        if module and lines:
            return f"{dotted}.application", kind == "ASGI", module.path, lines[0]
    return None


def _server(target: str, is_asgi: bool, installed: frozenset[str]) -> tuple[str, str]:
    port = f"${{PORT:-{DEFAULT_PORT}}}"
    if not is_asgi:
        return "gunicorn", f"gunicorn --bind 0.0.0.0:{port} --threads 8 {target}"
    if "daphne" in installed:
        return "daphne", f"daphne -b 0.0.0.0 -p {port} {target}"
    return "uvicorn", f"uvicorn {target} --host 0.0.0.0 --port {port}"


def _collectstatic(django: Django) -> tuple[Argv, ...]:
    """Only when the settings say where to. Settings that cannot be imported without config vars get stand-ins: the
    build never sees the run-time ones."""
    root = django.settings.get("STATIC_ROOT")
    apps = django.settings.get("INSTALLED_APPS")
    if root is None or not root.always or (isinstance(root.value, ast.Constant) and not root.value.value):
        return ()
    if apps and "django.contrib.staticfiles" not in apps.strings() and "+" not in ast.dump(apps.value):
        return ()
    given = {"DJANGO_SETTINGS_MODULE": django.module, **{r.name: _stand_in(r.name) for r in django.required}}
    words = " ".join(f"{name}=${{{name}:-{value}}}" for name, value in given.items())
    return (("sh", "-c", f"{words} python {django.manage} collectstatic --noinput"),)


def _stand_in(name: str) -> str:
    if "DATABASE" in name:
        return "sqlite:////tmp/build.sqlite3"
    return "redis://localhost" if "REDIS" in name else "http://localhost" if name.endswith("URL") else "0"


def _notes(files: Files, django: Django) -> list[str]:
    said = django.settings
    notes = []
    debug, hosts = said.get("DEBUG"), said.get("ALLOWED_HOSTS")
    is_debug = debug is not None and isinstance(debug.value, ast.Constant) and debug.value.value is True
    if is_debug and debug:
        notes.append(
            f"{files.repo_path(debug.path)}:{debug.line} has DEBUG = True: errors show the source to visitors."
        )
    fixed = (
        hosts
        and isinstance(hosts.value, ast.List | ast.Tuple)
        and all(isinstance(e, ast.Constant) for e in hosts.value.elts)
    )
    if hosts and fixed and "*" not in hosts.strings() and not (is_debug and not hosts.strings()):
        listed = ", ".join(hosts.strings()) or "nothing"
        where = f"{files.repo_path(hosts.path)}:{hosts.line}"
        notes.append(f"{where} allows {listed}: Django answers 400 on any other host name; add the app's.")
    root = said.get("STATIC_ROOT")
    if root and not root.always:
        where = f"{files.repo_path(root.path)}:{root.line}"
        notes.append(f"{where} sets STATIC_ROOT in some cases only: static files are not collected.")
    middleware = said.get("MIDDLEWARE")
    if middleware and not is_debug and not any("whitenoise" in text.lower() for text in middleware.strings()):
        where = f"{files.repo_path(middleware.path)}:{middleware.line}"
        notes.append(f"{where} has no WhiteNoise: Django itself serves no static files when DEBUG is off.")
    notes.append("Migrations are not run: add `release: python manage.py migrate` to a Procfile to run them.")
    return notes


def _settings_module(module: Module) -> tuple[str, int] | None:
    """What `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")` names, or an assignment of the same.
    Of several names in the expression it is the last, which is the one for an empty environment."""
    named = {
        target.id: node.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(args=[ast.Constant(value="DJANGO_SETTINGS_MODULE"), value]):
                pass
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value="DJANGO_SETTINGS_MODULE"))], value=value):
                pass
            case _:
                continue
        if isinstance(value, ast.Name):
            value = named.get(value.id, value)
        names = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        dotted = [name for name in names if re.fullmatch(r"\w+(\.\w+)*", name) and not name.isupper()]
        if dotted:
            return dotted[-1], node.lineno
    return None


def _served_settings(sources: Sources, folder: str, settings: str) -> str | None:
    """The settings that wsgi.py or asgi.py choose, which may be others than manage.py's."""
    base = settings.partition(".")[0]
    for name in ("wsgi", "asgi"):
        module = _in_folder(sources, folder, f"{base}.{name}")
        found = _settings_module(module) if module else None
        if found:
            return found[0]
    return None


def _in_folder(sources: Sources, folder: str, dotted: str) -> Module | None:
    prefix = "" if folder == "." else folder + "/"
    stem = prefix + dotted.replace(".", "/")
    return next((m for m in sources.modules if m.path in (f"{stem}.py", f"{stem}/__init__.py")), None)


def _chain(sources: Sources, folder: str, dotted: str, depth: int) -> list[Module]:
    """The settings module after those that it star-imports, as Python would evaluate them."""
    module = _in_folder(sources, folder, dotted)
    if module is None or depth > _DEPTH:
        return []
    earlier = [m for star in module.stars if star != dotted for m in _chain(sources, folder, star, depth + 1)]
    return [*earlier, module]
