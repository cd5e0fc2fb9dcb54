"""Procfile, app.json and devgem.toml over what is detected."""

import json
from importlib.resources import files as resources

import pytest

from devgem.domain.plan import Kind
from devgem.stack.overrides import json_schema
from devgem.stack.procfile import shell_start
from tests.stack.trees import cited, planned, refused

FLASK = {"requirements.txt": "flask\ngunicorn\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("gunicorn app:app", "exec gunicorn app:app"),
        ("PORT=1 gunicorn app:app", "exec env PORT=1 gunicorn app:app"),
        ("flask db upgrade; gunicorn app:app", "flask db upgrade; gunicorn app:app"),
        ("cd web && npm start", "cd web && npm start"),
        ("cd web", "cd web"),
    ],
)
def test_a_simple_command_takes_the_place_of_its_shell(text: str, command: str) -> None:
    assert shell_start(text) == ("sh", "-c", command)


async def test_the_web_process_is_the_start_and_release_runs_before_it() -> None:
    plan = await planned(
        {**FLASK, "Procfile": "release: flask db upgrade\nweb: gunicorn app:app\nclock: python c.py\n"}
    )
    assert plan.start == ("sh", "-c", "exec gunicorn app:app")
    assert plan.release == (("sh", "-c", "flask db upgrade"),)
    assert cited(plan, "start") == ("gunicorn app:app", "Procfile", 2)
    assert any("'clock' is not started" in note for note in plan.notes)


async def test_a_procfile_with_workers_alone_makes_a_worker() -> None:
    plan = await planned({**FLASK, "Procfile": "worker: python jobs.py\n"})
    assert plan.stack.kind is Kind.WORKER


async def test_a_procfile_says_how_to_start_what_has_no_start_of_its_own() -> None:
    library = {"pyproject.toml": '[project]\nname = "x"\n[build-system]\nrequires = []\n', "x/__init__.py": ""}
    await refused(library)
    plan = await planned({**library, "Procfile": "web: python -m x $PORT\n"})
    assert (plan.stack.kind, plan.stack.confidence) == (Kind.SERVER, "high")


async def test_a_procfile_is_not_used_for_plain_pages() -> None:
    plan = await planned({"index.html": "", "Procfile": "web: python -m http.server\n"})
    assert plan.static is not None and plan.start is None
    assert plan.notes == ("Procfile:1 is not used: DevGem serves the files itself.",)


async def test_the_herokus_app_json_is_read() -> None:
    said = {
        "env": {"PLAIN": "value", "OPTIONAL": {"required": False}, "KEY": {"generator": "secret"}, "TOKEN": {}},
        "scripts": {"postdeploy": "rm -rf /"},
        "addons": ["heroku-postgresql"],
    }
    plan = await planned({**FLASK, "app.json": json.dumps(said)})
    assert plan.run_env["PLAIN"] == "value"
    assert plan.env_names == ("KEY", "OPTIONAL", "PLAIN", "TOKEN")
    assert plan.env_required == ("KEY", "TOKEN")
    assert any("'postdeploy': rm -rf /. It is shown, never run." in note for note in plan.notes)
    assert any("asks for heroku-postgresql" in note for note in plan.notes)


@pytest.mark.parametrize("said", [[], 1, {"env": []}, {"options": {"port": "x"}}, {"hooks": 3}, {"addons": "sentry"}])
async def test_an_app_json_of_any_shape_does_no_harm(said: object) -> None:
    await planned({**FLASK, "app.json": json.dumps(said)})


async def test_devgem_toml_goes_before_everything_and_is_cited() -> None:
    toml = """
kind = "worker"
start = "python jobs.py"
version = "3.11"
build = ["make a", "make b"]
port = 9000
requires_run = ["ffmpeg"]
env_required = ["TOKEN"]

[run_env]
A = "1"
"""
    plan = await planned({**FLASK, "Procfile": "web: gunicorn app:app\n", "devgem.toml": toml})
    assert (plan.stack.kind, plan.stack.version, plan.port) == (Kind.WORKER, "3.11", 9000)
    assert plan.build == (("sh", "-c", "make a"), ("sh", "-c", "make b"))
    assert plan.requires_run == ("ffmpeg",)
    assert plan.env_required == ("TOKEN",) and "TOKEN" in plan.env_names
    assert plan.run_env["A"] == "1"
    assert cited(plan, "start") == ("python jobs.py", "devgem.toml", 3)
    assert cited(plan, "kind") == ("worker", "devgem.toml", 2)


async def test_an_install_without_inputs_may_read_every_file() -> None:
    plan = await planned({**FLASK, "devgem.toml": 'install = "make deps"\n'})
    assert plan.install == (("sh", "-c", "make deps"),)
    assert plan.install_inputs == ("app.py", "devgem.toml", "requirements.txt")


async def test_a_static_table_makes_a_site_of_any_repository() -> None:
    toml = '[static]\nroot = "out"\nfallback = "index.html"\n'
    plan = await planned({**FLASK, "devgem.toml": toml})
    assert plan.static is not None and (plan.static.root, plan.static.fallback) == ("out", "index.html")
    assert plan.stack.kind is Kind.STATIC and plan.start is None


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('prot = 80\n', "devgem.toml:1: there is no key 'prot'"),
        ('port = 80\n\n[static]\nroots = "x"\n', "devgem.toml:4: there is no key 'static.roots'"),
        ("port = 0\n", "devgem.toml:1: 'port' is wrong"),
        ('port = "80"\n', "devgem.toml:1: 'port' is wrong"),
        ('kind = "web"\n', "devgem.toml:1: 'kind' is wrong"),
        ('# x\nstart = ""\n', "devgem.toml:2: 'start' is wrong"),
        ('dir = "../up"\n', "devgem.toml:1: 'dir' is wrong"),
        ('dockerfile = "/etc/passwd"\n', "devgem.toml:1: 'dockerfile' is wrong"),
        ("[run_env]\nA = 1\n", "devgem.toml:2: 'run_env.A' is wrong"),
        ("start = \n", "devgem.toml:1: this is not TOML"),
    ],
)  # fmt: skip
async def test_a_wrong_devgem_toml_is_refused_with_key_and_line(toml: str, reason: str) -> None:
    answer = await refused({**FLASK, "devgem.toml": toml})
    assert answer.reason.startswith(reason)
    assert answer.fix


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = resources("devgem.stack").joinpath("devgem.schema.json").read_text()
    assert json.loads(published) == json_schema()
