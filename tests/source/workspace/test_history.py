"""Checkpoints: undo, redo, restore, and nothing is ever lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.errors import Conflict, NotFound
from devgem.source.workspace import History, Reset, Write
from devgem.source.workspace.edits import replay
from devgem.source.workspace.history import CHECKPOINTS


def text(history: History) -> str | None:
    return replay({"f": "base"}, history.edits(history.head))["f"]


def written(*texts: str) -> History:
    history = History()
    for value in texts:
        history = history.add([Write("f", value)], value)
    return history


def test_undo_and_redo_walk_the_edits() -> None:
    history = written("1", "2", "3")
    assert text(history.undo()) == "2"
    assert text(history.undo().undo().undo()) == "base"
    assert text(history.undo().undo().redo()) == "2"
    assert history.undo().undo().redo().redo().head == "c3"


def test_an_edit_after_an_undo_forgets_nothing() -> None:
    history = written("1", "2").undo().add([Write("f", "other")])
    assert (text(history), text(history.restore("c2")), text(history.restore(None))) == ("other", "2", "base")
    with pytest.raises(Conflict):
        history.redo()


def test_after_a_restore_undo_goes_to_what_led_there() -> None:
    history = written("1", "2").undo().add([Write("f", "3")]).restore("c2")
    assert text(history.undo()) == "1"


def test_a_reset_is_a_checkpoint_like_any_other() -> None:
    history = written("1", "2").add([Reset("")])
    assert (text(history), text(history.undo())) == ("base", "2")


def test_what_cannot_be_undone_or_found_is_said() -> None:
    for act in (History().undo, History().redo):
        with pytest.raises(Conflict):
            act()
    with pytest.raises(NotFound):
        written("1").restore("c9")


def test_there_is_an_end_to_the_edits() -> None:
    history = History()
    for _ in range(CHECKPOINTS):
        history = history.add([])
    with pytest.raises(Conflict):
        history.add([])


@given(st.lists(st.sampled_from("arue"), max_size=40))
def test_any_walk_survives_json(walk: list[str]) -> None:
    history = History()
    for number, step in enumerate(walk):
        try:
            match step:
                case "a" | "e":
                    history = history.add([Write("f", str(number))])
                case "u":
                    history = history.undo()
                case "r":
                    history = history.redo()
        except Conflict:
            continue
    assert History.from_json(history.to_json()) == history
    assert len(history.checkpoints) == len({checkpoint.id for checkpoint in history.checkpoints})
