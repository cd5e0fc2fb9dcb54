"""A commit read through the API is the same tree as its checkout."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgem.domain.app import Repository
from devgem.domain.errors import NotFound, SourceError
from devgem.source import Policy, Sources
from devgem.source.github import ApiTree, GitHub
from devgem.source.github.blobs import At
from devgem.stack import detect
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 123456\n"


@pytest.fixture
async def github(api: GitHubApi) -> AsyncIterator[GitHub]:
    client = GitHub(api.url)
    yield client
    await client.close()


async def tree_of(
    api: GitHubApi, github: GitHub, repository: GitRepository, dir: str = ".", policy: Policy | None = None
) -> ApiTree:
    """Of the repository's main branch, served as a new one."""
    slug = f"ada/r{len(api.world.repos)}"
    repository.bare(api.root / slug)
    api.add_repo(Repo(slug, private=True))
    commit = await github.commit(slug, "main", api.token)
    return await ApiTree.open(At(github, slug, commit, api.token), policy or Policy(), dir)


def made(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "made")


async def test_it_lists_and_reads_what_a_checkout_has(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({"a/b/c.txt": "deep", "é ü.txt": "accents", "run.sh": "#!/bin/sh", "data.bin": b"\0\1" * 3000})
    for link, target in {
        "link": "a/b/c.txt",
        "a/up": "../run.sh",
        "chain": "link",
        "hollow": "none",
        "dir": "a",
    }.items():
        (repository.path / link).symlink_to(target)
    repository.commit()
    seen = await tree_of(api, github, repository)
    sources = Sources(tmp_path / "sources", Policy(allow_file_urls=True))
    _, folder = await sources.fetch(Repository(f"file://{repository.path}"))
    assert await seen.paths() == await folder.paths()
    for path in await seen.paths():
        assert await seen.read(path) == await folder.read(path)
    assert await seen.read("data.bin", 5) == b"\0\1\0\1\0"
    with pytest.raises(NotFound):
        await seen.read("a/none")


async def test_files_are_fetched_when_they_are_read_and_once(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({f"f{n}.txt": str(n) for n in range(40)})
    seen = await tree_of(api, github, repository)
    assert not [s for s in api.seen if "/blobs/" in s.path]
    for _ in range(3):
        assert await seen.read("f7.txt") == b"7"
    assert len([s for s in api.seen if "graphql" in s.path]) == 1
    for n in range(10, 40):
        assert await seen.read(f"f{n}.txt") == str(n).encode()
    assert len([s for s in api.seen if "graphql" in s.path or "/blobs/" in s.path]) == 2
    assert all(api.token not in s.path for s in api.seen)


async def test_without_a_token_few_requests_are_made(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({f"f{n}.py": f"# {n}" for n in range(40)})
    repository.bare(api.root / "ada/public")
    commit = await github.commit("ada/public", "main", None)
    seen = await ApiTree.open(At(github, "ada/public", commit, None), Policy())
    for n in range(40):
        assert await seen.read(f"f{n}.py") == f"# {n}".encode()
    assert len(api.seen) < 10


async def test_what_is_no_text_is_fetched_by_itself(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({"a.dat": b"\xff\xfe not utf-8", "b.dat": b"\0", "c.dat": "text"})
    seen = await tree_of(api, github, repository)
    assert await seen.read("a.dat") == b"\xff\xfe not utf-8"
    assert await seen.read("b.dat") == b"\0"
    assert await seen.read("c.dat") == b"text"


async def test_a_tree_that_is_listed_in_part_is_walked(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({"top.txt": "x", **{f"d{n}/e{m}/f.txt": f"{n}{m}" for n in range(6) for m in range(5)}})
    api.tree_limit = 15
    seen = await tree_of(api, github, repository)
    assert len(await seen.paths()) == 31
    assert await seen.read("d5/e4/f.txt") == b"54"


async def test_what_a_checkout_refuses_is_refused(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({"a.txt": "x"})
    (repository.path / "out").symlink_to("../../etc/passwd")
    repository.commit()
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository)
    assert caught.value.code == "link_leaves_tree"
    (repository.path / "out").unlink()
    repository.commit({"b.txt": "x" * 100})
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository, policy=Policy(max_files=1))
    assert caught.value.code == "too_many_files"
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository, policy=Policy(max_file_bytes=50))
    assert caught.value.code == "file_too_large"
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository, "none")
    assert caught.value.code == "no_such_dir"


async def test_submodules_and_pointers_are_said_as_a_checkout_says_them(
    api: GitHubApi, github: GitHub, tmp_path: Path
) -> None:
    repository = made(tmp_path)
    repository.commit({".gitattributes": "*.psd filter=lfs diff=lfs\n", "docs/big.psd": POINTER, "app.py": "x"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    repository.git("commit", "--quiet", "-m", "A submodule")
    seen = await tree_of(api, github, repository)
    assert seen.notes == (
        "Submodules are not fetched: vendor/lib.",
        "1 documents or test files are Git LFS pointers; the app does without.",
    )
    repository.commit({"logo.psd": POINTER})
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository)
    assert caught.value.code == "lfs_pointers"


async def test_hostile_names_are_refused_or_left_out(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit({"app.py": "x", "esc\x1b[31m.txt": "x", "line\nbreak": "x"})
    assert await (await tree_of(api, github, repository)).paths() == ("app.py",)
    repository.commit_tree(("100644", "a.txt", b"x"), ("100644", ".GIT", b"x"))
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository)
    assert caught.value.code == "unsafe_path"


async def test_a_plan_is_made_of_it_with_few_calls(api: GitHubApi, github: GitHub, shop: GitRepository) -> None:
    seen = await tree_of(api, github, shop)
    plan = await detect(seen)
    assert plan.to_json()["framework"] == "flask"
    assert len(api.seen) < 15


async def test_links_beyond_number_are_not_followed(api: GitHubApi, github: GitHub, tmp_path: Path) -> None:
    repository = made(tmp_path)
    repository.commit_tree(("100644", "a.txt", b"x"), *(("120000", f"l{n:03d}", b"a.txt") for n in range(301)))
    with pytest.raises(SourceError) as caught:
        await tree_of(api, github, repository)
    assert caught.value.code == "too_many_links"
