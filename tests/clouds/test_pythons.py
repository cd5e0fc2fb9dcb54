from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from devgem.clouds.local.pythons import Python, Wish, choose, choose_instead, wish
from devgem.domain.plan import Evidence, Stack

HERE = [Python(Path(f"/usr/bin/python{v}"), Version(v)) for v in ("2.7.18", "3.9.2", "3.11.2", "3.11.9", "3.13.0")]


def stack(version: str, *evidence: Evidence) -> Stack:
    return Stack("python", runtime="python", version=version, evidence=evidence)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (stack("3.12"), Wish("3.12", exact=False)),
        (stack(""), Wish("3.12", exact=False)),
        (
            stack("3.11.4", Evidence("version", "3.11.4", ".python-version", 1)),
            Wish("3.11", True, None, ".python-version"),
        ),
        (
            stack("3.12", Evidence("version", "3.12", "web/pyproject.toml", 3)),
            Wish("3.12", False, None, "web/pyproject.toml"),
        ),
        (
            stack("3.12", Evidence("version", ">=3.10", "pyproject.toml", 3)),
            Wish("3.12", False, SpecifierSet(">=3.10"), "pyproject.toml"),
        ),
    ],
)
def test_how_strictly_a_version_is_meant_depends_on_where_it_stands(given: Stack, wanted: Wish) -> None:
    assert wish(given) == wanted


@pytest.mark.parametrize(
    ("wanted", "chosen", "instead"),
    [
        (Wish("3.11", True), "3.11.9", "3.9.2"),
        (Wish("3.12", False), None, "3.11.9"),
        (Wish("3.8", False), None, "3.9.2"),
        (Wish("3.12", False, SpecifierSet(">=3.12")), None, "3.13.0"),
        (Wish("3.12", False, SpecifierSet("==3.12.*")), None, None),
        (Wish("2.7", False), "2.7.18", "3.9.2"),
    ],
)
def test_the_wanted_series_or_what_may_do_in_its_place(wanted: Wish, chosen: str | None, instead: str | None) -> None:
    found = choose(wanted, HERE)
    assert (found and str(found.version)) == chosen
    other = choose_instead(Wish(wanted.series, False, wanted.spec), HERE)
    assert (other and str(other.version)) == instead


def test_an_exact_wish_takes_nothing_else() -> None:
    assert choose_instead(Wish("3.12", exact=True), HERE) is None
