"""One step of one deployment at work: what it may use, and what it answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from devgem.clouds import Cloud
from devgem.domain.app import Image, Progress, Proof, Repository, Revision
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import LogLine
from devgem.domain.plan import Kind
from devgem.pipeline.narration import Narration
from devgem.pipeline.parts import Parts
from devgem.store import DeploymentRow, Fact, Transaction

Found = TypeVar("Found", Image, Proof)


@dataclass(frozen=True)
class Done:
    """A step has succeeded. `data` goes into step.finished; `save` writes what else it found, in the same
    transaction; `before` and `after` are facts to append around step.finished."""

    data: Mapping[str, Any] = field(default_factory=dict)
    skipped: bool = False
    save: Callable[[Transaction], Awaitable[None]] | None = None
    before: Sequence[Fact] = ()
    after: Sequence[Fact] = ()


class Cancelled:
    """A step was not done, since the deployment has been cancelled."""


Outcome = Done | Failure | Cancelled


@dataclass(frozen=True)
class Work:
    parts: Parts
    deployment: DeploymentRow
    narration: Narration

    @property
    def id(self) -> str:
        return self.deployment.id

    @property
    def app(self) -> str:
        return self.deployment.app

    @property
    def owner(self) -> str:
        """The app whose config vars and builds these are: a preview uses those of its app, unless it is to get
        nothing of it."""
        return self.app if self.deployment.order.bare else parent_of(self.app) or self.app

    async def user(self) -> str:
        """Whose app it is, and so with whose sign-in its repository is read."""
        async with self.parts.store.read() as transaction:
            return (await transaction.apps.get(self.owner)).owner

    @property
    def repository(self) -> Repository:
        return self.deployment.order.repository

    @property
    def cloud(self) -> Cloud:
        return self.parts.clouds[self.deployment.order.cloud]

    async def revision(self) -> Revision:
        async with self.parts.store.read() as transaction:
            revision = await transaction.revisions.of_deployment(self.id)
        assert revision is not None, "the release step makes it"
        return revision

    async def listen(self, source: AsyncIterator[LogLine | Progress | Found | Failure]) -> Found | Failure:
        """Tells what a cloud says along the way, and returns what it ends with."""
        result: Found | Failure | None = None
        async with aclosing(source) as items:  # type: ignore[type-var]  # the clouds' iterators are generators
            async for item in items:
                if isinstance(item, LogLine):
                    await self.narration.log(item)
                elif isinstance(item, Progress):
                    await self.narration.progress(item)
                else:
                    result = item
        return result or Failure("internal", f"the {self.cloud.name} cloud ended without a result", retryable=True)


async def url_of(cloud: Cloud, revision: Revision) -> str | None:
    """A worker has none."""
    return None if revision.plan.stack.kind is Kind.WORKER else await cloud.url(revision.app)


Step = Callable[[Work], Awaitable[Outcome]]
