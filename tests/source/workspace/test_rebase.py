"""Edits on a newer commit: where their words are still there, and nowhere else."""

import pytest

from devgem.domain.errors import Conflict
from devgem.source.workspace import patch_text, rebased

OLD = {"f": "a\nb\nc\nd\n", "gone": "x\n", "new": None}
PATCH = patch_text(OLD, {"f": "a\nB\nc\nd\n", "gone": None, "new": "n\n"})


def test_a_change_follows_its_lines() -> None:
    assert rebased(PATCH, {**OLD, "f": "0\n0\na\nb\nc\nd\ne\n"}) == {
        "f": "0\n0\na\nB\nc\nd\ne\n",
        "gone": None,
        "new": "n\n",
    }


def test_what_is_there_already_stays() -> None:
    after = {"f": "a\nB\nc\nd\n", "gone": None, "new": "n\n"}
    assert rebased(PATCH, after) == after


@pytest.mark.parametrize(
    "files",
    [
        {**OLD, "f": "a\nother\nc\nd\n"},
        {**OLD, "f": OLD["f"] * 2},  # type: ignore[operator]  # it is a text
        {**OLD, "f": None},
        {**OLD, "gone": "y\n"},
        {**OLD, "new": "m\n"},
    ],
)
def test_what_does_not_go_together_is_refused(files: dict[str, str | None]) -> None:
    with pytest.raises(Conflict) as caught:
        rebased(PATCH, files)
    assert caught.value.fix
