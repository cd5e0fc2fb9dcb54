"""Which object is the app: found in code, wherever it stands and whatever it is called."""

import pytest

from devgem.domain.plan import display
from devgem.stack.python.source import parse
from tests.stack.trees import cited, planned

REQUIRES = {"requirements.txt": "flask\nfastapi\ngunicorn\nuvicorn\n"}
FLASK = "from flask import Flask\n"


async def started(**modules: str) -> str:
    """What is started, of a tree with these modules (`a__b` is a/b.py, `a__` is a/__init__.py)."""
    paths = {name: name.replace("__", "/") for name in modules}
    files = {(path + "__init__" if path.endswith("/") else path) + ".py": modules[name] for name, path in paths.items()}
    plan = await planned({**REQUIRES, **files})
    assert plan.start is not None
    command = display(plan.start)
    return command.replace("gunicorn --bind 0.0.0.0:${PORT:-8080} --threads 8 ", "wsgi ").replace(
        " --host 0.0.0.0 --port ${PORT:-8080}", ""
    )


@pytest.mark.parametrize(
    "text",
    [
        "from flask import Flask\nit = Flask(__name__)\n",
        "import flask\nit = flask.Flask('x')\n",
        "from flask import Flask as F\nit: F = F('x')\n",
        "import flask as web\nit = web.Flask('x')\n",
        "from flask import Flask\ntry:\n    it = Flask('x')\nexcept ImportError:\n    raise\n",
        "from flask import Flask\nif True:\n    it = Flask('x')\n",
        "from flask import Flask\nclass Mine(Flask):\n    pass\nit = Mine('x')\n",
        "from flask import Flask\ndef make(name):\n    a = Flask(name)\n    return a\nit = make('x')\n",
        "from flask import Flask\ndef a(x):\n    return Flask(x)\ndef b(x):\n    return a(x)\nit = b(1)\n",
        "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\nit = ProxyFix(Flask('x'))\n",
        "def it(environ, start_response):\n    return []\n",
    ],
)
async def test_the_object_is_found_however_it_is_made(text: str) -> None:
    assert await started(site=text) == "wsgi site:it"


@pytest.mark.parametrize(
    "text",
    [
        "from flask import Blueprint\nit = Blueprint('a', 'b')\n",
        "from fastapi import APIRouter\nit = APIRouter()\n",
        "from flask import Flask\ndef test():\n    it = Flask('x')\n",
        "# it = Flask('x')\n'it = Flask(1)'\n",
        "Flask = dict\nit = Flask()\n",
    ],
)
async def test_what_only_looks_like_an_app_is_none(text: str) -> None:
    command = await started(site=text, real=FLASK + "app = Flask('x')\n")
    assert command == "wsgi real:app"


async def test_a_factory_is_called_when_nothing_else_is_there() -> None:
    assert (
        await started(a=FLASK + "def build(config=None, *, debug=False):\n    return Flask('x')\n")
        == "wsgi 'a:build()'"
    )
    asgi = "from fastapi import FastAPI\ndef build():\n    return FastAPI()\n"
    assert await started(a=asgi) == "uvicorn a:build --factory"


async def test_a_factory_that_needs_arguments_is_not_called() -> None:
    plan = await started(
        a=FLASK + "def build(config):\n    return Flask('x')\n", main="from a import build\napp = build(1)\n"
    )
    assert plan == "wsgi main:app"


async def test_an_object_goes_before_a_factory_and_the_root_before_a_folder() -> None:
    factory = FLASK + "def m():\n    return Flask('x')\n"
    assert await started(x__="", x__app=FLASK + "app = Flask('x')\n", y=factory) == "wsgi x.app:app"
    assert await started(x__app=FLASK + "app = Flask('x')\n", y=FLASK + "app = Flask('x')\n") == "wsgi y:app"


async def test_names_are_followed_through_packages_and_relative_imports() -> None:
    command = await started(
        shop__="from .core import make_app as create\n",
        shop__core="from .base import Base\ndef make_app():\n    return Base('x')\n",
        shop__base=FLASK + "class Base(Flask):\n    pass\n",
        run="from shop import create\nserver = create()\n",
    )
    assert command == "wsgi run:server"


async def test_imports_in_a_circle_end() -> None:
    command = await started(a="from b import app\n", b="from a import app\n", c=FLASK + "app = Flask('x')\n")
    assert command == "wsgi c:app"


async def test_the_module_that_runs_the_app_is_its_entry() -> None:
    command = await started(
        app=FLASK + "app = Flask('x')\n",
        start="from app import app\nimport routes\nif __name__ == '__main__':\n    app.run()\n",
        routes="from app import app\n",
        seed="from app import app\nif __name__ == '__main__':\n    print(app)\n",
    )
    assert command == "wsgi start:app"


async def test_the_import_string_of_uvicorn_is_believed() -> None:
    fast = "from fastapi import FastAPI\n"
    command = await started(
        run="import uvicorn\nuvicorn.run('pkg.web:service', port=1)\n",
        pkg__web=fast + "service = FastAPI()\n",
        other=fast + "app = FastAPI()\n",
    )
    assert command == "uvicorn pkg.web:service"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".flaskenv", "# which\nFLASK_APP=b.py\n"),
        (".flaskenv", "export FLASK_APP='b:app'\n"),
        ("pyproject.toml", '[tool.fastapi]\nentrypoint = "b:app"\n'),
    ],
)
async def test_of_two_apps_the_one_that_another_file_names_is_meant(path: str, text: str) -> None:
    app = FLASK + "app = Flask('x')\n"
    plan = await planned({**REQUIRES, "a.py": app, "b.py": app, path: text})
    assert plan.start is not None and display(plan.start).endswith(" b:app")
    assert plan.stack.confidence == "high"


async def test_a_gradio_demo_inside_of_fastapi_is_a_part_of_it() -> None:
    command = await started(
        main="import gradio as gr\nfrom fastapi import FastAPI\napp = FastAPI()\ndemo = gr.Blocks()\n"
        "app = gr.mount_gradio_app(app, demo, path='/')\n"
    )
    assert command == "uvicorn main:app"


async def test_socketio_around_an_app_is_what_is_served() -> None:
    command = await started(
        main="import socketio\nfrom fastapi import FastAPI\napi = FastAPI()\nsio = socketio.AsyncServer()\n"
        "app = socketio.ASGIApp(sio, other_asgi_app=api)\n"
    )
    assert command == "uvicorn main:app"


async def test_two_apps_that_could_both_be_meant_make_a_guess() -> None:
    plan = await planned({**REQUIRES, "a.py": FLASK + "app = Flask('x')\n", "b.py": FLASK + "app = Flask('x')\n"})
    assert plan.stack.confidence == "low"
    assert any("Could have meant b.py:2 as well" in note for note in plan.notes)


async def test_an_alias_is_no_second_app() -> None:
    plan = await planned({**REQUIRES, "a.py": FLASK + "app = Flask('x')\napplication = app\n"})
    assert plan.stack.confidence == "high"


@pytest.mark.parametrize(
    ("path", "extra", "start", "env"),
    [
        ("src/shop/web.py", {"src/shop/__init__.py": ""}, "wsgi shop.web:app", {"PYTHONPATH": "/app/src"}),
        ("backend/web.py", {"backend/db.py": ""}, "cd backend && exec wsgi web:app", {}),
        ("app/web.py", {"app/db.py": "", "app/__init__.py": ""}, "wsgi app.web:app", {}),
    ],
)
async def test_a_module_is_imported_from_where_its_own_imports_work(
    path: str, extra: dict[str, str], start: str, env: dict[str, str]
) -> None:
    own = {"src": "from shop import x", "backend": "import db", "app": "from app import db"}[path.partition("/")[0]]
    plan = await planned({**REQUIRES, **extra, path: f"{FLASK}{own}\napp = Flask('x')\n"})
    assert plan.start is not None
    assert display(plan.start).replace("gunicorn --bind 0.0.0.0:${PORT:-8080} --threads 8", "wsgi") == start
    assert {name: plan.run_env[name] for name in plan.run_env if name == "PYTHONPATH"} == env


@pytest.mark.parametrize(
    ("requires", "text", "command", "installed"),
    [
        ("flask\nwaitress\n", FLASK + "a = Flask('x')\n",
         "waitress-serve --host=0.0.0.0 --port=${PORT:-8080} m:a", None),
        ("flask\n", FLASK + "a = Flask('x')\n",
         "gunicorn --bind 0.0.0.0:${PORT:-8080} --threads 8 m:a", "gunicorn==23.0.0"),
        ("starlette\n", "from starlette.applications import Starlette\na = Starlette()\n",
         "uvicorn m:a --host 0.0.0.0 --port ${PORT:-8080}", "uvicorn==0.35.0"),
        ("starlette\ndaphne\n", "from starlette.applications import Starlette\na = Starlette()\n",
         "daphne -b 0.0.0.0 -p ${PORT:-8080} m:a", None),
        ("litestar[standard]\n", "from litestar import Litestar\na = Litestar([])\n",
         "uvicorn m:a --host 0.0.0.0 --port ${PORT:-8080}", None),
        ("falcon\ngunicorn\n", "import falcon\na = falcon.App()\n",
         "gunicorn --bind 0.0.0.0:${PORT:-8080} --threads 8 m:a", None),
        ("falcon\nuvicorn\n", "import falcon.asgi\na = falcon.asgi.App()\n",
         "uvicorn m:a --host 0.0.0.0 --port ${PORT:-8080}", None),
    ],
)  # fmt: skip
async def test_the_server_is_the_one_that_is_there_else_a_pinned_one(
    requires: str, text: str, command: str, installed: str | None
) -> None:
    plan = await planned({"requirements.txt": requires, "m.py": text})
    assert plan.start is not None and display(plan.start) == command
    assert (plan.install[-1] == ("uv", "pip", "install", installed)) == (installed is not None)
    assert any(f"{installed} is installed to serve the app" in note for note in plan.notes) == (installed is not None)


async def test_evidence_names_the_requirement_and_the_line_of_the_object() -> None:
    plan = await planned({"requirements.txt": "# x\nFLASK >= 3 # web\n", "m.py": "\n" + FLASK + "a = Flask('x')\n"})
    assert cited(plan, "framework") == ("flask", "requirements.txt", 2)
    assert cited(plan, "start")[1:] == ("m.py", 3)
    assert cited(plan, "kind") == ("server", "m.py", 3)


@pytest.mark.parametrize(
    "text",
    [
        "print 'python 2'\nx = 1\n",
        "def f(:\n  pass\nx = 1\n",
        "\0x = 1\nx = 1\n",
        "if True:\n    (\nx = 1\n",
    ],
)
def test_what_this_python_cannot_parse_is_left_out(text: str) -> None:
    assert any(getattr(node, "targets", None) for node in parse(text).body)


@pytest.mark.parametrize("text", ["", "(" * 500, "\\", "'''", "\t\n x", "lambda" * 999, "x" + "(" * 90 + "\n" * 40])
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parse(text)


async def test_a_module_that_names_its_files_from_above_is_started_above() -> None:
    text = "from fastapi import FastAPI\nfrom fastapi.staticfiles import StaticFiles\nimport db\napp = FastAPI()\n"
    files = {**REQUIRES, "web/db.py": "", "web/static/a.css": ""}
    inside = await planned({**files, "web/main.py": text + "StaticFiles(directory='static')\n"})
    above = await planned({**files, "web/main.py": text + "StaticFiles(directory='web/static')\n"})
    assert inside.start is not None and display(inside.start).startswith("cd web && exec uvicorn main:app ")
    assert above.start is not None and display(above.start).startswith("uvicorn main:app ")
    assert above.run_env["PYTHONPATH"] == "/app/web"
