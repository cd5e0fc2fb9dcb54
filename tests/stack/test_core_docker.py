import pytest

from devgem.domain.plan import Kind
from devgem.stack.docker import instructions, summarize
from tests.stack.trees import cited, planned, refused


def test_continuations_comments_and_here_documents_are_understood() -> None:
    text = "# c\nRUN a \\\n  # between\n  b\nCOPY <<EOF /x\nEXPOSE 1\nEOF\nEXPOSE 80\n"
    found = list(instructions(text))
    assert [(i.name, i.line) for i in found] == [("RUN", 2), ("COPY", 5), ("EXPOSE", 8)]
    assert found[0].text.split() == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("FROM a\nEXPOSE 3000\n", 3000),
        ("FROM a\nEXPOSE 53/udp 8000/tcp\n", 8000),
        ("FROM a\nEXPOSE 22 3000\n", 3000),
        ("FROM a\nEXPOSE 9090\nEXPOSE 8080\n", 8080),
        ("FROM a\nENV PORT=7000\nEXPOSE $PORT\n", 7000),
        ("FROM a\nARG P 7001\nEXPOSE ${P}\n", 7001),
        ("FROM a\nEXPOSE ${PORT:-7002}\n", 7002),
        ("FROM a AS x\nEXPOSE 1\nFROM b\nCMD y\n", None),
        ("FROM a AS base\nEXPOSE 5\nFROM Base AS mid\nFROM mid\n", 5),
        ("FROM docker.io/library/nginx:1\n", 80),
        ("FROM php:8.3-apache\n", 80),
        ("FROM php:8.3-cli\n", None),
        ("FROM a\nEXPOSE many\n", None),
        ("EXPOSE 1\n", None),
        ("", None),
    ],
)
def test_the_port_is_the_one_that_the_last_stage_exposes(text: str, port: int | None) -> None:
    assert summarize("Dockerfile", text).port == port


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('FROM a\nENTRYPOINT ["tini", "--"]\nCMD ["./x", "a b"]\n', "tini -- ./x a b"),
        ("FROM a\nCMD npm start\nCMD node x.js\n", "node x.js"),
        ("FROM a\nCMD [broken\n", "[broken"),
        ("FROM a\n", None),
    ],
)
def test_the_start_is_the_last_one_that_is_said(text: str, start: str | None) -> None:
    assert summarize("Dockerfile", text).start == start


def test_a_dockerfile_that_starts_on_port_is_a_server_without_expose() -> None:
    assert summarize("Dockerfile", "FROM a\nCMD serve --port $PORT\n").is_server


async def test_both_plans_are_kept_when_the_stack_is_recognised_too() -> None:
    plan = await planned(
        {
            "Dockerfile": "FROM python\nEXPOSE 5000\n",
            "requirements.txt": "flask\n",
            "a.py": "from flask import Flask\napp = Flask('a')\n",
        }
    )
    assert (plan.stack.language, plan.dockerfile, plan.port) == ("python", "Dockerfile", 5000)
    assert plan.start is not None and plan.install
    assert cited(plan, "dockerfile") == ("Dockerfile", "Dockerfile", 1)


async def test_a_dockerfile_alone_has_no_plan_for_processes() -> None:
    plan = await planned(
        {"api/Dockerfile": "FROM x\nCMD y\nEXPOSE 1234\n", "api/requirements.txt": "requests\n"}, "api"
    )
    assert (plan.stack.language, plan.stack.runtime, plan.dockerfile) == ("docker", "docker", "api/Dockerfile")
    assert plan.install == () and plan.start is None and plan.static is None


async def test_the_dockerfile_of_a_command_line_program_does_not_make_it_a_server() -> None:
    tool = {
        "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nx = "x:y"\n[build-system]\n',
        "x/__init__.py": "",
    }
    plan = await planned({**tool, "Dockerfile": "FROM a\nENTRYPOINT x\n"})
    assert (plan.stack.kind, plan.stack.confidence) == (Kind.WORKER, "low")


async def test_a_dockerfile_in_a_folder_that_packages_a_library_is_not_the_app() -> None:
    library = {"pyproject.toml": '[project]\nname = "x"\n[build-system]\n', "x/__init__.py": ""}
    assert "library" in (await refused({**library, "docker/Dockerfile": "FROM a\nRUN b\n"})).reason


async def test_devgem_toml_may_name_a_dockerfile_or_switch_it_off() -> None:
    files = {"Dockerfile": "FROM a\nEXPOSE 1\n", "deploy/b.Dockerfile": "FROM b\nEXPOSE 2\n", "index.html": ""}
    assert (await planned(files)).dockerfile == "Dockerfile"
    named = await planned({**files, "devgem.toml": 'dockerfile = "deploy/b.Dockerfile"\n'})
    assert (named.dockerfile, named.port) == ("deploy/b.Dockerfile", 2)
    off = await planned({**files, "devgem.toml": "dockerfile = false\n"})
    assert off.dockerfile is None


async def test_a_folder_called_docker_that_is_an_app_of_its_own_is_not_the_dockerfile() -> None:
    plan = await planned({"index.html": "", "docker/Dockerfile": "FROM a\n", "docker/package.json": "{}"})
    assert plan.dockerfile is None
