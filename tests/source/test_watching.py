"""Which files of a repository matter to an app."""

import time

import pytest

from devgem.domain.errors import InvalidInput
from devgem.source.watching import check_watch_paths, is_watched


@pytest.mark.parametrize(
    ("patterns", "path", "counts"),
    [
        ([], "anything", True),
        (["web"], "web/page.html", True),
        (["web"], "apps/web/page.html", True),
        (["/web"], "apps/web/page.html", False),
        (["apps/web"], "apps/web/src/a.ts", True),
        (["apps/web"], "apps/website/a.ts", False),
        (["apps/*/src"], "apps/web/src/deep/a.ts", True),
        (["apps/*/src"], "apps/web/lib/src/a.ts", False),
        (["apps/**/src"], "apps/web/lib/src/a.ts", True),
        (["*.py"], "deep/down/app.py", True),
        (["/*.py"], "deep/app.py", False),
        (["**/*.md"], "README.md", True),
        (["web/**"], "web/a/b", True),
        (["web/"], "web/a", True),
        (["web", "!*.md"], "web/README.md", False),
        (["!docs"], "docs/a", False),
        (["!docs"], "web/a", True),
        (["web", "!web/docs", "web/docs/api"], "web/docs/api/a", True),
        (["a?c"], "abc", True),
        (["[ab]c"], "bc", True),
        (["Web"], "web/a", False),
    ],
)
def test_the_last_line_that_fits_decides(patterns: list[str], path: str, counts: bool) -> None:
    assert is_watched(check_watch_paths(patterns), [path]) is counts


def test_one_file_that_matters_is_enough() -> None:
    assert is_watched(["web"], ["docs/a", "web/b"])
    assert not is_watched(["web"], [])


def test_empty_lines_and_comments_are_no_patterns() -> None:
    assert check_watch_paths(["", "  web  ", "# the site"]) == ("web",)


@pytest.mark.parametrize("line", ["../etc", "/", "!", "a//b", "a\x00b", "x" * 301, "/".join("a" * 41)])
def test_what_is_no_path_of_a_repository_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="no watch path"):
        check_watch_paths([line])
    with pytest.raises(InvalidInput, match="watch paths"):
        check_watch_paths(["a"] * 101)


def test_no_pattern_takes_long() -> None:
    hostile = [("**/" * 39 + "b"), "*a" * 100 + "b", "/".join(["*a*a*b"] * 40)]
    paths = ["/".join(["a" * 200] * 20)] * 100
    begun = time.perf_counter()
    assert not is_watched(check_watch_paths(hostile), paths)
    assert time.perf_counter() - begun < 5
