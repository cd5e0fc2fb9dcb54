"""A folder's working state."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.source import Command, Outcome, Policy, Sources, run_directly

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository

ORDINARY = 65534
NewBench = Callable[[Policy], Bench]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder that is in no git repository."""
    folder = tmp_path / "plain"
    (folder / "web").mkdir(parents=True)
    (folder / "app.py").write_text("1\n")
    (folder / "web" / "index.html").write_text("hi")
    return folder


async def test_a_clean_work_tree_is_its_commit(bench: Bench, repository: GitRepository) -> None:
    commit, tree = await bench.fetch(repository.path)
    assert commit == Commit(repository.sha(), False, "The first one")
    assert await tree.paths() == ("app.py", "web/index.html")
    assert not (tree.root / ".git").exists()


async def test_a_changed_work_tree_is_the_digest_of_its_files(bench: Bench, repository: GitRepository) -> None:
    repository.write("app.py", "changed\n")
    commit, tree = await bench.fetch(repository.path)
    assert commit.dirty and len(commit.sha) == 40 and commit.sha != repository.sha()
    assert await tree.read("app.py") == b"changed\n"
    assert (await bench.fetch(repository.path))[0] == commit
    repository.write("app.py", "changed again\n")
    assert (await bench.fetch(repository.path))[0].sha != commit.sha


@pytest.mark.parametrize("change", ["new file", "deleted file", "mode", "link"])
async def test_every_kind_of_change_counts(change: str, bench: Bench, repository: GitRepository) -> None:
    app = repository.path / "app.py"
    if change == "new file":
        repository.write("new.py", "x")
    elif change == "mode":
        app.chmod(0o755)
    else:
        app.unlink()
    if change == "link":
        app.symlink_to("web/index.html")
    assert (await bench.fetch(repository.path))[0].dirty


async def test_links_and_executables_are_part_of_a_clean_commit(bench: Bench, repository: GitRepository) -> None:
    repository.write("run.sh", "#!/bin/sh\n")
    (repository.path / "run.sh").chmod(0o755)
    (repository.path / "link").symlink_to("./web/../app.py")
    repository.commit()
    commit, tree = await bench.fetch(repository.path)
    assert not commit.dirty
    assert os.access(tree.root / "run.sh", os.X_OK) and not os.access(tree.root / "app.py", os.X_OK)
    assert await tree.read("link") == b"print('hello')\n"


async def test_what_git_ignores_is_not_copied(bench: Bench, repository: GitRepository) -> None:
    repository.commit({".gitignore": ".env*\nbuild/\n*.log\n!keep.log\n"})
    for path in (".env", ".env.production", "build/out.js", "debug.log", "keep.log", "web/node_modules/x/index.js"):
        repository.write(path, "secret")
    _, tree = await bench.fetch(repository.path)
    assert await tree.paths() == (".gitignore", "app.py", "keep.log", "web/index.html")


async def test_a_plain_folder_follows_its_gitignore_and_leaves_out_what_is_never_source(
    bench: Bench, plain: Path
) -> None:
    never = (
        ".env", ".env.local", "node_modules/a/b.js", "web/node_modules/x.js", ".venv/pyvenv.cfg", "env/pyvenv.cfg",
        "env/lib/site.py", "__pycache__/a.pyc", "web/b.pyc", ".DS_Store", "secrets/key", "web/local.txt",
    )  # fmt: skip
    for path in never:
        (plain / path).parent.mkdir(parents=True, exist_ok=True)
        (plain / path).write_text("no")
    (plain / ".gitignore").write_text("/secrets\n")
    (plain / "web" / ".gitignore").write_text("local.txt\n")
    (plain / ".env.example").write_text("KEY=")
    commit, tree = await bench.fetch(plain)
    assert commit.dirty
    assert await tree.paths() == (".env.example", ".gitignore", "app.py", "web/.gitignore", "web/index.html")


async def test_what_git_tracks_is_copied_even_so(bench: Bench, repository: GitRepository) -> None:
    repository.commit({"node_modules/mine.js": "x", ".env": "PUBLIC=1", "venv/pyvenv.cfg": "home", "venv/a.py": "x"})
    commit, tree = await bench.fetch(repository.path)
    assert not commit.dirty
    assert {"node_modules/mine.js", ".env", "venv/a.py"} < set(await tree.paths())


async def test_a_folder_inside_a_work_tree_stands_for_itself(bench: Bench, repository: GitRepository) -> None:
    repository.commit({"web/app.js": "x", ".gitignore": "*.tmp\n"})
    repository.write("web/a.tmp", "x")
    commit, tree = await bench.fetch(repository.path / "web")
    assert commit == Commit(repository.sha(), False, "A change")
    assert await tree.paths() == ("app.js", "index.html")
    repository.write("app.py", "a change beside it\n")
    assert not (await bench.fetch(repository.path / "web"))[0].dirty
    repository.write("web/app.js", "y")
    assert (await bench.fetch(repository.path / "web"))[0].dirty


async def test_a_ref_of_a_folder_is_that_commit_and_not_the_working_state(
    bench: Bench, repository: GitRepository
) -> None:
    first = repository.sha()
    repository.commit({"app.py": "2\n", "web/index.html": "2"})
    repository.write("app.py", "3\n")
    commit, tree = await bench.fetch(repository.path, ref=first[:8])
    assert (commit.sha, await tree.read("app.py")) == (first, b"print('hello')\n")
    commit, tree = await bench.fetch(repository.path / "web", ref=first)
    assert (commit.sha, await tree.paths()) == (first, ("index.html",))
    files = await bench.sources.checkout(Repository(str(repository.path), ref="main"), Commit(first))
    assert (files / "app.py").read_text() == "print('hello')\n"


async def test_a_ref_needs_a_git_repository(bench: Bench, plain: Path) -> None:
    assert (await bench.refusal(plain, ref="main")).code == "not_a_repository"


async def test_a_folder_that_was_not_in_the_commit_is_named(bench: Bench, repository: GitRepository) -> None:
    repository.write("new/app.py", "x")
    assert (await bench.refusal(repository.path / "new", ref="main")).code == "no_such_dir"


async def test_a_repository_without_commits_is_still_a_folder(bench: Bench, tmp_path: Path) -> None:
    fresh = GitRepository(tmp_path / "fresh")
    fresh.write("app.py", "x")
    fresh.write(".gitignore", "*.log")
    fresh.write("a.log", "x")
    commit, tree = await bench.fetch(fresh.path)
    assert commit.dirty
    assert await tree.paths() == (".gitignore", "app.py")


async def test_a_folder_that_a_repository_above_ignores_stands_for_itself(
    bench: Bench, tmp_path: Path, plain: Path
) -> None:
    GitRepository(tmp_path / "home").commit({".gitignore": "*\n"})
    moved = plain.rename(tmp_path / "home" / "plain")
    assert await (await bench.fetch(moved))[1].paths() == ("app.py", "web/index.html")


async def test_a_broken_git_folder_does_not_stop_a_deploy(bench: Bench, plain: Path) -> None:
    (plain / ".git").write_text("gitdir: /nonexistent\n")
    assert await (await bench.fetch(plain))[1].paths() == ("app.py", "web/index.html")


async def test_repositories_inside_are_left_out_and_noted(bench: Bench, repository: GitRepository) -> None:
    GitRepository(repository.path / "vendor" / "lib").commit({"lib.py": "x"})
    _, tree = await bench.fetch(repository.path)
    assert tree.notes == ("Submodules are not fetched: vendor/lib.",)
    repository.commit()  # now as a submodule
    commit, tree = await bench.fetch(repository.path)
    assert tree.notes == ("Submodules are not fetched: vendor/lib.",)
    assert not commit.dirty


async def test_devices_pipes_and_sockets_are_left_out(bench: Bench, repository: GitRepository) -> None:
    os.mkfifo(repository.path / "pipe")
    os.mkfifo(repository.path / "web" / "pipe")
    (repository.path / "app.py").unlink()
    os.mkfifo(repository.path / "app.py")  # tracked as a file
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(repository.path / "socket"))
        commit, tree = await bench.fetch(repository.path)
    assert commit.dirty
    assert await tree.paths() == ("web/index.html",)


async def test_a_link_out_of_the_folder_is_refused(bench: Bench, plain: Path) -> None:
    (plain / "data").symlink_to("/etc")
    error = await bench.refusal(plain)
    assert (error.code, "'/etc'" in error.message) == ("link_leaves_tree", True)


async def test_files_never_come_through_a_link(bench: Bench, repository: GitRepository, tmp_path: Path) -> None:
    """A tracked folder that was replaced by a link elsewhere."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "index.html").write_text("secret")
    (repository.path / "web" / "index.html").unlink()
    (repository.path / "web").rmdir()
    (repository.path / "web").symlink_to(tmp_path / "outside")
    assert (await bench.refusal(repository.path)).code == "link_leaves_tree"
    repository.write(".gitignore", "web\n")  # hides the link, not what git tracks behind it
    assert await (await bench.fetch(repository.path))[1].paths() == (".gitignore", "app.py")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_files": 1}, "too_many_files"),
        ({"max_bytes": 5}, "too_large"),
        ({"max_file_bytes": 5}, "file_too_large"),
    ],
)
async def test_a_folder_has_limits_too(
    limits: dict[str, int], code: str, new_bench: NewBench, repository: GitRepository
) -> None:
    bench = new_bench(replace(LOOPBACK, **limits))  # type: ignore[arg-type]
    assert (await bench.refusal(repository.path)).code == code


async def test_a_sparse_file_of_terabytes_is_refused_at_once(bench: Bench, plain: Path) -> None:
    with (plain / "disk.img").open("wb") as file:
        file.truncate(1 << 41)
    assert (await bench.refusal(plain)).code in ("file_too_large", "too_large")


async def test_a_folder_that_is_not_there_or_no_folder_is_named(bench: Bench, plain: Path) -> None:
    assert (await bench.refusal(plain / "nope")).code == "folder_not_found"
    assert (await bench.refusal(plain / "app.py" / "nope")).code == "folder_not_found"
    assert (await bench.refusal(plain / "app.py")).code == "not_a_folder"


async def test_a_folder_with_nothing_to_deploy_is_named(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "nothing" / "node_modules").mkdir(parents=True)
    assert (await bench.refusal(tmp_path / "nothing")).code == "empty_folder"
    repository = GitRepository(tmp_path / "ignored")
    repository.write("a.txt", "x")
    (repository.path / "a.txt").unlink()
    assert (await bench.refusal(repository.path)).code == "empty_folder"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may read everything, so it becomes someone else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(ORDINARY, ORDINARY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


async def test_what_may_not_be_read_is_named(public_folder: Path) -> None:
    app = public_folder / "app"
    (app / "inner").mkdir(parents=True)
    (app / "a.py").write_text("x")

    async def run(command: Command) -> Outcome:
        return await run_directly(replace(command, file_limit_bytes=None))  # only root may limit who was just root

    sources, repository = Sources(public_folder / "sources", LOOPBACK, run), Repository(str(app))
    await sources.fetch(repository)  # all that is imported late has been
    (app / "a.py").chmod(0)
    for file in public_folder.rglob("*"):
        os.chown(file, ORDINARY if os.geteuid() == 0 else -1, -1, follow_symlinks=False)
    with as_ordinary_user():
        with pytest.raises(SourceError) as caught:
            await sources.fetch(repository)
        app.chmod(0)
        with pytest.raises(SourceError) as also_caught:
            await sources.fetch(repository)
    assert (caught.value.code, also_caught.value.code) == ("unreadable", "unreadable")
    assert str(app / "a.py") in caught.value.message


async def test_a_folder_that_changed_since_is_not_passed_off_as_the_same(bench: Bench, plain: Path) -> None:
    repository = Repository(str(plain))
    commit, tree = await bench.sources.fetch(repository)
    assert await bench.sources.checkout(repository, commit) == tree.root
    (plain / "app.py").write_text("2\n")
    assert await bench.sources.checkout(repository, commit) == tree.root  # kept as it was
    with pytest.raises(SourceError) as caught:
        await bench.sources.checkout(repository, Commit("0" * 40, dirty=True))
    assert caught.value.code == "folder_changed"


async def test_a_copy_that_is_cancelled_leaves_nothing(plain: Path, tmp_path: Path) -> None:
    for number in range(500):
        (plain / f"{number}.txt").write_text("x")

    async def cancel_after(command: Command) -> Outcome:
        outcome = await run_directly(command)
        if command.argv[1] == "ls-files":
            asyncio.get_running_loop().call_later(0, task.cancel)
        return outcome

    task = asyncio.create_task(Sources(tmp_path / "s", LOOPBACK, cancel_after).fetch(Repository(str(plain))))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((tmp_path / "s" / "tmp").iterdir()) == []
    assert list((tmp_path / "s" / "checkouts").iterdir()) == []


async def test_the_copy_shares_nothing_with_the_folder(bench: Bench, plain: Path) -> None:
    _, tree = await bench.fetch(plain)
    with (plain / "app.py").open("r+") as file:
        file.write("9")
    assert await tree.read("app.py") == b"1\n"
