"""What the pipeline is made of: the collaborators that it is given."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devgem.clouds import Cloud
from devgem.domain.app import Commit, Repository
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.domain.tree import Tree
from devgem.pipeline.request import Limits
from devgem.source import FolderTree, NotedTree
from devgem.store import Store


class Sources(Protocol):
    """What the pipeline needs of devgem.source.Sources."""

    async def fetch(self, repository: Repository, *, user: str | None = None) -> tuple[Commit, FolderTree]: ...

    async def look(self, repository: Repository, *, user: str | None = None) -> tuple[Commit, NotedTree]: ...

    async def checkout(
        self, repository: Repository, commit: Commit, patch: str = "", *, user: str | None = None
    ) -> Path: ...

    async def tree(
        self, repository: Repository, commit: Commit, patch: str = "", *, user: str | None = None
    ) -> Tree: ...


Detect = Callable[[Tree, str], Awaitable[BuildPlan | Unplannable]]


@dataclass(frozen=True)
class Parts:
    store: Store
    sources: Sources
    detect: Detect
    clouds: Mapping[str, Cloud]
    limits: Limits
    build_slots: asyncio.Semaphore = field(repr=False)
