import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import node_requires, requirement
from devgem.agent.diagnosis.diagnosis import Diff
from devgem.agent.diagnosis.evidence import FILES_WANTED, wanted
from devgem.agent.diagnosis.versions import admitted
from devgem.domain.plan import BuildPlan, Stack
from tests.agent.diagnosis.cases import lines

TEXTS = st.text(alphabet="ab \n=\"'", max_size=60)
NAMES = st.text(alphabet='abcXYZ.-/@$\\"{} ', min_size=1, max_size=12)
OBJECTS = st.recursive(st.none() | st.integers() | NAMES, lambda inner: st.dictionaries(NAMES, inner, max_size=4))


@given(TEXTS, st.integers(0, 60), st.integers(0, 60), TEXTS)
def test_a_change_at_a_place_applies_there_and_nowhere_else(text: str, start: int, length: int, new: str) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    diff = edits.at("a", text, start, end, new)
    if diff is not None and diff.search is not None:
        assert text.count(diff.search) == 1
        assert edits.applied(text, diff) == text[:start] + new + text[end:]


@given(TEXTS)
def test_a_line_is_added_at_the_end(text: str) -> None:
    diff = edits.appended("a", text, "new")
    if diff is not None:
        before = text.rstrip("\n").splitlines() if text.strip() else []
        after = edits.applied(text, diff).rstrip("\n").splitlines()
        assert after == [*before, "new"]


@given(
    st.dictionaries(NAMES, OBJECTS, max_size=5),
    st.sampled_from([None, 2, 4]),
    st.sampled_from(["scripts", "x y"]),
    NAMES,
)
def test_a_member_of_a_json_file_is_set_and_nothing_else(
    document: dict[str, object], indent: int | None, section: str, key: str
) -> None:
    text = json.dumps(document, indent=indent)
    diff = edits.json_member("package.json", text, (section, key), "value")
    inner = document.get(section, {})
    if diff is None:
        assert not isinstance(inner, dict) or inner.get(key) == "value" or indent is None or "\n" not in text or inner
        return
    assert isinstance(inner, dict)
    assert json.loads(edits.applied(text, diff)) == {**document, section: {**inner, key: "value"}}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1, "a": 2}', '{"scripts": "x"}', "{// c\n}", "null"])
def test_a_json_file_that_is_not_understood_is_left_alone(text: str) -> None:
    assert edits.json_member("package.json", text, ("scripts", "build"), "vite build") is None


def test_the_member_is_set_in_the_object_that_is_meant() -> None:
    text = '{\n  "config": {\n    "scripts": {\n      "a": "b"\n    }\n  },\n  "scripts": {\n    "a": "c"\n  }\n}\n'
    diff = edits.json_member("package.json", text, ("scripts", "a"), "d")
    assert diff
    after = json.loads(edits.applied(text, diff))
    assert after == {"config": {"scripts": {"a": "b"}}, "scripts": {"a": "d"}}


@pytest.mark.parametrize(
    "text",
    [
        "[project]\ndependencies = []\n",
        '[project]\ndependencies = ["a"]\n',
        '[project]\ndependencies = [\n  "a",\n]\n[tool.x]\ndependencies = ["no"]\n',
        '[tool.x]\ndependencies = ["no"]\n\n[project]\nname = "n"\ndependencies = [ # why\n  "a"\n]\n',
    ],
)
def test_a_requirement_is_added_to_a_list_of_toml(text: str) -> None:
    diff = edits.toml_list_item("pyproject.toml", text, "project", "dependencies", "new")
    assert diff
    before, after = tomllib.loads(text), tomllib.loads(edits.applied(text, diff))
    assert sorted(after["project"]["dependencies"]) == sorted([*before["project"]["dependencies"], "new"])
    assert after.get("tool") == before.get("tool")


@pytest.mark.parametrize("text", ["", "[project]\nname='x'\n", '[project.optional]\ndependencies = ["a"]\n'])
def test_a_toml_file_without_the_list_is_left_alone(text: str) -> None:
    assert edits.toml_list_item("pyproject.toml", text, "project", "dependencies", "new") is None


def test_a_diff_that_does_not_apply_says_so() -> None:
    with pytest.raises(ValueError, match="does not stand once"):
        edits.applied("a\na\n", Diff("f", "a", "b"))
    with pytest.raises(ValueError, match="exists"):
        edits.applied("text", Diff("f", None, "b"))


@pytest.mark.parametrize(
    ("line", "is_it"),
    [
        ("flask-cors==4", True),
        ("Flask_CORS[x]>=1 # why", True),
        ("  flask.cors", True),
        ("flask-cors-extra", False),
        ("# flask-cors", False),
        ("my-flask-cors", False),
    ],
)
def test_a_requirement_is_known_by_its_normalized_name(line: str, is_it: bool) -> None:
    assert (requirement(f"a\n{line}\nb\n", "flask-cors") is not None) is is_it


def test_a_package_json_that_is_no_object_names_nothing() -> None:
    assert node_requires("[1]", "vite") is None
    assert node_requires("{", "vite") is None


@pytest.mark.parametrize(
    ("wanted_range", "major", "minor"),
    [
        (">=20.9.0", "20", "20.9"),
        ("^18.18.0 || ^19.8.0 || >= 20.0.0", "20", "20.0"),
        ("v22", "22", None),
        (">=3.10,<3.13", "3", "3.10"),
        ("<3.13,>=3.9", "3", "3.9"),
        (">18", None, None),
        ("<13", None, None),
        ("lts/*", None, None),
    ],
)
def test_the_lowest_version_that_a_range_admits(wanted_range: str, major: str | None, minor: str | None) -> None:
    assert admitted(wanted_range, with_minor=False) == major
    assert admitted(wanted_range, with_minor=True) == minor


def test_the_files_wanted_are_manifests_and_what_the_log_names() -> None:
    plan = BuildPlan(Stack("python"), dir="web", install_inputs=("requirements/prod.txt",))
    said = lines('File "/app/web/shop/views.py", line 3\n./src/a.ts:3:1\n../../etc/passwd.txt /etc/hosts.conf')
    paths = [
        "web/package.json",
        "requirements/prod.txt",
        "web/shop/views.py",
        "web/src/a.ts",
        "README.md",
        "web/app.py",
    ]
    assert wanted(plan, said, paths) == (
        "web/package.json",
        "requirements/prod.txt",
        "web/shop/views.py",
        "web/src/a.ts",
        "web/app.py",
    )


def test_only_so_many_files_are_wanted() -> None:
    names = [f"f{number}.py" for number in range(500)]
    assert len(wanted(None, lines("\n".join(names)), names)) == FILES_WANTED
