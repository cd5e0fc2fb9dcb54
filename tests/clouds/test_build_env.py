import pytest

from devgem.clouds.local.build_env import build_env, for_command, only_wheels, run_env, trusted_env, without_building
from devgem.clouds.local.programs import Tool
from devgem.clouds.local.toolchains import Toolset
from devgem.domain.plan import Argv, BuildPlan, Kind, Stack

PYTHON = BuildPlan(
    Stack("python", kind=Kind.SERVER, runtime="python"),
    dir="web",
    deps=("/deps/venv",),
    build_env={"UV_COMPILE_BYTECODE": "1", "A": "plan"},
    run_env={"PYTHONUNBUFFERED": "1"},
)
TOOLS = Toolset((Tool("node", ("/opt/node/bin",)),), {"UV_PYTHON": "/usr/bin/python3.11"})
CREATE = ("uv", "venv", "/deps/venv")


def test_the_environment_and_local_programs_come_first_on_path() -> None:
    path = run_env(PYTHON, TOOLS)["PATH"].split(":")
    assert path[:4] == ["/deps/venv/bin", "/app/web/node_modules/.bin", "/app/node_modules/.bin", "/opt/node/bin"]
    assert path[-2:] == ["/usr/bin", "/bin"] and run_env(PYTHON, TOOLS)["VIRTUAL_ENV"] == "/deps/venv"


def test_what_the_user_sets_for_builds_wins_and_does_not_reach_what_runs() -> None:
    env = build_env(PYTHON, {"A": "user", "TOKEN": "t"}, TOOLS)
    assert (env["A"], env["TOKEN"], env["HOME"]) == ("user", "t", "/tmp")
    assert "TOKEN" not in run_env(PYTHON, TOOLS) and "A" not in run_env(PYTHON, TOOLS)


@pytest.mark.parametrize(
    ("command", "python"),
    [
        (CREATE, "/usr/bin/python3.11"),
        (("uv", "sync", "--locked"), "/usr/bin/python3.11"),
        (("uv", "pip", "install", "-r", "x"), "/deps/venv/bin/python"),
        (("sh", "-c", "uv pip install x"), "/deps/venv/bin/python"),
    ],
)
def test_uv_installs_into_the_environment_and_makes_it_of_the_python_chosen(command: Argv, python: str) -> None:
    assert for_command({"UV_PYTHON": "/usr/bin/python3.11"}, command)["UV_PYTHON"] == python


def test_pnpm_alone_is_told_where_its_store_is() -> None:
    assert "npm_config_store_dir" in for_command({}, ("npx", "--yes", "pnpm@9.15.9", "install"))
    assert "npm_config_store_dir" not in for_command({}, ("npm", "ci"))


def test_uv_alone_may_use_the_cache_of_all_and_then_builds_nothing() -> None:
    install = [CREATE, ("uv", "pip", "install", "-r", "requirements.txt")]
    assert only_wheels(install) == tuple(install) and only_wheels([CREATE]) == (CREATE,)
    assert without_building(CREATE) == CREATE
    assert without_building(install[1])[:5] == ("uv", "pip", "install", "--no-build", "--no-compile-bytecode")
    sync = ("uv", "sync", "--locked", "--no-dev", "--no-install-project")
    assert only_wheels([sync]) == (sync,)
    assert without_building(sync)[:4] == ("uv", "sync", "--no-build", "--no-compile-bytecode")


def test_several_installations_become_one() -> None:
    found = only_wheels([CREATE, ("uv", "pip", "install", "-r", "a.txt"), ("uv", "pip", "install", "gunicorn==23.0.0")])
    assert found == (CREATE, ("uv", "pip", "install", "-r", "a.txt", "gunicorn==23.0.0"))


@pytest.mark.parametrize(
    "install",
    [
        [CREATE, ("uv", "tool", "run", "poetry", "install")],
        [CREATE, ("sh", "-c", "uv pip install x")],
        [("uv", "sync", "--locked"), ("uv", "pip", "install", "gunicorn")],
        [("uv", "sync", "--locked"), ("uv", "sync", "--locked")],
        [CREATE, ("uv", "pip", "install", "--python", "./evil", "x")],
        [CREATE, ("uv", "pip", "install", "--cache-dir=/x", "x")],
        [("npm", "ci")],
        [],
    ],
)
def test_whatever_could_run_a_strangers_code_gets_a_cache_of_its_own(install: list[Argv]) -> None:
    assert only_wheels(install) is None


def test_the_trusted_environment_loads_no_code_of_the_repositorys() -> None:
    given = {
        "LD_PRELOAD": "/app/x.so",
        "PYTHONPATH": "/app",
        "UV_CACHE_DIR": "/app/c",
        "UV_KEYRING_PROVIDER": "subprocess",
    }
    given |= {"UV_INDEX_URL": "https://pypi.example", "GIT_SSH_COMMAND": "/app/x", "PIP_TOKEN": "t"}
    env = trusted_env(build_env(PYTHON, given, TOOLS))
    assert not {"LD_PRELOAD", "PYTHONPATH", "GIT_SSH_COMMAND", "UV_COMPILE_BYTECODE"} & set(env)
    assert (env["UV_CACHE_DIR"], env["UV_KEYRING_PROVIDER"]) == ("/cache/uv", "disabled")
    assert (env["UV_INDEX_URL"], env["PIP_TOKEN"]) == ("https://pypi.example", "t")
    assert "/deps" not in env["PATH"] and "/app" not in env["PATH"]
