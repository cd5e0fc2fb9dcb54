"""Diffs, hunks to choose from, and patches that git takes."""

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgem.domain.errors import DevGemError, InvalidInput
from devgem.source.workspace import apply_patch, changes, choose, parse_patch, patch_digest, patch_text
from devgem.source.workspace.texts import Files
from tests.source.git_repository import ENVIRONMENT

LINES = st.lists(
    st.sampled_from(["", "a", "b", "c", "  d", "+", "-x", "é\u2028", "\x0c", "\\ No newline", "e\r"]), max_size=30
)
TEXT = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))
NAMES = ["a.py", "b c.txt", 'd"q.css', "dir/é.md", "dir/x"]
FILES = st.fixed_dictionaries({name: st.none() | TEXT for name in NAMES})


def git_apply(before: Files, patch: str) -> Files:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in before.items():
            if text is not None:
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_bytes(text.encode())
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=root,
            env={**ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(root.parent)},
            input=patch.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode() + patch
        return {path: (root / path).read_bytes().decode() if (root / path).exists() else None for path in before}


@settings(max_examples=60, deadline=None)
@given(before=FILES, after=FILES)
def test_a_patch_says_to_git_and_to_us_what_the_edits_were(before: Files, after: Files) -> None:
    patch = patch_text(before, after)
    assert {**before, **apply_patch(before, patch)} == after
    if patch:
        assert git_apply(before, patch) == after
    assert bool(patch) == (before != after) == bool(patch_digest(patch))


@settings(max_examples=200, deadline=None)
@given(before=FILES, after=FILES, data=st.data())
def test_any_choice_of_hunks_applies_and_what_is_left_are_the_other_hunks(
    before: Files, after: Files, data: st.DataObject
) -> None:
    ids = [hunk.id for file in changes(before, after) for hunk in file.hunks]
    assert len(set(ids)) == len(ids)
    assert choose(before, after, ids) == after
    assert choose(before, after, []) == before
    accepted = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    chosen = choose(before, after, accepted)
    assert {**before, **apply_patch(before, patch_text(before, chosen))} == chosen


def test_a_hunk_keeps_its_name_while_others_come_and_go() -> None:
    lines = [f"line {n}\n" for n in range(60)]
    one = "".join(["new\n", *lines[:30], "changed\n", *lines[31:]])
    both = changes({"x": "".join(lines)}, {"x": one})[0].hunks
    rest = changes({"x": "new\n" + "".join(lines)}, {"x": one})[0].hunks
    assert [hunk.header for hunk in both] == ["@@ -1,3 +1,4 @@", "@@ -28,7 +29,7 @@"]
    assert rest[0].id == both[1].id != both[0].id


def test_equal_changes_in_one_file_are_told_apart() -> None:
    text = "x\n" + "y\n" * 20
    hunks = changes({"f": text * 2}, {"f": text.replace("x", "z") * 2})[0].hunks
    assert len({hunk.id for hunk in hunks}) == 2


def test_added_lines_carry_their_numbers() -> None:
    (file,) = changes({"f": "a\nb\nc\n"}, {"f": "a\nB\nc\nd\n"})
    assert [added for hunk in file.hunks for added in hunk.added] == [(2, "B\n"), (4, "d\n")]


def test_a_hunk_that_is_not_there_cannot_be_chosen() -> None:
    with pytest.raises(InvalidInput):
        choose({"f": "a"}, {"f": "b"}, ["h000000000000"])


GOOD = patch_text({"f": "a\nb\n"}, {"f": "a\nc\n"})


@pytest.mark.parametrize(
    "patch",
    [
        "rm -rf",
        GOOD.replace("f b/f", "f b/g"),
        GOOD.replace("/f", "/../f"),
        GOOD.replace("/f", "/.git/f"),
        GOOD.replace("-1,2", "-1,9"),
        GOOD.replace("-1,2", "-7,2"),
        GOOD.replace("-b", "-x"),
        GOOD + GOOD,
        GOOD.replace("-b\n", ""),
        GOOD.split("@@")[0],
        GOOD.replace("--- a/f", "new file mode 120000\n--- a/f"),
        "x" * ((1 << 20) + 1),
    ],
    ids=range(12),
)
def test_what_is_no_patch_of_these_files_is_refused(patch: str) -> None:
    with pytest.raises(DevGemError):
        apply_patch({"f": "a\nb\n"}, patch)


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, len(GOOD)), insert=st.text("-+@ \n/abdfig\\0", max_size=12))
def test_a_damaged_patch_never_breaks_the_reader(cut: int, insert: str) -> None:
    with contextlib.suppress(DevGemError):
        parse_patch(GOOD[:cut] + insert + GOOD[cut:])


def test_long_texts_that_repeat_themselves_take_no_time() -> None:
    lines = [f"line {n % 150}" for n in range(20_000)]
    before, after = {"f": "\n".join(["a", *lines, "b"])}, {"f": "\n".join(["A", *reversed(lines), "B"])}
    begun = time.process_time()
    (file,) = changes(before, after)
    assert time.process_time() - begun < 1.5
    assert choose(before, after, [hunk.id for hunk in file.hunks]) == after
