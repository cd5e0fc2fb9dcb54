"""Package managers, requirement files, versions, system packages and config vars of Python."""

import pytest

from devgem.domain.plan import display
from devgem.stack.python.locks import locked_names
from tests.stack.trees import cited, planned

APP = {"app.py": "from flask import Flask\napp = Flask('x')\n"}
PYPROJECT = """[project]
name = "x"
version = "1"
description = "a flask app"
dependencies = [
  "Flask>=3",
  "gunicorn",
]
"""


@pytest.mark.parametrize(
    ("files", "manager", "commands"),
    [
        ({"requirements.txt": "flask\n"}, "pip", ["uv venv /deps/venv", "uv pip install -r requirements.txt"]),
        ({"pyproject.toml": PYPROJECT}, "pip", ["uv venv /deps/venv", "uv pip install -r pyproject.toml"]),
        ({"pyproject.toml": PYPROJECT, "uv.lock": ""}, "uv", ["uv sync --locked --no-dev --no-install-project"]),
        ({"pyproject.toml": PYPROJECT, "uv.lock": "", "requirements.txt": "x\n"}, "uv",
         ["uv sync --locked --no-dev --no-install-project"]),
        ({"setup.py": "setup(install_requires=['flask'])\n  'flask',\n"}, "pip",
         ["uv venv /deps/venv", "uv pip install ."]),
    ],
)  # fmt: skip
async def test_what_is_installed_follows_the_files_that_are_there(
    files: dict[str, str], manager: str, commands: list[str]
) -> None:
    plan = await planned({**APP, **files})
    assert plan.stack.package_manager == manager
    assert [display(command) for command in plan.install][: len(commands)] == commands
    assert plan.deps == ("/deps/venv",)


@pytest.mark.parametrize(("lock", "tool"), [("poetry.lock", "poetry"), ("pdm.lock", "pdm"), ("Pipfile.lock", "pipenv")])
async def test_a_lock_is_read_by_the_tool_that_wrote_it(lock: str, tool: str) -> None:
    manifest = {"Pipfile": "[packages]\nflask = '*'\n"} if tool == "pipenv" else {"pyproject.toml": PYPROJECT}
    plan = await planned({**APP, **manifest, lock: "{}"})
    assert plan.stack.package_manager == tool
    assert any(tool in word for command in plan.install for word in command)
    assert cited(plan, "package_manager") == (tool, lock, 1)
    assert set(plan.install_inputs) == {lock, *manifest}


async def test_of_two_locks_the_first_by_rule_is_used_and_it_is_said() -> None:
    plan = await planned({**APP, "pyproject.toml": PYPROJECT, "pdm.lock": "", "poetry.lock": ""})
    assert (plan.stack.package_manager, plan.stack.confidence) == ("poetry", "low")
    assert any("pdm.lock too: poetry.lock is used" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("files", "manager"),
    [
        ({"pyproject.toml": "[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]\nflask = '3'\n"}, "poetry"),
        ({"Pipfile": "[packages]\nflask = '*'\n"}, "pipenv"),
    ],
)
async def test_a_missing_lock_is_said(files: dict[str, str], manager: str) -> None:
    plan = await planned({**APP, **files})
    assert plan.stack.package_manager == manager
    assert any(f"Run `{manager} lock`" in note for note in plan.notes)


async def test_included_files_constraints_and_local_packages_are_inputs() -> None:
    plan = await planned(
        {
            **APP,
            "requirements.txt": "-r requirements/web.txt\n-c limits.txt\n-e ./libs/words\n",
            "requirements/web.txt": "--requirement more.txt\nFlask[async]==3 ; python_version > '3' \\\n  --hash=a:1\n",
            "requirements/more.txt": "-r ../requirements.txt\n",
            "limits.txt": "click==8\n",
            "libs/words/pyproject.toml": "[project]\nname = 'words'\n",
            "libs/words/words.py": "",
            "libs/words/tests/t.py": "",
        }
    )
    assert set(plan.install_inputs) == {
        "requirements.txt",
        "requirements/web.txt",
        "requirements/more.txt",
        "limits.txt",
        "libs/words/pyproject.toml",
        "libs/words/words.py",
    }
    assert cited(plan, "framework") == ("flask", "requirements/web.txt", 2)


async def test_a_requirements_file_above_the_app_is_an_input_too() -> None:
    tree = {
        "api/app.py": APP["app.py"],
        "api/requirements.txt": "-r ../base.txt\n",
        "base.txt": "flask\n",
        "other/x": "",
    }
    plan = await planned(tree, "api")
    assert plan.install_inputs == ("api/requirements.txt", "base.txt")
    assert cited(plan, "framework") == ("flask", "base.txt", 1)


async def test_the_port_in_gunicorns_configuration_is_the_port() -> None:
    tree = {**APP, "requirements.txt": "gunicorn\nflask\n", "conf.py": "import x\nbind = '0.0.0.0:8001'\n"}
    plan = await planned({**tree, "Procfile": "web: gunicorn --config conf.py app:app\n"})
    assert plan.port == 8001
    assert cited(plan, "port") == ("8001", "conf.py", 2)
    free = await planned({**tree, "Procfile": "web: gunicorn --config conf.py --bind :$PORT app:app\n"})
    assert free.port == 8080


async def test_an_old_gunicorn_gets_a_setuptools_that_it_can_import() -> None:
    old = await planned({**APP, "requirements.txt": "flask\ngunicorn == 20.1.0\n"})
    assert old.install[-1] == ("uv", "pip", "install", "setuptools<82")
    new = await planned({**APP, "requirements.txt": "flask\ngunicorn==23.0.0\n"})
    assert "setuptools<82" not in new.install[-1]


async def test_packages_from_git_need_git() -> None:
    plan = await planned({**APP, "requirements.txt": "flask\ngit+https://example.com/x.git#egg=psycopg2\n"})
    assert "git" in plan.requires_build and "libpq-dev" in plan.requires_build
    assert plan.requires_run == ("libpq5",)


async def test_the_line_of_a_dependency_is_not_that_of_a_word_in_the_description() -> None:
    plan = await planned({**APP, "pyproject.toml": PYPROJECT})
    assert cited(plan, "framework") == ("flask", "pyproject.toml", 6)


async def test_binary_wheels_need_no_system_packages() -> None:
    plan = await planned({**APP, "requirements.txt": "flask\npsycopg[binary]\npsycopg2-binary\n"})
    assert plan.requires_build == plan.requires_run == ()


async def test_folders_with_manifests_of_their_own_are_not_the_app() -> None:
    plan = await planned(
        {**APP, "requirements.txt": "flask\n", "worker/requirements.txt": "", "worker/app.py": APP["app.py"]}
    )
    assert plan.stack.confidence == "high"


@pytest.mark.parametrize(
    ("files", "version", "where"),
    [
        ({".python-version": "3.11.4\n"}, "3.11.4", (".python-version", 1)),
        ({"runtime.txt": "python-3.13.1\n"}, "3.13.1", ("runtime.txt", 1)),
        ({".tool-versions": "nodejs 22\npython 3.10.9\n"}, "3.10.9", (".tool-versions", 2)),
        ({"Pipfile": "[requires]\npython_version = '3.11'\n"}, "3.11", ("Pipfile", 2)),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.10,<3.12'\n"}, "3.11", ("pyproject.toml", 2)),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '~3.10'\n"}, "3.10", ("pyproject.toml", 2)),
        ({"setup.py": "setup(\n  python_requires='>=3.13',\n)\n"}, "3.13", ("setup.py", 2)),
        ({"setup.py": "\nx = {'python_requires': '>=3.13'}\n"}, "3.13", ("setup.py", 2)),
        ({"setup.cfg": "[options]\npython_requires = >=3.10,<3.12\n"}, "3.11", ("setup.cfg", 2)),
        ({"runtime.txt": "python-3.6.5\n"}, "3.8", ("runtime.txt", 1)),
        ({"pyproject.toml": "[project]\nrequires-python = '>=5'\n"}, "3.12", ("pyproject.toml", 2)),
    ],
)
async def test_the_version_is_read_where_it_is_stated(
    files: dict[str, str], version: str, where: tuple[str, int]
) -> None:
    plan = await planned({**APP, "requirements.txt": "flask\n", **files})
    assert plan.stack.version == version
    assert cited(plan, "version") == (version, *where)


async def test_without_a_statement_the_default_version_is_no_guess() -> None:
    plan = await planned({**APP, "requirements.txt": "flask\n"})
    assert (plan.stack.version, plan.stack.confidence) == ("3.12", "high")
    assert not any(e.claim == "version" for e in plan.stack.evidence)


CONFIG = """
import os
from os import environ, getenv as g
from decouple import config
import environ as django_environ
from starlette.config import Config

A = os.environ["NEEDED"]
B = environ["ALSO"]
C = os.environ.get("OPTIONAL"), g("BY_ALIAS"), os.environ["PORT"]
D = os.environ["GUARDED"] if A else None
try:
    E = os.environ["TRIED"]
except KeyError:
    E = None
def later():
    return os.environ["LATER"]
F = config("DECOUPLED"), config("DEFAULTED", default=1), config("CAST", cast=int)
env = django_environ.Env()
G = env("ENVIRON"), env.bool("FLAG", False)
star = Config()
H = star("STAR")
"""


async def test_config_vars_are_required_when_the_import_ends_without_them() -> None:
    plan = await planned({**APP, "requirements.txt": "flask\n", "conf.py": CONFIG})
    assert plan.env_required == ("ALSO", "CAST", "DECOUPLED", "ENVIRON", "NEEDED", "STAR")
    others = {"OPTIONAL", "BY_ALIAS", "GUARDED", "TRIED", "LATER", "DEFAULTED", "FLAG"}
    assert set(plan.env_names) == {*plan.env_required, *others}


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("if not os.getenv('X'):\n    raise ValueError\n", True),
        ("x = os.environ.get('X')\nif x is None:\n    sys.exit('X')\n", True),
        ("x = os.environ.get('X')\nif x == '':\n    exit(1)\n", True),
        ("if 'X' not in os.environ:\n    raise SystemExit\n", True),
        ("x = os.environ.get('X', 'default')\nif not x:\n    raise ValueError\n", False),
        ("if os.getenv('X'):\n    raise ValueError\n", False),
        ("if not os.getenv('X'):\n    print('none')\n", False),
        ("if DEBUG:\n    if not os.getenv('X'):\n        raise ValueError\n", False),
    ],
)
async def test_a_check_that_ends_the_import_makes_a_variable_required(text: str, required: bool) -> None:
    plan = await planned({**APP, "requirements.txt": "flask\n", "conf.py": "import os, sys\n" + text})
    assert plan.env_names == ("X",)
    assert plan.env_required == (("X",) if required else ())


UV_LOCK = """
version = 1
[[package]]
name = "x"
version = "0"
source = { virtual = "." }
dependencies = [
    { name = "fastapi", extra = ["standard"] },
    { name = "flask" },
]

[package.dev-dependencies]
dev = [
    { name = "gunicorn" },
]

[[package]]
name = "fastapi"
version = "1"
dependencies = [
    { name = "starlette" },
]

[package.optional-dependencies]
all = [
    { name = "hypercorn" },
]
standard = [
    { name = "uvicorn", extra = ["standard"], marker = "x" },
]

[[package]]
name = "gunicorn"
version = "1"
"""


@pytest.mark.parametrize(
    ("manager", "text", "names"),
    [
        ("uv", UV_LOCK, {"x", "fastapi", "starlette", "uvicorn", "flask"}),
        ("poetry", '[[package]]\nname = "a"\ngroups = ["main"]\n[[package]]\nname = "b"\ngroups = ["dev"]\n', {"a"}),
        ("poetry", '[[package]]\nname = "a"\ncategory = "main"\n[[package]]\nname = "b"\ncategory = "dev"\n', {"a"}),
        ("pdm", '[[package]]\nname = "a"\ngroups = ["default", "x"]\n[[package]]\nname = "b"\ngroups = ["x"]\n', {"a"}),
        ("pipenv", '{"default": {"a": {}}, "develop": {"b": {}}}', {"a"}),
        ("pipenv", "[", set()),
        ("uv", "garbage", set()),
    ],
)
def test_what_a_lock_installs_only_for_development_is_not_there(manager: str, text: str, names: set[str]) -> None:
    assert locked_names(manager, text) == names


async def test_fields_of_settings_classes_are_config_vars() -> None:
    text = (
        "from pydantic_settings import BaseSettings\n"
        "class Base(BaseSettings):\n    class Config:\n        env_prefix = 'app_'\n    token: str\n    size: int = 1\n"
        "class Mine(Base):\n    more: str\n    model_config = {}\n"
        "class Other:\n    not_one: str\n"
    )
    plan = await planned({**APP, "requirements.txt": "flask\n", "conf.py": text})
    assert plan.env_names == ("APP_SIZE", "APP_TOKEN", "MORE")
    assert plan.env_required == ("APP_TOKEN", "MORE")
