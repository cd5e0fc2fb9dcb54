"""Repositories that are empty, broken, too large or made to do harm (T-31, F-73, F-74)."""

import os
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.source import Policy

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository

NewBench = Callable[[Policy], Bench]


@pytest.fixture
def empty(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "empty")


def url(repository: GitRepository) -> str:
    return f"file://{repository.path}"


async def test_a_repository_without_commits_is_empty(bench: Bench, empty: GitRepository) -> None:
    assert (await bench.refusal(url(empty))).code == "empty_repository"


async def test_a_commit_without_files_is_empty(bench: Bench, empty: GitRepository) -> None:
    empty.commit()
    assert (await bench.refusal(url(empty))).code == "empty_repository"


async def test_a_default_branch_that_is_gone_is_named_with_the_others(bench: Bench, repository: GitRepository) -> None:
    repository.git("branch", "develop")
    repository.git("symbolic-ref", "HEAD", "refs/heads/gone")
    error = await bench.refusal(url(repository))
    assert (error.code, error.fix) == ("no_default_branch", "Name one with --ref: develop, main.")


async def test_a_detached_default_branch_is_fetched(bench: Bench, repository: GitRepository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    assert (await bench.fetch(url(repository)))[0].sha == repository.sha()


@pytest.mark.parametrize("ref", ["nope", "v9", "feature/nope", "abcdef1", "refs/heads/nope"])
async def test_a_ref_that_is_not_there_is_named(ref: str, bench: Bench, repository: GitRepository) -> None:
    error = await bench.refusal(url(repository), ref=ref)
    assert error.code == "no_such_ref"
    assert repr(ref) in error.message


async def test_a_tag_of_a_single_file_is_no_commit(bench: Bench, repository: GitRepository) -> None:
    repository.git("tag", "blob", "HEAD:app.py")
    assert (await bench.refusal(url(repository), ref="blob")).code == "no_such_ref"


async def test_a_commit_that_nobody_has_is_unavailable(bench: Bench, repository: GitRepository) -> None:
    assert (await bench.refusal(url(repository), ref="f" * 40)).code == "commit_unavailable"


async def test_a_short_sha_of_two_commits_is_ambiguous(bench: Bench, repository: GitRepository) -> None:
    by_start: dict[str, str] = {}
    for number in range(2000):
        sha = repository.git("commit-tree", "HEAD^{tree}", "-m", str(number))
        other = by_start.setdefault(sha[:4], sha)
        if other != sha:
            break
    repository.git("branch", "one", other)
    repository.git("branch", "two", sha)
    assert (await bench.refusal(url(repository), ref=sha[:4])).code == "ambiguous_ref"
    for name, tip in (("one", other), ("two", sha)):  # and neither of them a tip
        repository.git("branch", "--force", name, repository.git("commit-tree", "HEAD^{tree}", "-p", tip, "-m", name))
    assert (await bench.refusal(url(repository), ref=sha[:4])).code == "ambiguous_ref"


async def test_a_folder_without_git_is_not_a_repository(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert (await bench.refusal(f"file://{tmp_path}/plain")).code == "not_a_repository"
    assert (await bench.refusal(f"file://{tmp_path}/gone")).code == "repository_not_found"


async def test_damaged_objects_are_said_to_be_damaged(bench: Bench, repository: GitRepository) -> None:
    blob = repository.sha("HEAD:app.py")
    loose = repository.path / ".git/objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.write_bytes(zlib.compress(b"blob 3\0abc"))
    assert (await bench.refusal(url(repository))).code == "corrupt_repository"


async def test_another_object_format_is_named(bench: Bench, tmp_path: Path) -> None:
    modern = GitRepository(tmp_path / "modern", "--object-format=sha256")
    modern.commit({"a": "b"})
    assert (await bench.refusal(url(modern))).code == "unsupported_format"


async def test_a_repository_of_submodules_only_is_refused(bench: Bench, empty: GitRepository) -> None:
    gitmodules = b'[submodule "a"]\n\tpath = a\n\turl = https://example.org/a\n'
    empty.commit_tree(("160000", "a", "1" * 40), ("100644", ".gitmodules", gitmodules), ("100644", "README.md", b"hi"))
    error = await bench.refusal(url(empty))
    assert (error.code, error.fix) == ("only_submodules", "Deploy one of them: a.")


async def test_submodules_beside_an_app_are_left_out_and_noted(bench: Bench, empty: GitRepository) -> None:
    empty.commit_tree(("160000", "lib", "1" * 40), ("100644", "app.py", b"x"))
    _, tree = await bench.fetch(url(empty))
    assert tree.notes == ("Submodules are not fetched: lib.",)
    assert await tree.paths() == ("app.py",)
    assert (await bench.fetch(url(empty)))[1].notes == tree.notes


async def test_nothing_that_a_gitmodules_file_says_is_run(bench: Bench, empty: GitRepository, tmp_path: Path) -> None:
    """CVE-2018-17456, CVE-2025-48384: options and line ends in a submodule's address or path."""
    proof = tmp_path / "proof"
    text = f'[submodule "a"]\n\tpath = "a\r"\n\turl = "-u touch {proof}"\n\tupdate = !touch {proof}\n'
    empty.commit_tree(("160000", "a", "1" * 40), ("100644", ".gitmodules", text.encode()), ("100644", "app.py", b"x"))
    await bench.refusal(url(empty))
    assert not proof.exists()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


async def test_lfs_pointers_of_the_app_are_refused(bench: Bench, repository: GitRepository) -> None:
    repository.commit({"web/logo.png": POINTER, "web/b.png": POINTER, ".gitattributes": "*.png filter=lfs\n"})
    error = await bench.refusal_after_checkout(url(repository))
    assert error.code == "lfs_pointers"
    assert error.message.startswith("'web/b.png' and 1 other files")


async def test_lfs_pointers_elsewhere_are_noted(bench: Bench, repository: GitRepository) -> None:
    repository.commit({"docs/demo.mp4": POINTER, "api/main.py": "x"})
    _, tree = await bench.fetch(url(repository))
    assert len(tree.notes) == 1 and "Git LFS" in tree.notes[0]
    repository.commit({"web/logo.png": POINTER})
    assert (await bench.fetch(url(repository), dir="api"))[1].notes
    assert (await bench.refusal_after_checkout(url(repository), dir="web")).code == "lfs_pointers"


async def test_a_filter_that_a_repository_asks_for_is_not_run(bench: Bench, repository: GitRepository) -> None:
    repository.commit({".gitattributes": "* filter=evil ident text=auto eol=lf\n"})
    repository.git("config", "filter.evil.smudge", "touch /tmp/devgem-was-here; cat")
    _, tree = await bench.fetch(url(repository))
    assert await tree.read("app.py") == b"print('hello')\n"


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../outside",
        "web/../../outside",
        "..",
        "/",
        "web/up/../outside",
        "//etc",
        "./../../../../etc/shadow",
    ],
)
async def test_a_link_out_of_the_tree_is_refused(target: str, bench: Bench, empty: GitRepository) -> None:
    empty.commit_tree(
        ("100644", "app.py", b"x"),
        ("120000", "out", target.encode()),
        ("120000", "web/up", b".."),
        ("100644", "web/a", b"x"),
    )
    error = await bench.refusal(url(empty))
    assert error.code == "link_leaves_tree"
    assert target in error.message


async def test_links_inside_the_tree_are_kept(bench: Bench, empty: GitRepository) -> None:
    empty.commit_tree(
        ("100644", "app.py", b"x"),
        ("120000", "main.py", b"app.py"),
        ("120000", "web/main.py", b"../app.py"),
        ("120000", "dangling", b"nothing"),
        ("120000", "loop", b"loop"),
        ("120000", "all", b"web"),
    )
    _, tree = await bench.fetch(url(empty))
    assert await tree.paths() == ("app.py", "main.py", "web/main.py")
    assert await tree.read("web/main.py") == b"x"


@pytest.mark.parametrize(
    "path",
    [
        "..", ".", ".git", ".GIT", ".Git", "git~1", ".git ", ".git.", ".g\u200cit", "../evil", "a/..", "a/.git",
        ".git/config", "a/.GIT", "x" * 256, "a/" + "x" * 300, ".git\\config",
    ],
)  # fmt: skip
async def test_a_name_that_could_lead_elsewhere_is_refused(path: str, bench: Bench, empty: GitRepository) -> None:
    empty.commit_tree(("100644", "app.py", b"x"), ("100644", path, b"evil"))
    assert (await bench.refusal(url(empty))).code in {"unsafe_path", "empty_repository"}
    assert not (bench.root / "evil").exists()


async def test_names_that_only_look_dangerous_are_kept(bench: Bench, empty: GitRepository) -> None:
    names = ["-rf", "--help", "$(id)", "`id`", "a b", "*", "café", ";", "a\nRUN id", "\x1b[31m", os.fsdecode(b"\xff")]
    empty.commit_tree(*(("100644", name, name.encode("utf-8", "surrogateescape")) for name in names))
    _, tree = await bench.fetch(url(empty))
    assert sorted(file.name for file in tree.root.iterdir()) == sorted(names)
    assert await tree.paths() == tuple(sorted(name for name in names if name.isprintable()))
    assert await tree.read("-rf") == b"-rf"


@pytest.mark.parametrize(
    "names",
    [("README", "readme"), ("Café", "Cafe\u0301"), ("a/x", "A/y"), ("straße", "STRASSE"), ("Web", "web/index.html")],
)
async def test_names_that_are_one_elsewhere_are_refused(
    names: tuple[str, str], bench: Bench, empty: GitRepository
) -> None:
    empty.commit_tree(*(("100644", name, b"x") for name in names))
    assert (await bench.refusal(url(empty))).code == "path_collision"


async def test_too_many_files_are_refused_before_they_are_written(
    new_bench: NewBench, repository: GitRepository
) -> None:
    repository.commit({f"f{number}": "x" for number in range(20)})
    bench = new_bench(replace(LOOPBACK, max_files=10))
    assert (await bench.refusal(url(repository))).code == "too_many_files"
    assert "read-tree" not in [command.argv[1] for command in bench.commands]


async def test_a_tree_bomb_is_refused(new_bench: NewBench, empty: GitRepository) -> None:
    """Each folder holds ten times the one below: ten million files out of eight objects."""
    tree = empty._tree([("100644", f"f{number}", b"x") for number in range(10)])
    for _ in range(6):
        tree = empty._tree([("40000", f"d{number}", tree) for number in range(10)])
    empty.git("update-ref", "refs/heads/main", empty.git("commit-tree", tree, "-m", "bomb"))
    bench = new_bench(replace(LOOPBACK, max_files=10_000))
    assert (await bench.refusal(url(empty))).code == "too_many_files"


async def test_a_file_of_zeros_is_refused_before_it_is_written(new_bench: NewBench, repository: GitRepository) -> None:
    """20 MB that travel as 20 kB."""
    repository.commit({"zeros": bytes(20 << 20)})
    bench = new_bench(replace(LOOPBACK, max_file_bytes=1 << 20))
    error = await bench.refusal(url(repository))
    assert (error.code, error.message) == ("file_too_large", "'zeros' is larger than 1 MiB")
    assert "read-tree" not in [command.argv[1] for command in bench.commands]


async def test_many_files_that_are_large_together_are_refused(new_bench: NewBench, repository: GitRepository) -> None:
    repository.commit({f"zeros{number}": bytes(1 << 20) for number in range(8)})
    bench = new_bench(replace(LOOPBACK, max_bytes=4 << 20))
    assert (await bench.refusal(url(repository))).code == "too_large"


async def test_a_huge_pack_is_cut_off(new_bench: NewBench, repository: GitRepository) -> None:
    repository.commit({"noise": os.urandom(4 << 20)})
    bench = new_bench(replace(LOOPBACK, max_bytes=1 << 20))
    error = await bench.refusal(url(repository))
    assert (error.code, "1 MiB" in error.message) == ("too_large", True)
    assert [command.argv[1] for command in bench.commands][-1] == "fetch"


async def test_a_great_many_branches_do_no_harm(bench: Bench, repository: GitRepository) -> None:
    sha = repository.sha()
    packed = "".join(f"{sha} refs/heads/b{number:06}\n" for number in range(200_000))
    (repository.path / ".git/packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted\n" + packed)
    assert (await bench.fetch(url(repository), ref="b123456"))[0].sha == sha
    assert (await bench.fetch(url(repository), ref=sha[:9]))[0].sha == sha


async def test_a_folder_that_the_commit_does_not_have_is_named(bench: Bench, repository: GitRepository) -> None:
    assert (await bench.refusal_after_checkout(url(repository), dir="nope")).code == "no_such_dir"
    assert (await bench.refusal_after_checkout(url(repository), dir="app.py")).code == "no_such_dir"
    assert (await bench.fetch(url(repository), dir="web"))[0].sha == repository.sha()


async def test_file_addresses_need_permission(new_bench: NewBench, repository: GitRepository) -> None:
    bench = new_bench(Policy())
    assert (await bench.refusal(url(repository))).code == "local_source_refused"
    assert bench.commands == []


async def test_a_hook_or_a_setting_of_a_local_repository_runs_nothing(
    bench: Bench, repository: GitRepository, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-receive"):
        repository.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {proof}\n")
        (repository.path / ".git/hooks" / hook).chmod(0o755)
    for setting in ("core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.gitProxy", "core.askPass"):
        repository.git("config", setting, f"touch {proof}")
    assert (await bench.fetch(url(repository)))[0].sha == repository.sha()
    assert (await bench.fetch(repository.path))[0].sha == repository.sha()
    assert not proof.exists()


async def test_the_hosts_own_git_configuration_is_not_read(
    bench: Bench, repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = tmp_path / "proof"
    (tmp_path / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = "touch {proof}"\n[credential]\n\thelper = "!touch {proof}"\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='touch {proof}'")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    await bench.fetch(repository.path)
    await bench.fetch(url(repository))
    assert not proof.exists()
    assert not any("hunter2" in command.env.values() for command in bench.commands)
