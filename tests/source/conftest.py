import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.source import Command, FolderTree, Outcome, Policy, Sources, run_directly

from .git_repository import GitRepository
from .http_server import GitServer, serving

LOOPBACK = Policy(allow_private_addresses=True, allow_file_urls=True, allow_http=True, timeout_seconds=30)


class Bench:
    """A `Sources` with its commands noted down."""

    def __init__(self, root: Path, policy: Policy = LOOPBACK) -> None:
        self.root = root
        self.commands: list[Command] = []
        self.sources = Sources(root, policy, self._run, resolve=self._resolve)
        self.hosts: dict[str, Sequence[str]] = {}

    async def fetch(self, location: str | Path, **more: str) -> tuple[Commit, FolderTree]:
        return await self.sources.fetch(Repository(str(location), **more))

    async def refusal(self, location: str | Path, **more: str) -> SourceError:
        """The error that fetching ends with; no checkout may have come of it."""
        error = await self.refusal_after_checkout(location, **more)
        assert list((self.root / "checkouts").iterdir()) == []
        return error

    async def refusal_after_checkout(self, location: str | Path, **more: str) -> SourceError:
        """The error that fetching ends with, though there may be a checkout that another app could use."""
        with pytest.raises(SourceError) as caught:
            await self.fetch(location, **more)
        assert caught.value.fix
        assert list((self.root / "tmp").iterdir()) == []
        return caught.value

    async def _run(self, command: Command) -> Outcome:
        self.commands.append(command)
        return await run_directly(command)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        if host not in self.hosts:
            raise OSError(f"no host {host}")
        return self.hosts[host]


@pytest.fixture
def new_bench(tmp_path: Path) -> Callable[[Policy], Bench]:
    numbers = itertools.count()
    return lambda policy: Bench(tmp_path / f"sources{next(numbers)}", policy)


@pytest.fixture
def bench(new_bench: Callable[[Policy], Bench]) -> Bench:
    return new_bench(LOOPBACK)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "work")
    repository.commit({"app.py": "print('hello')\n", "web/index.html": "<h1>hi</h1>\n"}, "The first one")
    return repository


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as server:
        yield server
