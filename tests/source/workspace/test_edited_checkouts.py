"""Checkouts with edits on them: whole, exact, and beside the plain one."""

import os
from pathlib import Path

import pytest

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import DevGemError
from devgem.source.workspace import patch_text
from tests.source.conftest import Bench
from tests.source.git_repository import GitRepository

FILES = {"app.py": "print('hello')\n", "web/index.html": "<h1>hi</h1>\n"}


async def plain(bench: Bench, repository: GitRepository) -> tuple[Repository, Commit]:
    found = Repository(f"file://{repository.path}")
    return found, (await bench.sources.fetch(found))[0]


async def test_edits_are_on_exactly_this_commit_and_the_plain_checkout_stays(
    bench: Bench,
    repository: GitRepository,
) -> None:
    repository.write("run.sh", "old\n")
    (repository.path / "run.sh").chmod(0o755)
    repository.commit()
    location, commit = await plain(bench, repository)
    before = {**FILES, "run.sh": "old\n", "web/new/a.js": None}
    patch = patch_text(
        before, {"app.py": "print('bye')\n", "web/index.html": None, "run.sh": "new", "web/new/a.js": ""}
    )
    repository.commit({"app.py": "something else\n"})

    edited = await bench.sources.checkout(location, commit, patch)

    assert (edited / "app.py").read_text() == "print('bye')\n"
    assert sorted(path.relative_to(edited).as_posix() for path in edited.rglob("*")) == [
        "app.py", "run.sh", "web", "web/new", "web/new/a.js",
    ]  # fmt: skip
    assert os.access(edited / "run.sh", os.X_OK)
    unedited = await bench.sources.checkout(location, commit)
    assert (unedited / "app.py").read_text() == FILES["app.py"]
    assert (unedited / "run.sh").read_text() == "old\n"
    assert await bench.sources.checkout(location, commit, patch) == edited
    assert list((bench.root / "tmp").iterdir()) == []


async def test_what_is_not_edited_is_not_copied(bench: Bench, repository: GitRepository) -> None:
    location, commit = await plain(bench, repository)
    edited = await bench.sources.checkout(location, commit, patch_text(FILES, {**FILES, "app.py": "x"}))
    same = await bench.sources.checkout(location, commit)
    assert (edited / "web/index.html").samefile(same / "web/index.html")


async def test_a_folder_that_a_file_was_alone_in_goes_with_it(bench: Bench, repository: GitRepository) -> None:
    location, commit = await plain(bench, repository)
    edited = await bench.sources.checkout(location, commit, patch_text(FILES, {**FILES, "web/index.html": None}))
    assert not (edited / "web").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"app.py": "not this\n"}, {"app.py": "x\n"}),
        ({"none.py": "a\n"}, {"none.py": "x\n"}),
        ({"app.py": None}, {"app.py": "x\n"}),
        ({"link/x": None}, {"link/x": "x\n"}),
        ({"link": "app.py"}, {"link": "x\n"}),
        ({"app.py/x": None}, {"app.py/x": "x\n"}),
        ({"WEB/x": None}, {"WEB/x": "x\n"}),
        ({"a/x": None, "A/y": None}, {"a/x": "1", "A/y": "2"}),
        ({"n": None, "n/x": None}, {"n": "1", "n/x": "2"}),
    ],
    ids=str,
)
async def test_a_patch_that_does_not_fit_leaves_nothing(
    bench: Bench,
    repository: GitRepository,
    tmp_path: Path,
    before: dict[str, str | None],
    after: dict[str, str | None],
) -> None:
    (repository.path / "link").symlink_to("web")
    repository.commit()
    location, commit = await plain(bench, repository)
    with pytest.raises(DevGemError) as caught:
        await bench.sources.checkout(location, commit, patch_text(before, after))
    assert caught.value.fix
    assert len(list((bench.root / "checkouts").iterdir())) == 1
    assert list((bench.root / "tmp").iterdir()) == []


async def test_checkouts_with_edits_go_once_they_are_not_used(bench: Bench, repository: GitRepository) -> None:
    location, commit = await plain(bench, repository)
    edited = await bench.sources.checkout(location, commit, patch_text(FILES, {**FILES, "app.py": "x"}))
    await bench.sources.prune({commit.sha})
    assert edited.exists()
    for folder in (bench.root / "checkouts").iterdir():
        os.utime(folder, (0, 0))
    await bench.sources.prune({commit.sha})
    assert not edited.exists()
    assert (await bench.sources.checkout(location, commit)).exists()
