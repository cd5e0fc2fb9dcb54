"""Over file:// and over smart HTTP: what is fetched, how, and with which named error it is refused."""

import asyncio
import base64
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.source import Policy

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository
from .http_server import Answer, GitServer, command_lines


@pytest.fixture
def url(server: GitServer, repository: GitRepository) -> str:
    repository.bare(server.root / "app.git")
    return f"{server.url}/app.git"


async def test_the_default_branch_is_fetched_and_pinned(bench: Bench, url: str, repository: GitRepository) -> None:
    commit, tree = await bench.fetch(url)
    assert commit == Commit(repository.sha(), False, "The first one")
    assert await tree.paths() == ("app.py", "web/index.html")
    assert await tree.read("app.py") == b"print('hello')\n"
    assert not (tree.root / ".git").exists()


async def test_a_fetch_takes_one_conversation_with_the_server(bench: Bench, server: GitServer, url: str) -> None:
    await bench.fetch(url)
    assert [(method, path.partition("?")[0]) for method, path, _ in server.seen] == [
        ("GET", "/app.git/info/refs"),
        ("POST", "/app.git/git-upload-pack"),
        ("POST", "/app.git/git-upload-pack"),
    ]
    networked = [command for command in bench.commands if command.network]
    assert [command.argv[1] for command in networked] == ["fetch"]


async def test_only_the_last_commit_is_fetched(
    bench: Bench, url: str, server: GitServer, repository: GitRepository
) -> None:
    old = repository.sha()
    repository.commit({"app.py": "2\n"})
    repository.git("push", "--quiet", str(server.root / "app.git"), "main")
    await bench.fetch(url)
    kept = next((bench.root / "repositories").iterdir())
    assert (kept / "shallow").read_text().strip() == repository.sha()
    assert old not in (kept / "shallow").read_text()


async def test_a_branch_a_tag_and_a_commit_are_found(
    bench: Bench, url: str, server: GitServer, repository: GitRepository
) -> None:
    first = repository.sha()
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "--message=x", "v1")
    repository.git("switch", "--quiet", "--create", "feature/one")
    second = repository.commit({"app.py": "2\n"})
    third = repository.commit({"app.py": "3\n"})
    repository.git("push", "--quiet", "--all", str(server.root / "app.git"))
    repository.git("push", "--quiet", "--tags", str(server.root / "app.git"))
    expected = {
        "main": first, "light": first, "v1": first, "refs/tags/v1": first, "feature/one": third, "HEAD": first,
        third: third, second: second, third[:8]: third, second[:7]: second,
    }  # fmt: skip
    for ref, sha in expected.items():
        commit, tree = await bench.fetch(url, ref=ref)
        assert commit.sha == sha, ref
        assert await tree.read("app.py") == repository.git("show", f"{sha}:app.py").encode() + b"\n"


async def test_a_redeploy_transfers_only_what_is_new(
    bench: Bench, url: str, server: GitServer, repository: GitRepository
) -> None:
    repository.commit({"big.bin": os.urandom(300_000)})
    repository.git("push", "--quiet", str(server.root / "app.git"), "main")
    await bench.fetch(url)
    repository.commit({"app.py": "2\n"})
    repository.git("push", "--quiet", str(server.root / "app.git"), "main")
    commit, tree = await bench.fetch(url)
    assert commit.sha == repository.sha()
    assert await tree.read("app.py") == b"2\n"
    assert (tree.root / "big.bin").stat().st_size == 300_000
    kept = next((bench.root / "repositories").iterdir())
    assert min(pack.stat().st_size for pack in kept.glob("objects/pack/*.pack")) < 2_000


async def test_an_unchanged_commit_is_neither_fetched_nor_written_again(bench: Bench, url: str) -> None:
    _, first = await bench.fetch(url)
    bench.commands.clear()
    _, second = await bench.fetch(url)
    assert first.root == second.root
    assert [command.argv[1] for command in bench.commands] == ["fetch"]


async def test_a_checkout_comes_from_the_cache_or_by_its_sha(
    bench: Bench, url: str, repository: GitRepository, server: GitServer
) -> None:
    location = Repository(url, ref="main")
    commit, tree = await bench.sources.fetch(location)
    bench.commands.clear()
    assert await bench.sources.checkout(location, commit) == tree.root
    assert bench.commands == []
    repository.commit({"app.py": "newer\n"})
    repository.git("push", "--quiet", str(server.root / "app.git"), "main")
    again = Bench(bench.root.with_name("elsewhere"))
    files = await again.sources.checkout(location, commit)
    assert (files / "app.py").read_text() == "print('hello')\n"


async def test_the_checkout_of_one_address_does_not_open_to_another(bench: Bench, url: str) -> None:
    commit, _ = await bench.fetch(url)
    with pytest.raises(SourceError) as caught:
        await bench.sources.checkout(Repository(url.replace("app.git", "other.git")), commit)
    assert caught.value.code == "repository_not_found"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "repository_private"),
        (403, "repository_private"),
        (404, "repository_not_found"),
        (410, "repository_not_found"),
        (451, "repository_blocked"),
        (429, "host_busy"),
        (500, "host_busy"),
        (503, "host_busy"),
    ],
)
async def test_an_http_status_has_its_name(status: int, code: str, bench: Bench, server: GitServer) -> None:
    server.answers["a"] = lambda path: (status, {}, b"no")
    error = await bench.refusal(f"{server.url}/a/b")
    assert (error.code, "/a/b" in error.message or "127.0.0.1" in error.message) == (code, True)


@pytest.mark.parametrize("page", [b"<h1>Hello</h1>", b"<html>\n<h1>Hello</h1>\n</html>\n", b""])
async def test_a_web_page_is_not_a_repository(page: bytes, bench: Bench, server: GitServer) -> None:
    server.answers["page"] = lambda path: (200, {"Content-Type": "text/html"}, page)
    assert (await bench.refusal(f"{server.url}/page")).code == "not_a_repository"


async def test_garbage_that_claims_to_be_git_is_a_named_error(bench: Bench, server: GitServer) -> None:
    kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    server.answers["junk"] = lambda path: (200, kind, b"\x00\xff\x1b[31mzzzz" * 100)
    error = await bench.refusal(f"{server.url}/junk")
    assert error.code in {"not_a_repository", "host_unreachable"}
    assert "\x1b" not in error.message


async def test_a_closed_port_is_unreachable(bench: Bench, server: GitServer, repository: GitRepository) -> None:
    gone = server.url
    server.server_close()
    assert (await bench.refusal(f"{gone}/a")).code == "host_unreachable"


async def test_a_renamed_repository_is_found_at_its_new_path(
    bench: Bench, server: GitServer, url: str, repository: GitRepository
) -> None:
    server.answers["older"] = lambda path: (301, {"Location": server.url + path.replace("older", "old", 1)}, b"")
    server.answers["old"] = lambda path: (301, {"Location": server.url + path.replace("old", "app.git", 1)}, b"")
    assert (await bench.fetch(f"{server.url}/older"))[0].subject == "The first one"
    first = repository.sha()
    repository.commit()
    repository.git("push", "--quiet", str(server.root / "app.git"), "main")
    assert (await bench.fetch(f"{server.url}/older", ref=first[:9]))[0].sha == first


async def test_a_relative_redirect_is_followed_too(bench: Bench, server: GitServer, url: str) -> None:
    server.answers["old"] = lambda path: (308, {"Location": path.replace("old", "app.git", 1)}, b"")
    assert (await bench.fetch(f"{server.url}/old"))[0].subject == "The first one"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/app.git/info/refs?service=git-upload-pack",
        "http://169.254.169.254/latest/info/refs?service=git-upload-pack",
        "https://evil.example/app.git/info/refs?service=git-upload-pack",
        "//evil.example/app.git/info/refs?service=git-upload-pack",
        "file:///etc/passwd",
        "ext::sh -c id",
        "{server}@evil.example/app.git/info/refs?service=git-upload-pack",
        "{server}/login",
    ],
)
async def test_a_redirect_to_anywhere_else_is_not_followed(
    target: str, bench: Bench, server: GitServer, url: str
) -> None:
    location = target.replace("{server}", server.url)
    server.answers["moved"] = lambda path: (302, {"Location": location}, b"")
    assert (await bench.refusal(f"{server.url}/moved")).code == "redirected_elsewhere"
    assert {path.split("/")[1] for _, path, _ in server.seen} == {"moved"}


async def test_a_redirect_loop_ends(bench: Bench, server: GitServer) -> None:
    server.answers["loop"] = lambda path: (301, {"Location": server.url + path}, b"")
    assert (await bench.refusal(f"{server.url}/loop")).code == "too_many_redirects"


async def test_a_server_that_never_answers_is_given_up(new_bench: Callable[[Policy], Bench], server: GitServer) -> None:
    bench = new_bench(replace(LOOPBACK, timeout_seconds=1))

    def wait(path: str) -> Answer:
        server.released.wait()
        return 200, {}, b""

    server.answers["slow"] = wait
    assert (await bench.refusal(f"{server.url}/slow")).code == "too_slow"
    assert not any(f"{server.url}/slow" in line for line in command_lines())


async def test_a_fetch_that_is_cancelled_leaves_nothing(bench: Bench, server: GitServer) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(path: str) -> Answer:
        loop.call_soon_threadsafe(asked.set)
        server.released.wait()
        return 200, {}, b""

    server.answers["slow"] = wait
    task = asyncio.create_task(bench.fetch(f"{server.url}/slow"))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((bench.root / "tmp").iterdir()) == []
    assert not any(f"{server.url}/slow" in line for line in command_lines())


async def test_a_credential_reaches_the_server_and_nothing_else(
    bench: Bench, server: GitServer, url: str, repository: GitRepository
) -> None:
    secret = base64.b64encode(b"x-access-token:ghs_0123456789abcdef").decode()
    server.token = f"Basic {secret}"
    seen: list[str] = []

    def move(path: str) -> Answer:
        seen.extend(command_lines())
        return 301, {"Location": path.replace("old", "app.git", 1)}, b""

    server.answers["old"] = move
    commit, _ = await bench.sources.fetch(Repository(f"{server.url}/old"), authorization=server.token)
    assert commit.sha == repository.sha()
    assert any("/old" in line for line in seen) and not any(secret in line for line in seen)
    assert not any(secret in word for command in bench.commands for word in command.argv)
    assert not any(secret in repr(command) for command in bench.commands)
    for file in bench.root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()
    assert (await Bench(bench.root / "without").refusal(url)).code == "repository_private"


async def test_a_credential_is_for_one_host_only(bench: Bench, server: GitServer) -> None:
    server.answers["a"] = lambda path: (
        301,
        {"Location": "http://127.0.0.1:1/a/info/refs?service=git-upload-pack"},
        b"",
    )
    with pytest.raises(SourceError) as caught:
        await bench.sources.fetch(Repository(f"{server.url}/a"), authorization="Basic abcdef")
    assert caught.value.code == "redirected_elsewhere"
    keys = [value for command in bench.commands for key, value in command.env.items() if "extraHeader" in value]
    assert set(keys) == {f"http.{server.url}/.extraHeader"}
