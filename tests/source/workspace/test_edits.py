"""Edits are exact, or are refused with what is there instead."""

import pytest

from devgem.domain.errors import Conflict, DevGemError, InvalidInput
from devgem.source.workspace import Delete, Edit, Replacement, Reset, Write, patch_text
from devgem.source.workspace.edits import edit_from_json, edit_to_json, replay

BASE = {"app.py": "a = 1\nb = 2\nc = 1\n", "page.html": "<h1>Hi</h1>\r\n<p>x</p>\r\n", "new.py": None}


def refusal(edit: Edit) -> DevGemError:
    with pytest.raises(DevGemError) as caught:
        replay(BASE, [edit])
    return caught.value


def test_a_replacement_changes_the_one_place() -> None:
    assert replay(BASE, [Replacement("app.py", "b = 2", "b = 3")])["app.py"] == "a = 1\nb = 3\nc = 1\n"


def test_what_is_there_twice_is_refused_with_its_lines() -> None:
    error = refusal(Replacement("app.py", " = 1", " = 5"))
    assert error.code == "found_often"
    assert "2 times, in lines 1, 3" in error.message


def test_what_overlaps_itself_counts_wherever_it_begins() -> None:
    with pytest.raises(Conflict):
        replay({"x": "aaaa"}, [Replacement("x", "aa", "b")])


def test_what_is_not_there_is_refused_with_the_nearest_lines() -> None:
    error = refusal(Replacement("app.py", "b  =  2\n", "b = 3\n"))
    assert error.code == "not_found_in_file"
    assert "2: b = 2" in error.message


def test_line_ends_of_the_file_are_kept() -> None:
    edited = replay(BASE, [Replacement("page.html", "<h1>Hi</h1>\n<p>x</p>\n", "<h1>Yo</h1>\n<p>y</p>\n")])
    assert edited["page.html"] == "<h1>Yo</h1>\r\n<p>y</p>\r\n"


def test_a_file_is_written_and_deleted() -> None:
    files = replay(BASE, [Write("new.py", "x = 1\n"), Delete("app.py")])
    assert (files["new.py"], files["app.py"]) == ("x = 1\n", None)


@pytest.mark.parametrize(
    "edit",
    [
        Write("../x", ""),
        Write(".git/hooks/pre-commit", "x"),
        Write("big.txt", "é" * (33 << 10)),
        Write("nul", "a\0"),
        Write("lone", "\ud800"),
        Replacement("app.py", "", "x"),
        Replacement("app.py", "b = 2", "x" * (1 << 20)),
        Replacement("none.py", "a", "b"),
        Delete("new.py"),
    ],
    ids=str,
)
def test_an_edit_that_cannot_be_made_is_refused(edit: Edit) -> None:
    assert isinstance(refusal(edit), InvalidInput | Conflict)


def test_a_reset_goes_back_to_the_commit_with_a_patch_on_it() -> None:
    patch = patch_text(BASE, {**BASE, "app.py": "a = 9\n"})
    files = replay(BASE, [Write("new.py", "x"), Reset(patch), Replacement("app.py", "9", "10")])
    assert files == {**BASE, "app.py": "a = 10\n"}


def test_edits_survive_json() -> None:
    for edit in (Replacement("a", "b", "c"), Write("a", "b"), Delete("a"), Reset("p")):
        assert edit_from_json(edit_to_json(edit)) == edit
