"""The programs of this machine: git and ssh, missing, old, failing, or as they should be."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.domain.app import Repository
from devgem.domain.errors import SourceError
from devgem.source import Command, Outcome, Policy, Sources, run_directly
from devgem.source.errors import CODES, refusal, size

from .conftest import LOOPBACK, Bench
from .git_repository import GitRepository
from .http_server import GitServer

Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program of the test's own first on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def install(name: str, script: str) -> Path:
        (folder / name).write_text("#!/bin/sh\n" + script)
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder

    return install


async def test_a_machine_without_git_is_told_to_install_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert (await bench.refusal(tmp_path)).code == "git_missing"


async def test_a_git_that_cannot_pin_addresses_is_too_old(bench: Bench, tmp_path: Path, install: Install) -> None:
    install("git", "echo git version 2.34.1")
    error = await bench.refusal(tmp_path)
    assert (error.code, error.message, error.fix) == (
        "git_too_old", "git 2.34 is too old to fetch safely", "Install git 2.37 or newer.",
    )  # fmt: skip


async def test_a_program_that_is_no_git_is_no_git(bench: Bench, tmp_path: Path, install: Install) -> None:
    install("git", "echo hello")
    assert (await bench.refusal(tmp_path)).code == "git_missing"


async def test_a_failure_without_a_name_quotes_git(bench: Bench, repository: GitRepository, install: Install) -> None:
    install(
        "git",
        '[ "$1" = version ] && echo git version 2.50.0 || { echo "fatal: \033[31mthe moon is full" >&2; exit 128; }',
    )
    error = await bench.refusal(f"file://{repository.path}")
    assert error.code == "git_failed"
    assert error.message.endswith(": \x1b[31mthe moon is full") or error.message.endswith(": the moon is full")


async def test_what_the_server_says_through_git_decides_nothing(
    bench: Bench, repository: GitRepository, install: Install
) -> None:
    install(
        "git",
        '[ "$1" = version ] && echo git version 2.50.0 || { echo "remote: No space left on device" >&2; exit 128; }',
    )
    assert (await bench.refusal(f"file://{repository.path}")).code == "git_failed"


async def test_a_full_disk_is_said_to_be_full(repository: GitRepository, tmp_path: Path) -> None:
    async def full_for_git(command: Command) -> Outcome:
        if command.argv[1] == "fetch":
            return Outcome(
                128,
                stderr=b"error: file write error: No space left on device\nfatal: invalid index-pack output\n",
            )
        return await run_directly(command)

    async def full_for_us(command: Command) -> Outcome:
        raise OSError(errno.ENOSPC, "No space left on device")

    for run in (full_for_git, full_for_us):
        with pytest.raises(SourceError) as caught:
            await Sources(tmp_path / "s", LOOPBACK, run).fetch(Repository(f"file://{repository.path}"))
        assert caught.value.code == "disk_full"


async def test_other_trouble_of_ours_is_not_dressed_up(repository: GitRepository, tmp_path: Path) -> None:
    async def broken(command: Command) -> Outcome:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(OSError, match="Too many open files"):
        await Sources(tmp_path / "s", LOOPBACK, broken).fetch(Repository(f"file://{repository.path}"))


SSH = """printf '%s\\n' "$@" > {log}
env | sort > {log}.env
for last; do :; done
exec sh -c "$last"
"""


async def test_ssh_is_asked_for_the_pinned_host_and_nothing_else(
    bench: Bench, repository: GitRepository, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    install("ssh", SSH.format(log=log))
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("SECRET", "hunter2")
    bench.hosts = {"git.example.invalid": ["127.0.0.1"]}
    commit, _ = await bench.fetch(f"ssh://git@git.example.invalid:2222{repository.path}")
    assert commit.sha == repository.sha()
    words = log.read_text().splitlines()
    assert {
        "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oHostName=127.0.0.1", "-oProxyCommand=none",
        "-oHostKeyAlias=[git.example.invalid]:2222", "-oPermitLocalCommand=no", "-oForwardAgent=no", "-p", "2222",
        "git@git.example.invalid", "/dev/null",
    } <= set(words)  # fmt: skip
    environment = Path(f"{log}.env").read_text()
    assert "SSH_AUTH_SOCK=/run/agent\n" in environment and "hunter2" not in environment


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("git@h: Permission denied (publickey).", "ssh_denied"),
        (
            "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.",
            "ssh_host_unknown",
        ),
        ("ssh: connect to host 127.0.0.1 port 22: Connection refused", "host_unreachable"),
        ("ERROR: Repository not found.", "repository_not_found"),
    ],
)
async def test_what_ssh_says_has_its_name(words: str, code: str, bench: Bench, install: Install) -> None:
    rest = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights"
    install("ssh", f"cat >&2 <<'END'\n{words}\n{rest}\nEND\nexit 255\n")
    bench.hosts = {"h": ["127.0.0.1"]}
    assert (await bench.refusal("ssh://git@h/a")).code == code


async def test_ssh_can_be_switched_off(new_bench: Callable[[Policy], Bench]) -> None:
    bench = new_bench(replace(LOOPBACK, allow_ssh=False))
    assert (await bench.refusal("ssh://git@127.0.0.1/a")).code == "ssh_refused"
    assert bench.commands == []


async def test_github_can_be_elsewhere(
    new_bench: Callable[[Policy], Bench], server: GitServer, repository: GitRepository
) -> None:
    """The operator's own word: that address may be private, and any other still may not."""
    repository.bare(server.root / "ada" / "app")
    bench = new_bench(Policy(github_url=server.url + "/"))
    commit, _ = await bench.fetch("https://github.com/ada/app")
    assert commit.sha == repository.sha()
    for url, code in (
        (server.url.replace("127.0.0.1", "127.0.0.2"), "insecure_url"),
        ("https://127.0.0.1", "private_address"),
    ):
        assert (await bench.refusal_after_checkout(f"{url}/ada/app")).code == code


def test_every_code_of_the_table_has_a_test() -> None:
    texts = "".join(file.read_text() for file in Path(__file__).parent.rglob("test_*.py"))
    assert {code for code in CODES if f'"{code}"' not in texts} == set()


def test_a_table_row_without_its_facts_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        refusal("private_address", host="h")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (1023, "1.02e+03 bytes"), (1024, "1 KiB"), (1 << 30, "1 GiB"), (256 << 20, "256 MiB")],
)
def test_sizes_are_told_as_people_read_them(number: int, text: str) -> None:
    assert size(number) == text
