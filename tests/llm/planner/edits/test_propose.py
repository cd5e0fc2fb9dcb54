import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.llm.planner import NeedsModel
from devgem.llm.planner.edits import Replacement, Unclear, propose, wish_of

_CHANGE = re.compile(r"⟦(.*?)→(.*?)⟧", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """`files` hold marks of what is to become of them."""

    name: str
    what: str
    value: str
    files: Mapping[str, str]

    @property
    def before(self) -> dict[str, str]:
        return {path: _CHANGE.sub(r"\1", text) for path, text in self.files.items()}

    @property
    def after(self) -> dict[str, str]:
        return {path: _CHANGE.sub(lambda found: found[2], text) for path, text in self.files.items()}


def _cases() -> list[Case]:
    text = (Path(__file__).parent / "cases.txt").read_text(encoding="utf-8")
    cases = []
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        name, what, value = head.split(" | ")
        pieces = re.split(r"^--- (\S+)\n", body, flags=re.MULTILINE)
        cases.append(Case(name, what, value, dict(zip(pieces[1::2], pieces[2::2], strict=True))))
    return cases


CASES = _cases()


def _applied(files: Mapping[str, str], replacements: list[Replacement]) -> dict[str, str]:
    changed = dict(files)
    for replacement in replacements:
        assert changed[replacement.path].count(replacement.search) == 1, replacement
        changed[replacement.path] = changed[replacement.path].replace(replacement.search, replacement.replace)
    return changed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wish_changes_what_it_says_and_nothing_else(case: Case) -> None:
    wish = wish_of(case.what, case.value)
    assert wish is not None
    found = propose(case.before, wish)
    assert isinstance(found, list), found
    assert case.before != case.after
    assert _applied(case.before, found) == case.after


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wish_that_is_fulfilled_changes_nothing_more(case: Case) -> None:
    """But for sizes relative to the present one, and texts that contain the old one."""
    if "bigger" in case.value or "smaller" in case.value or '"' in case.what or "beside" in case.name:
        return
    wish = wish_of(case.what, case.value)
    assert wish is not None
    found = propose(case.after, wish)
    assert isinstance(found, list)
    assert _applied(case.after, found) == case.after


@pytest.mark.parametrize(
    ("files", "what", "choices"),
    [
        (
            {"a.html": "<h1>A</h1>", "b.html": "<h1>B</h1>"},
            "heading",
            ('heading "A" in a.html', 'heading "B" in b.html'),
        ),
        (
            {"a.html": "<button>A</button><button>B</button>"},
            "button",
            ('button "A" in a.html', 'button "B" in a.html'),
        ),
        (
            {"a.css": "body { background: red; }", "b.css": "body { background: blue; }"},
            "page background",
            ("page background in a.css", "page background in b.css"),
        ),
        ({"a.html": "<p>Hi</p>", "b.html": "<p>Hi</p>"}, 'text "Hi"', ('text "Hi" in a.html', 'text "Hi" in b.html')),
    ],
)
def test_equally_likely_places_are_asked_about(files: dict[str, str], what: str, choices: tuple[str, ...]) -> None:
    wish = wish_of(what, "green")
    assert wish is not None
    found = propose(files, wish)
    assert isinstance(found, Unclear)
    assert found.choices == choices
    for choice in choices:
        clear = wish_of(choice, "green")
        assert clear is not None
        assert isinstance(propose(files, clear), list)


@pytest.mark.parametrize(
    ("files", "what", "value"),
    [
        ({}, "page background", "blue"),
        ({"app.py": "print(1)"}, "page background", "blue"),
        ({"style.css": "body { background: red; }"}, "page background", "a nicer one"),
        ({"style.css": "p { font-size: clamp(1rem, 2vw, 3rem); }"}, "paragraph font size", "bigger"),
        ({"index.html": "<h1>{{ title }}</h1>"}, "heading", "Hi"),
        ({"index.html": "<h1>Hi</h1>"}, "heading", "two\nlines"),
        ({"index.html": "<h1>Hi</h1>"}, "navigation background", "red"),
        ({"index.html": "<h1>Hi</h1>"}, 'text "Bye"', "Hello"),
    ],
)
def test_what_takes_a_model_is_said(files: dict[str, str], what: str, value: str) -> None:
    wish = wish_of(what, value)
    assert wish is not None
    assert isinstance(propose(files, wish), NeedsModel)


@pytest.mark.parametrize("what", ["", "the weather", "dark mode", "page", "everything"])
def test_what_is_no_simple_edit_is_no_wish(what: str) -> None:
    assert wish_of(what, "blue") is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_words_of_a_wish_are_read_back_as_the_same_wish(case: Case) -> None:
    wish = wish_of(case.what, case.value)
    assert wish is not None
    assert wish_of(wish.what, wish.value) == wish


_PIECES = st.sampled_from(
    (Path(__file__).parent / "pieces.txt").read_text(encoding="utf-8").replace("\\n", "\n").split("|")
)
_TEXTS = st.lists(_PIECES, max_size=25).map("".join)


@given(
    st.dictionaries(st.sampled_from(["a.html", "b.css", "c.jsx", "d.vue", "e.scss", "f.erb"]), _TEXTS, max_size=3),
    st.sampled_from(
        ["page background", "heading", 'text "Hello"', "button background", "text font size", "title", "link"]
    ),
    st.sampled_from(["blue", "Hello you", "18px", "bigger", "#fff", "a < b", 'say "x"']),
)
def test_every_replacement_applies_whatever_the_files_hold(files: dict[str, str], what: str, value: str) -> None:
    wish = wish_of(what, value)
    assert wish is not None
    found = propose(files, wish)
    if isinstance(found, list):
        _applied(files, found)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *(("a.css", "{" * 190_000), ("a.css", '"\\' * 90_000), ("a.css", "a{" * 90_000), ("a.css", "a:b;" * 45_000)),
        *(("a.jsx", "<a x={" * 30_000), ("a.html", "<a {{" * 40_000), ("a.html", "{#x " * 45_000)),
        *(
            ("a.html", "<h1>" * 20_000 + "</h1>" * 20_000),
            ("a.html", "<script " * 24_000),
            ("a.tsx", "metadata={" * 19_000),
        ),
    ],
    ids=lambda text: text[:12],
)
def test_no_file_takes_long_to_read(path: str, text: str) -> None:
    for what, value in (("page background", "blue"), ("title", "New"), ("heading", "New")):
        wish = wish_of(what, value)
        assert wish is not None
        began = perf_counter()
        propose({path: text}, wish)
        assert perf_counter() - began < 5
