"""Whatever happens, a checkout is whole or not there."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devgem.domain.app import Repository
from devgem.domain.errors import SourceError
from devgem.source import Command, Outcome, Policy, Sources, run_directly
from devgem.source.checkouts import Checkouts, Record

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("kind", ["file://", ""])
def test_a_kill_at_any_step_leaves_nothing_half_done(kind: str, repository: GitRepository, tmp_path: Path) -> None:
    program = Path(__file__).with_name("crash_points.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path / "s", f"{kind}{repository.path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


async def test_fetches_of_the_same_at_once_end_in_one_checkout(bench: Bench, repository: GitRepository) -> None:
    """By two parts of one program, and by two programs on one folder."""
    other = Bench(bench.root)
    url, folder = f"file://{repository.path}", str(repository.path)
    fetches = [each.fetch(location) for each in (bench, other) for location in (url, folder) for _ in range(4)]
    found = await asyncio.gather(*fetches)
    assert {commit.sha for commit, _ in found} == {repository.sha()}
    assert len({tree.root for _, tree in found}) == 2
    assert names(bench.root / "tmp") == set()
    assert len(names(bench.root / "repositories")) == 1


async def test_a_fetch_in_progress_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    job = Checkouts(tmp_path).begin()
    (tmp_path / "tmp" / "leftover" / "git").mkdir(parents=True)
    Checkouts(tmp_path)
    assert names(tmp_path / "tmp") == {job.folder.name}
    job.end()
    assert names(tmp_path / "tmp") == set()


@pytest.mark.parametrize("damage", ["pack", "HEAD", "shallow", "lock"])
async def test_a_damaged_cache_is_replaced(damage: str, bench: Bench, repository: GitRepository) -> None:
    url = f"file://{repository.path}"
    await bench.fetch(url)
    kept = next((bench.root / "repositories").iterdir())
    if damage == "pack":
        for pack in kept.glob("objects/pack/*"):
            pack.chmod(0o644)
            pack.write_bytes(b"garbage")
    elif damage == "HEAD":
        (kept / "HEAD").unlink()
    elif damage == "shallow":
        (kept / "shallow").write_text("nonsense\n")
    else:
        (kept / "shallow.lock").write_text("")
    repository.commit({"app.py": "2\n"})
    commit, tree = await bench.fetch(url)
    assert commit.sha == repository.sha()
    assert await tree.read("app.py") == b"2\n"


async def test_a_checkout_whose_record_is_lost_is_made_anew(bench: Bench, repository: GitRepository) -> None:
    url = f"file://{repository.path}"
    commit, tree = await bench.fetch(url)
    (tree.root.parent / "record.json").write_bytes(b"")
    (tree.root / "app.py").write_bytes(b"")
    again, tree = await bench.fetch(url)
    assert (again, await tree.read("app.py")) == (commit, b"print('hello')\n")


async def test_what_a_hijacked_git_leaves_in_the_cache_is_not_obeyed(
    bench: Bench, repository: GitRepository, tmp_path: Path
) -> None:
    """The process that talks to a server may run in a sandbox; what it wrote is read outside."""
    url, proof = f"file://{repository.path}", tmp_path / "proof"
    await bench.fetch(url)
    kept = next((bench.root / "repositories").iterdir())
    (kept / "config").write_text(f'[filter "evil"]\n\tsmudge = touch {proof}; cat\n\tprocess = touch {proof}\n')
    (kept / "info").mkdir()
    (kept / "info" / "attributes").write_text("* filter=evil\n")
    repository.commit({".gitattributes": "* filter=evil\n", "app.py": "2\n"})
    commit, tree = await bench.fetch(url)
    assert (commit.sha, await tree.read("app.py")) == (repository.sha(), b"2\n")
    assert (next((bench.root / "repositories").iterdir()) / "config").exists()  # the same one was used
    assert not proof.exists()


async def test_a_tip_that_is_no_sha_opens_no_other_folder(repository: GitRepository, tmp_path: Path) -> None:
    async def hijacked(command: Command) -> Outcome:
        outcome = await run_directly(command)
        if command.argv[1] == "fetch":
            (command.cwd / "refs/devgem/fetched").write_text("../../elsewhere")
        return outcome

    with pytest.raises(SourceError) as caught:
        await Sources(tmp_path / "s", LOOPBACK, hijacked).fetch(Repository(f"file://{repository.path}"))
    assert caught.value.code == "corrupt_repository"


async def test_prune_keeps_what_is_named_and_what_was_just_used(bench: Bench, repository: GitRepository) -> None:
    location = Repository(f"file://{repository.path}")
    commits = []
    for number in range(3):
        repository.commit({"app.py": f"{number}\n"})
        commits.append((await bench.sources.fetch(location))[0])
    old, kept, fresh = commits
    checkouts = {folder.name[:40]: folder for folder in (bench.root / "checkouts").iterdir()}
    for commit in (old, kept):
        age(checkouts[commit.sha], 2 * 3600)
    await bench.sources.prune({kept.sha})
    assert {name[:40] for name in names(bench.root / "checkouts")} == {kept.sha, fresh.sha}
    assert len(names(bench.root / "repositories")) == 1
    age(checkouts[fresh.sha], 2 * 3600)
    await bench.sources.checkout(location, fresh)  # counts as use
    await bench.sources.prune(set())
    assert {name[:40] for name in names(bench.root / "checkouts")} == {fresh.sha}
    age(next((bench.root / "repositories").iterdir()), 8 * 86400)
    await bench.sources.prune(set())
    assert names(bench.root / "repositories") == set()
    assert names(bench.root / "tmp") == set()
    files = await bench.sources.checkout(location, old)  # by its SHA, from the server
    assert (files / "app.py").read_text() == "0\n"


async def test_a_repository_that_has_grown_many_packs_starts_afresh(bench: Bench, repository: GitRepository) -> None:
    url = f"file://{repository.path}"
    counts = []
    for number in range(23):
        repository.commit({"app.py": f"{number}\n"})
        await bench.fetch(url)
        kept = list((bench.root / "repositories").iterdir())
        counts.append(len(list(kept[0].glob("objects/pack/*.pack"))) if kept else 0)
    assert max(counts) == 20
    assert counts[-1] < 5


def test_a_checkout_is_found_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    checkouts = Checkouts(tmp_path)
    job = checkouts.begin()
    files = job.folder / "files"
    files.mkdir()
    record = Record("a" * 40, True, "Why", ("lib",), ("logo.png",))
    kept = checkouts.keep("https://example.org/a", files, record)
    job.end()
    assert checkouts.find("https://example.org/a", "a" * 40) == kept
    assert checkouts.find("https://example.org/b", "a" * 40) is None
    assert kept.record == record


async def test_the_first_use_makes_the_folder(tmp_path: Path, repository: GitRepository) -> None:
    sources = Sources(tmp_path / "deep" / "down", Policy())
    commit, _ = await sources.fetch(Repository(str(repository.path)))
    assert commit.sha == repository.sha()
