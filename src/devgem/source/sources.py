"""Repositories into checkouts."""

from collections.abc import Container
from pathlib import Path

from devgem.domain.app import Commit, Repository
from devgem.source.command import Run, run_directly
from devgem.source.policy import Policy
from devgem.source.tree import FolderTree


class Sources:
    """Fetches repositories into `root`, a folder of its own, through `run`."""

    def __init__(self, root: Path, policy: Policy, run: Run = run_directly) -> None:
        self._root = root
        self._policy = policy
        self._run = run

    async def fetch(self, repository: Repository, *, authorization: str | None = None) -> tuple[Commit, FolderTree]:
        """Finds the commit that the repository's ref names now, and fetches it. Raises SourceError."""
        raise NotImplementedError

    async def checkout(self, repository: Repository, commit: Commit, *, authorization: str | None = None) -> Path:
        """The files of exactly this commit as a folder, which must not be changed. Raises SourceError."""
        raise NotImplementedError

    async def prune(self, keep: Container[str]) -> None:
        """Removes the checkouts of commits whose SHA is not in `keep`, except those used within the last hour."""
        raise NotImplementedError
