"""Choosing among answers, repositories of several apps, and input that nobody should have committed."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgem.domain.errors import SourceError
from devgem.domain.plan import BuildPlan, Kind, Stack, Unplannable
from devgem.stack import detect
from devgem.stack.detect import choose
from devgem.stack.provider import NoStart
from tests.stack.trees import MemoryTree, planned, refused

FLASK = {"requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in files.items()}


def a_plan(kind: Kind, confidence: str = "high", language: str = "x") -> BuildPlan:
    return BuildPlan(stack=Stack(language=language, kind=kind, confidence="low" if confidence == "low" else "high"))


def test_a_server_goes_before_a_site_and_a_site_before_a_worker() -> None:
    server, site, worker = a_plan(Kind.SERVER), a_plan(Kind.STATIC), a_plan(Kind.WORKER)
    no_start = NoStart(a_plan(Kind.UNKNOWN), "no start", "add one")
    assert choose([None, worker, site, server]) == server
    assert choose([no_start, worker, site]) == site
    assert choose([Unplannable("a", "b"), no_start]) == no_start
    assert choose([None, None]) is None


def test_what_is_sure_goes_before_a_guess_and_the_first_before_an_equal() -> None:
    guess, sure = a_plan(Kind.SERVER, "low", "a"), a_plan(Kind.SERVER, "high", "b")
    best = choose([guess, sure])
    assert isinstance(best, BuildPlan) and best.stack.language == "b"


def test_two_servers_in_one_folder_make_a_guess_that_says_so() -> None:
    best = choose([a_plan(Kind.SERVER, language="a"), a_plan(Kind.SERVER, language="b")])
    assert isinstance(best, BuildPlan)
    assert (best.stack.language, best.stack.confidence) == ("a", "low")
    assert "another server here: b" in best.notes[-1]


async def test_the_documentation_of_a_library_is_not_the_app() -> None:
    library = {"pyproject.toml": '[project]\nname = "x"\n[build-system]\nrequires = []\n', "x/__init__.py": ""}
    answer = await refused({**library, "docs/index.html": ""})
    assert "library" in answer.reason


async def test_a_site_that_is_stated_is_the_app_beside_whatever_code() -> None:
    library = {"pyproject.toml": '[project]\nname = "x"\n[build-system]\nrequires = []\n', "x/__init__.py": ""}
    plan = await planned({**library, "Staticfile": "root: docs\n", "docs/index.html": "", **below("examples/a", FLASK)})
    assert plan.static is not None and plan.static.root == "docs"


async def test_several_apps_are_listed_and_the_folder_chooses() -> None:
    tree = {**below("services/a", FLASK), **below("services/b", FLASK), "web/index.html": ""}
    answer = await refused(tree)
    assert [c.dir for c in answer.candidates] == ["web", "services/a", "services/b"]
    assert answer.candidates[1].summary == "flask server (python)"
    plan = await planned(tree, "services/b")
    assert plan.dir == "services/b"
    assert plan.install_inputs == ("services/b/requirements.txt",)


async def test_the_folder_is_taken_with_or_without_dots_and_slashes() -> None:
    assert (await planned(below("api", FLASK), "./api/")).dir == "api"


async def test_one_app_in_a_folder_is_it() -> None:
    plan = await planned({**below("backend", FLASK), "README.md": ""})
    assert (plan.dir, plan.stack.confidence) == ("backend", "high")
    assert plan.stack.evidence[0].claim == "dir"


async def test_one_app_below_a_root_that_says_something_else_is_a_guess() -> None:
    library = {"pyproject.toml": '[project]\nname = "x"\n[build-system]\nrequires = []\n'}
    plan = await planned({**library, **below("backend", FLASK)})
    assert (plan.dir, plan.stack.confidence) == ("backend", "low")


@pytest.mark.parametrize("folder", ["tests/app", "node_modules/x", "pkg/templates", "a/b/c/d", ".github/x"])
async def test_folders_that_are_no_apps_are_not_looked_into(folder: str) -> None:
    await refused({**below(folder, FLASK), "README.md": ""})


async def test_a_lone_page_deep_in_a_repository_is_not_the_app() -> None:
    await refused({"lib/sub/page/index.html": "", "main.zig": ""})


async def test_a_part_of_an_app_is_no_app_of_its_own() -> None:
    plan = await planned({**below("api", FLASK), "api/panel/index.html": "", "README.md": ""})
    assert plan.dir == "api"


async def test_devgem_toml_names_the_folder_once_for_all() -> None:
    tree = {**below("a", FLASK), **below("b", FLASK)}
    assert (await planned({**tree, "devgem.toml": 'dir = "b"\n'})).dir == "b"
    assert (await planned({**tree, "devgem.toml": 'dir = "b"\n'}, "a")).dir == "a"


@pytest.mark.parametrize(
    ("tree", "dir", "reason"),
    [
        ({}, ".", "The repository has no files."),
        ({"a/x": ""}, "b", "The folder 'b' of the repository has no files."),
        ({"a/x": ""}, "../a", "'../a' is not a folder inside the repository"),
        ({"README.md": ""}, ".", "Nothing here is of a kind that DevGem knows."),
    ],
)
async def test_what_cannot_be_planned_says_why_and_what_to_do(tree: dict[str, str], dir: str, reason: str) -> None:
    answer = await refused(tree, dir)
    assert answer.reason == reason
    assert answer.fix
    assert answer.to_json()["kind"] == "unknown"


async def test_a_broken_manifest_is_an_answer_and_not_an_exception() -> None:
    answer = await refused({"requirements.txt": "flask\n", "pyproject.toml": "[project\n"})
    assert answer.reason.startswith("pyproject.toml:1: this is not TOML")
    assert answer.language == "python"


async def test_a_source_that_goes_away_is_no_fault_of_the_repository() -> None:
    class Gone(MemoryTree):
        async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
            raise SourceError("gone")

    with pytest.raises(SourceError):
        await detect(Gone({"requirements.txt": ""}))


MANIFESTS: Sequence[str] = """
requirements.txt pyproject.toml uv.lock poetry.lock Pipfile setup.py app.py manage.py .python-version index.html
Staticfile static.json firebase.json vercel.json netlify.toml _redirects Dockerfile Procfile app.json devgem.toml
sub/app.py sub/requirements.txt package.json go.mod Gemfile composer.json pom.xml Cargo.toml mix.exs deno.json
""".split()  # noqa: SIM905
SCRAPS: Sequence[str] = [
    *("", "{}", "[]", "null", "1", '""', "- a\n", "a: b: c\n", "\0", "\ufeff[project]\n", "\r\r"),
    *("tool = 1\n", "project = 1\n", "[tool]\nuv = 1\n", "[tool]\npoetry = 1\n", "[project]\ndependencies = 1\n"),
    *("[project]\nname = 1\ndependencies = [1]\n", "[tool.poetry.dependencies]\npython = 3\nflask = 1\n"),
    *(
        "[tool.uv.workspace]\nmembers = 1\n",
        "packages = 1\n",
        "[packages]\nflask = 1\n",
        "[requires]\npython_version = 3\n",
    ),
    *('{"hosting": 1}', '{"hosting": [{"rewrites": 1, "public": 2}]}', '{"env": [1]}', '{"rewrites": {"a": 1}}'),
    *('{"scripts": 1}', '{"dependencies": []}', '{"name": [], "engines": 1}', '{"workspaces": {"packages": 1}}'),
    *("web: x\n", "FROM\n", "FROM a\nEXPOSE\n", "-r requirements.txt\n-e .\n", "-r ../../x\n", "flask\n"),
    *(
        "import os\nos.environ['X']\n",
        "from flask import Flask\nx = Flask(x)\n",
        "x = x\n",
        "def f(:\n",
        "app = app()\n",
    ),
    *(
        "from . import *\n",
        "from .... import a\n",
        "/* /index.html 200\n",
        "status_codes: 1\n",
        "[build]\npublish = 1\n",
    ),
]


@pytest.mark.parametrize("path", MANIFESTS)
async def test_no_manifest_of_a_wrong_shape_makes_it_raise(path: str) -> None:
    for text in SCRAPS:
        answer = await detect(MemoryTree({path: text}))
        assert answer.to_json()["kind"], (path, text)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(MANIFESTS), st.sampled_from(SCRAPS), min_size=2, max_size=8))
async def test_no_repository_makes_it_raise(tree: dict[str, str]) -> None:
    assert (await detect(MemoryTree(tree))).to_json()["kind"]
