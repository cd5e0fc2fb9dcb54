import pytest

from devgem.stack.versions import from_tool_versions, from_version_file, newest_pep440, newest_semver, number_in
from tests.stack.trees import open_files

PYTHONS = ("3.12", "3.13", "3.11", "3.14", "3.10", "3.9")
NODES = ("22", "24", "20", "18")


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        (">=3.9", "3.12"),
        (">=3.9,<3.12", "3.11"),
        (">3.13", "3.13"),
        ("==3.10.*", "3.10"),
        ("==3.11.4", None),
        ("~=3.12", "3.12"),
        ("!=3.12.*,>=3.12", "3.13"),
        (">=4", None),
        ("nonsense", None),
    ],
)
def test_a_pep440_range_gives_the_preferred_version_that_it_admits(spec: str, version: str | None) -> None:
    assert newest_pep440(spec, PYTHONS) == version


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        (">=18", "22"),
        ("^20", "20"),
        ("^20.11.0", "20"),
        ("~18.17", "18"),
        ("18.x || 20.x", "20"),
        (">=18 <20", "18"),
        (">=18.0.0 <=20.5", "20"),
        ("18 - 20", "20"),
        ("20.11.1", "20"),
        ("v24", "24"),
        ("=18", "18"),
        ("<20", "18"),
        (">22", "24"),
        ("*", "22"),
        ("lts/*", "22"),
        ("lts/iron", "22"),
        (">=26", None),
        ("next", None),
    ],
)
def test_a_semver_range_gives_the_preferred_version_that_it_admits(spec: str, version: str | None) -> None:
    assert newest_semver(spec, NODES) == version


@pytest.mark.parametrize(
    ("spec", "version"), [("^3.11", "3.12"), (">=3.8,<3.11", "3.10"), ("~3.11", "3.11"), ("3.13.*", "3.13")]
)
def test_poetry_ranges_are_read_in_the_same_way(spec: str, version: str) -> None:
    assert newest_semver(spec, PYTHONS) == version


def test_the_first_number_in_a_text_is_its_version() -> None:
    assert number_in("python-3.11.4") == "3.11.4"
    assert number_in("go 1.22") == "1.22"
    assert number_in("latest") is None


async def test_a_version_file_is_read_past_its_comments() -> None:
    files = await open_files({".python-version": "# ours\n\n3.12.1 # pinned\n"})
    stated = await from_version_file(files, ".python-version")
    assert stated is not None and (stated.spec, stated.line) == ("3.12.1", 3)
    assert await from_version_file(files, "runtime.txt") is None


async def test_tool_versions_are_found_by_any_of_a_tools_names() -> None:
    files = await open_files({".tool-versions": "ruby 3.3.0\nnodejs 22.1.0 20\n"})
    stated = await from_tool_versions(files, "node", "nodejs")
    assert stated is not None and (stated.spec, stated.line) == ("22.1.0", 2)
