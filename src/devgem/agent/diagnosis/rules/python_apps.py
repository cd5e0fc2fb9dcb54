"""Python's servers and frameworks, and the code itself."""

import posixpath
import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_python
from devgem.agent.diagnosis.diagnosis import Advice, ConfigVar, Quote, Remedy
from devgem.agent.diagnosis.rule import RUN, Clue, Finding, Rule, repository_path, rule, says
from devgem.agent.diagnosis.rules.python_packages import START_MODULE

_OBJECT = re.compile(r"^(?P<object>\w{1,60})\s{0,8}=\s{0,8}(?P<call>[\w.]{1,80})\(", re.MULTILINE)
_WEB_CALLS = re.compile(
    r"(?:^|\.)(?:Flask|FastAPI|Starlette|Quart|Sanic|Litestar|Dash|Bottle|Falcon|App|ASGIApp|create_app|make_app"
    r"|get_wsgi_application|get_asgi_application)$"
)
_SERVER = re.compile(
    r"(?P<before>\b(?:gunicorn|uvicorn|hypercorn|granian)\b[^\n]{0,200}?\s)(?P<target>[\w.]{1,80}:[\w.()]{1,60})"
)


def _app_objects(clue: Clue) -> list[str]:
    """What could be served, as module:object."""
    found = []
    for path, text in clue.evidence.files.items():
        if not path.endswith(".py"):
            continue
        module = posixpath.relpath(path, clue.evidence.dir).removesuffix(".py").removesuffix("/__init__")
        if module.startswith(".."):
            continue
        found += [
            f"{module.replace('/', '.')}:{match['object']}"
            for match in _OBJECT.finditer(text)
            if _WEB_CALLS.search(match["call"])
        ]
    return found


def _right_object(clue: Clue) -> Iterator[Remedy]:
    """The start command with the object that the code has; only where there is one alone."""
    objects = _app_objects(clue)
    if len(objects) == 1:
        path = clue.evidence.find("Procfile", "devgem.toml")
        why = f"The code has {objects[0]}."
        if path and (
            diff := edits.substituted(
                path, clue.evidence.files[path], _SERVER.pattern, lambda m: m["before"] + objects[0], why
            )
        ):
            yield diff
            return
        if not clue.evidence.has("Procfile", "devgem.toml"):
            asgi = "FastAPI" in str(clue.evidence.framework) or "uvicorn" in clue.said.text
            server = "uvicorn --host 0.0.0.0 --port $PORT" if asgi else "gunicorn --bind 0.0.0.0:$PORT"
            yield edits.new_file(clue.evidence.here("Procfile"), f"web: {server} {objects[0]}\n", why)
            return
    known = f"; the code has {', '.join(objects[:4])}" if objects else ""
    yield Advice(f"name the module and the object in a Procfile, as in `web: gunicorn package.module:app`{known}")


def _syntax(clue: Clue) -> Finding:
    kind, what = clue["kind"], clue["what"]
    file = repository_path(clue["file"], clue.evidence.dir) if clue["file"] else None
    if not file and clue["file"]:
        remedies: tuple[Remedy, ...] = (
            Advice("a package is written for a newer Python: state one in .python-version, or take an older release"),
        )
        return Finding(f"an installed package does not parse in this Python (`{kind}: {what}`)", remedies, "likely")
    where = f"`{file}`, line {clue['line']}," if file else "the code"
    quote = Quote(clue.quote.text, clue.quote.seq, file, int(clue["line"])) if file and clue["line"] else None
    return Finding(
        f"{where} does not parse: `{kind}: {what}`",
        (Advice(f"mend the line {where} points at".replace(",", "")),),
        quote=quote,
    )


def _django_settings_file(clue: Clue) -> tuple[str, str] | None:
    found = [(p, t) for p, t in clue.evidence.files.items() if p.endswith(".py") and "INSTALLED_APPS" in t]
    return found[0] if len(found) == 1 else None


def _allowed_host(clue: Clue) -> Iterator[Remedy]:
    host = clue["host"].partition(":")[0]
    settings = _django_settings_file(clue)
    allowed = f".{host.split('.', 1)[1]}" if host.count(".") else host
    if settings and re.fullmatch(r"[\w.-]{1,100}", host):

        def with_host(match: re.Match[str]) -> str:
            listed = match[2].strip().rstrip(",")
            return f"{match[1]}[{listed + ', ' if listed else ''}{allowed!r}]"

        pattern = r"^(ALLOWED_HOSTS\s{0,4}=\s{0,4})\[([^\]]{0,500})\]"
        if diff := edits.substituted(*settings, pattern, with_host, "It admits the names under which apps answer."):
            yield diff
            return
    yield Advice(f"add {host} to ALLOWED_HOSTS in the settings")


def _static_root(clue: Clue) -> Iterator[Remedy]:
    settings = _django_settings_file(clue)
    if settings and "BASE_DIR" in settings[1] and "STATIC_ROOT" not in settings[1]:
        diff = edits.appended(*settings, 'STATIC_ROOT = BASE_DIR / "staticfiles"', "collectstatic writes there.")
        if diff:
            yield diff
            return
    yield Advice("set STATIC_ROOT in the settings, or drop collectstatic from the build")


def _migrate(clue: Clue) -> Iterator[Remedy]:
    is_django = clue.evidence.has("manage.py")
    command = "python manage.py migrate" if is_django else ""
    path = clue.evidence.find("Procfile")
    if command and path and "release:" not in clue.evidence.files[path]:
        diff = edits.appended(path, clue.evidence.files[path], f"release: {command}", "It migrates before each start.")
        yield from (diff,) if diff else ()
        return
    yield Advice(f"let the migrations run before each start: `release: {command or '<command>'}` in a Procfile")


def _worker_package(clue: Clue) -> Iterator[Remedy]:
    top = clue["name"].partition(".")[0]
    if top in ("uvicorn", "gevent", "eventlet", "tornado"):
        yield from add_python(clue.evidence, top)
    else:
        yield Advice("name a worker class that gunicorn has, such as sync or gthread")


RULES: tuple[Rule, ...] = (
    rule(
        "python.no_app_object",
        "The module that the start command names has no such app object",
        says("the module `{module}` has no object `{name}` to serve", _right_object),
        r"Failed to find attribute '(?P<name>[^'\n]{1,80})' in '(?P<module>[^'\n]{1,80})'",
        r'Attribute "(?P<name>[^"\n]{1,80})" not found in module "(?P<module>[^"\n]{1,80})"',
    ),
    rule(
        "python.no_app_module",
        "The start command names a module that is not there",
        says("the start command names the module `{name}`, which is not there", _right_object),
        r'Error loading ASGI app\. Could not import module "(?P<name>[\w.]{1,100})"',
        START_MODULE.removesuffix("$"),
    ),
    rule(
        "python.bad_import_string",
        "uvicorn is given no module:object",
        says("uvicorn needs `module:object` and is given something else", _right_object),
        r'Import string "(?P<name>[^"\n]{1,100})" must be in format "<module>:<attribute>"',
        r"You must pass the application as an import string to enable 'reload' or 'workers'",
    ),
    rule(
        "python.no_flask_app",
        "Flask finds no app",
        says("`flask run` finds no Flask app", _right_object),
        r"Error: Could not locate a Flask application|Failed to find Flask application or factory in module",
    ),
    rule(
        "python.asgi_under_wsgi",
        "An ASGI app is served by a WSGI server",
        says(
            "`{name}` is an ASGI app, and gunicorn serves it as WSGI",
            Advice("start it with `uvicorn`, or give gunicorn `-k uvicorn.workers.UvicornWorker`"),
        ),
        r"TypeError: (?P<name>\w{1,60})\.__call__\(\) missing 1 required positional argument: 'send'",
        r"TypeError: (?P<name>\w{1,60})\.__call__\(\) missing 2 required positional arguments: 'receive' and 'send'",
    ),
    rule(
        "python.wsgi_under_asgi",
        "A WSGI app is served by an ASGI server",
        says(
            "`{name}` is a WSGI app, and it is served as ASGI",
            Advice("start it with gunicorn, in a Procfile: `web: gunicorn module:app`"),
        ),
        r"TypeError: (?P<name>Flask)\.__call__\(\) missing 1 required positional argument: 'start_response'",
        r"TypeError: (?P<name>WSGIHandler)\.__call__\(\) takes 3 positional arguments but 4 were given",
    ),
    rule(
        "python.flask_reloader",
        "The app starts Flask's debugger and reloader",
        says(
            "the app starts Flask's development server with its reloader",
            Advice("take `debug=True` out, and start it with gunicorn: `web: gunicorn module:app` in a Procfile"),
            likely=True,
        ),
        r"ValueError: signal only works in main thread|\* Restarting with (?:stat|watchdog)",
        steps=RUN,
        within="exited never_listens no_answer",
        unless=r"^(?:Traceback|\S{1,60}Error: (?!signal only))",
    ),
    rule(
        "django.allowed_hosts",
        "Django refuses the app's public address",
        says("Django refuses requests for `{host}`, the app's public address", _allowed_host),
        r"Invalid HTTP_HOST header: '(?P<host>[^'\n]{1,120})'",
        r"CommandError: You must set settings\.ALLOWED_HOSTS if DEBUG is False",
    ),
    rule(
        "django.secret_key",
        "Django has no SECRET_KEY",
        says(
            "Django's SECRET_KEY is empty", ConfigVar(("SECRET_KEY",), "A long random text; the settings must read it.")
        ),
        r"The SECRET_KEY setting must not be empty",
    ),
    rule(
        "django.static_root",
        "collectstatic has no STATIC_ROOT",
        says("collectstatic runs, and STATIC_ROOT is not set", _static_root),
        r"without having set the STATIC_ROOT",
    ),
    rule(
        "django.static_manifest",
        "A template names a static file that collectstatic has not found",
        says(
            "the static file `{name}` is not among those collected",
            Advice("commit it in a static folder, and let the build run `python manage.py collectstatic --noinput`"),
        ),
        r"Missing staticfiles manifest entry for '(?P<name>[^'\n]{1,200})'",
    ),
    rule(
        "django.settings_module",
        "Django does not know its settings",
        says(
            "Django does not know where its settings are",
            ConfigVar(("DJANGO_SETTINGS_MODULE",), "The module that manage.py names, as in shop.settings."),
        ),
        r"Requested settings?\b.{0,80}but settings are not configured",
    ),
    rule(
        "django.csrf",
        "Django refuses a form from the app's own address",
        says(
            "Django refuses forms from `{origin}`, the app's own address",
            Advice("add it to CSRF_TRUSTED_ORIGINS in the settings"),
        ),
        r"Origin checking failed - (?P<origin>https?://[\w.:-]{1,120}) does not match any trusted origins",
    ),
    rule(
        "python.sqlalchemy_url",
        "SQLAlchemy does not know the address postgres://",
        says(
            "SQLAlchemy does not take an address that begins with postgres://",
            Advice("let it begin with postgresql://, in DATABASE_URL or in the code"),
            ConfigVar(("DATABASE_URL",), "The same address, beginning with postgresql://."),
        ),
        r"Can't load plugin: sqlalchemy\.dialects:postgres\b",
    ),
    rule(
        "python.sqlalchemy_unset",
        "Flask-SQLAlchemy has no database address",
        says("Flask-SQLAlchemy is given no database address", ConfigVar(("DATABASE_URL",), "The code must read it.")),
        r"Either 'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must be set",
        r"ArgumentError: Expected string or URL object, got None",
    ),
    rule(
        "python.migrations",
        "The database has no tables yet",
        says("the database has no table `{name}` yet", _migrate),
        r"sqlite3\.OperationalError: no such table: (?P<name>[\w.]{1,80})",
        r"(?:OperationalError|ProgrammingError|UndefinedTable)\W{1,3}relation \"(?P<name>[\w.]{1,80})\" does not exist",
        r"\(1146, \"Table '(?P<name>[\w.]{1,80})' doesn't exist",
        stacks="python",
    ),
    rule(
        "python.celery_broker",
        "Celery cannot reach its broker",
        says(
            "Celery cannot reach its broker `{name}`",
            ConfigVar(("CELERY_BROKER_URL",), "The address of a Redis or RabbitMQ."),
        ),
        r"Cannot connect to (?P<name>(?:amqp|redis)s?://[^\s:]{0,60}[^\s]{0,60}): ",
    ),
    rule(
        "python.multipart",
        "FastAPI reads forms, and python-multipart is not installed",
        says(
            "FastAPI reads a form, and python-multipart is not installed",
            lambda clue: add_python(clue.evidence, "python-multipart"),
        ),
        r'Form data requires "python-multipart" to be installed',
    ),
    rule(
        "python.no_uvicorn_worker",
        "The start command asks gunicorn for a worker that is not installed",
        says("gunicorn's worker class `{name}` needs a package that is not installed", _worker_package),
        r"class uri '(?P<name>[\w.]{1,80})' invalid or not found",
    ),
    rule(
        "python.syntax",
        "Python code does not parse",
        _syntax,
        r'^\s{0,8}(?:\*\*\* )?(?:\S{1,10} )?File "(?P<file>[^"\n]{1,300})", line'
        r" (?P<line>\d{1,6})\n(?:.{0,600}\n){0,3}?"
        r"\s{0,4}(?P<kind>SyntaxError|IndentationError|TabError): (?P<what>[^\n]{1,200})",
        r"^\s{0,4}(?P<kind>SyntaxError|IndentationError|TabError): (?P<what>[^\n]{1,200})",
        stacks="python",
        unless=r"\bnode:internal/|Cannot use import statement|SyntaxError: Unexpected token",
        last=True,
    ),
    rule(
        "python.command_missing",
        "The start command runs a Python program that is not installed",
        says(
            "the start command runs `{name}`, which is not installed",
            lambda clue: add_python(clue.evidence, clue["name"]),
        ),
        r"cannot start '(?P<name>gunicorn|uvicorn|hypercorn|daphne|waitress-serve|celery|streamlit|flask|fastapi)'",
        r"sh: \d{1,4}: (?:exec: )?(?P<name>gunicorn|uvicorn|hypercorn|daphne|celery|streamlit|flask|fastapi):"
        r" not found",
        r"failed to execute (?P<name>gunicorn|uvicorn|hypercorn|daphne|celery|streamlit|flask): No such file",
    ),
)
