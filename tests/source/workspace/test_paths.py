"""Hostile and odd paths that an edit may name (F-73)."""

import os
from pathlib import Path

import pytest

from devgem.domain.errors import InvalidInput
from devgem.source.workspace.base import check_new, read_text
from devgem.source.workspace.paths import check_path

REFUSED = [
    "", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a/./b", "a//b", "a/", "C:/x", "c:x", "a\\b",
    "..\\x", "a\0b", "a\nb", "a\x1b[31m", "a\u202eb", "a\u200bb", "a\ud800b", " a", "a /b", "a/ b", "x/" * 600 + "x",
    "n" * 256, "é" * 128, ".git", ".git/config", ".GIT/hooks/post-checkout", "sub/.git/config", "sub/.Git", ".git.",
    ".git /config", ".git:stream", ".git::$INDEX_ALLOCATION/x", "git~1", "GIT~1/config", ".g\u200cit/config",
    ".ｇｉｔ/config", "\u2028", "a\tb",
]  # fmt: skip
TAKEN = [
    "app.py", "src/app.py", "-rf", "--help", "a b.txt", "naïve.md", "日本/語.txt", ".github/workflows/ci.yml",
    ".gitignore",
    ".gitattributes", "..a", "a..b", "...", "git", "x.git", 'quo"te.js', "$(rm -rf).sh", "a;b", "*", "con",
]  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_leads_elsewhere_or_is_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_path(path)
    assert caught.value.fix


@pytest.mark.parametrize("path", TAKEN)
def test_an_odd_but_plain_path_is_taken(path: str) -> None:
    assert check_path(path) == path


def test_nothing_is_read_through_a_link_nor_from_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.txt").write_text("a")
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "inside").symlink_to("folder")
    (tmp_path / "link.txt").symlink_to("folder/a.txt")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "binary").write_bytes(b"a\0b")
    (tmp_path / "large").write_bytes(b"a" * ((1 << 20) + 1))
    os.mkfifo(tmp_path / "pipe")
    for path in ("out/passwd", "inside/a.txt", "link.txt", "latin", "binary", "large", "folder", "pipe", "latin/below"):
        with pytest.raises(InvalidInput):
            read_text(tmp_path, path)
    assert read_text(tmp_path, "folder/a.txt") == "a"
    assert read_text(tmp_path, "folder/none") is None


def test_a_new_file_may_not_be_another_one_on_other_systems(tmp_path: Path) -> None:
    (tmp_path / "Src").mkdir()
    (tmp_path / "Src/Été.txt").write_text("")
    for path in ("src/new.txt", "Src/été.txt", "Src/E\u0301te\u0301.txt"):
        with pytest.raises(InvalidInput, match="macOS"):
            check_new(tmp_path, path)
    check_new(tmp_path, "Src/new.txt")
    check_new(tmp_path, "Src/Été.txt")
