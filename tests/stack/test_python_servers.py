"""Programs that listen by themselves, programs that do not, and what is neither."""

import pytest

from devgem.domain.plan import Kind, display
from tests.stack.trees import cited, planned, refused


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("from http.server import HTTPServer\nHTTPServer(('', 8123), X).serve_forever()\n", 8123),
        ("import http.server as h\nADDRESS = ('', 8124)\nh.ThreadingHTTPServer(ADDRESS, X).serve_forever()\n", 8124),
        (
            "import socketserver\nPORT = 8125\nwith socketserver.TCPServer(('', PORT), X) as s:\n    s.x()\n",
            8125,
        ),
        (
            "import os\nfrom http.server import HTTPServer\nHTTPServer(('', int(os.environ.get('PORT', 8126))), X)\n",
            8126,
        ),
        (
            "import os\nfrom http.server import HTTPServer\np = os.getenv('PORT') or 8127\nHTTPServer(('', p), X)\n",
            8127,
        ),
        ("import os\nfrom http.server import HTTPServer\nHTTPServer(('', int(os.environ['PORT'])), X)\n", 8080),
        ("from wsgiref.simple_server import make_server\nmake_server('', 8128, x).serve_forever()\n", 8128),
        ("from http.server import HTTPServer\nHTTPServer(address(), X)\n", 8000),
    ],
)
async def test_the_port_is_the_one_in_the_code(text: str, port: int) -> None:
    plan = await planned({"serve.py": text})
    assert (plan.stack.kind, plan.port, plan.start) == (Kind.SERVER, port, ("python", "serve.py"))
    assert plan.install == () and plan.deps == ()


@pytest.mark.parametrize(
    ("requirement", "text", "start", "port"),
    [
        ("aiohttp", "from aiohttp import web\nif __name__ == '__main__':\n    web.run_app(x)\n", "python m.py", 8080),
        ("bottle", "import bottle\nbottle.run(port=8090)\n", "python m.py", 8090),
        ("nicegui", "from nicegui import ui\nui.run(port=8091)\n", "python m.py", 8091),
        ("gradio", "import gradio as gr\ngr.Interface(f, 'text', 'text').launch(server_port=7999)\n",
         "GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=${PORT:-8080} exec python m.py", 7999),
        ("gradio", "import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.launch(share=True)\n",
         "GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=${PORT:-8080} exec python m.py", 8080),
        ("dash", "import dash\napp = dash.Dash()\nif __name__ == '__main__':\n    app.run(debug=True)\n",
         "HOST=0.0.0.0 exec python m.py", 8080),
        ("uvicorn", "import uvicorn\nuvicorn.run(make(), host='0.0.0.0', port=8092)\n", "python m.py", 8092),
        ("waitress", "from waitress import serve\nserve(make(), port=8093)\n", "python m.py", 8093),
    ],
)  # fmt: skip
async def test_a_program_with_its_own_server_is_run_as_its_author_does(
    requirement: str, text: str, start: str, port: int
) -> None:
    plan = await planned({"requirements.txt": requirement, "m.py": text})
    assert plan.start is not None
    assert (display(plan.start), plan.port, plan.stack.kind) == (start, port, Kind.SERVER)


async def test_a_function_that_serves_is_run_through_the_script_that_calls_it() -> None:
    plan = await planned(
        {
            "requirements.txt": "aiohttp\n",
            "core/http.py": "from aiohttp import web\ndef serve():\n    web.run_app(x, port=8094)\n",
            "core/__init__.py": "",
            "main.py": "from core.http import serve\nif __name__ == '__main__':\n    serve()\n",
        }
    )
    assert (plan.start, plan.port) == (("python", "main.py"), 8094)
    assert cited(plan, "port") == ("8094", "core/http.py", 3)


async def test_loopback_is_said() -> None:
    plan = await planned({"m.py": "from http.server import HTTPServer\nHTTPServer(('127.0.0.1', 8000), X)\n"})
    assert any("m.py:2 listens on 127.0.0.1 only" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("import discord\ndiscord.Client().run('x')\n", "high"),
        ("import time\nwhile True:\n    time.sleep(1)\n", "high"),
        ("print('once')\n", "low"),
    ],
)
async def test_a_program_without_a_server_is_a_worker(text: str, confidence: str) -> None:
    plan = await planned({"requirements.txt": "discord.py\n", "bot.py": text})
    assert (plan.stack.kind, plan.start, plan.stack.confidence) == (Kind.WORKER, ("python", "bot.py"), confidence)


LIBRARY = {
    "pyproject.toml": '[project]\nname = "lib"\nclassifiers = ["x"]\n[build-system]\nrequires = []\n',
    "lib/__init__.py": "",
}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"lib/cli.py": "def main():\n    pass\nif __name__ == '__main__':\n    main()\n"},
        {"lib/__main__.py": "import lib\nlib.x()\n"},
        {"lib/dev.py": "from http.server import HTTPServer\ndef serve():\n    HTTPServer(('', 80), X)\n"},
        {"tests/app.py": "from flask import Flask\napp = Flask('x')\n"},
        {"docs/conf.py": "import os\nprint(os)\n"},
        {"setup.py": "from setuptools import setup\nsetup()\n"},
        {"noxfile.py": "import nox\nnox.run()\n"},
    ],
)
async def test_a_library_or_command_line_program_is_never_called_an_app(files: dict[str, str]) -> None:
    answer = await refused({**LIBRARY, **files})
    assert "This is a Python library" in answer.reason
    assert "Procfile" in answer.fix


async def test_a_command_line_program_is_called_one() -> None:
    answer = await refused({"pyproject.toml": LIBRARY["pyproject.toml"] + '[project.scripts]\ntidy = "lib:main"\n'})
    assert "This is a command-line program (tidy)" in answer.reason


async def test_the_app_inside_of_a_published_package_is_a_guess() -> None:
    plan = await planned(
        {**LIBRARY, "requirements.txt": "flask\n", "lib/web.py": "import flask\napp = flask.Flask('x')\n"}
    )
    assert plan.stack.confidence == "low"
    assert any("published as a package" in note for note in plan.notes)


async def test_code_without_a_list_of_packages_is_not_started() -> None:
    answer = await refused(
        {"app.py": "import flask, requests\nimport helper\napp = flask.Flask('x')\n", "helper.py": ""}
    )
    assert answer.reason == "The code imports flask, requests, but no file names the packages to install."


async def test_streamlits_first_page_is_the_one_that_configures_it() -> None:
    page = "import streamlit as st\nst.write(1)\n"
    plan = await planned(
        {
            "requirements.txt": "streamlit\n",
            "zebra.py": "import streamlit as st\nst.set_page_config()\n",
            "aside.py": page,
            "pages/one.py": page,
            "lib/widgets.py": page,
        }
    )
    assert plan.start is not None and display(plan.start).startswith("streamlit run zebra.py ")
    assert plan.health_path == "/_stcore/health" and plan.stack.confidence == "high"


async def test_an_api_beside_a_streamlit_page_is_a_guess() -> None:
    plan = await planned(
        {
            "requirements.txt": "streamlit\nfastapi\n",
            "api.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "page.py": "import streamlit\n",
        }
    )
    assert (plan.stack.framework, plan.stack.confidence) == ("fastapi", "low")
    assert any("page.py (streamlit)" in note for note in plan.notes)
