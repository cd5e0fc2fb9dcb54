"""One language's way from files to a plan."""

from typing import Protocol

from devgem.domain.plan import BuildPlan, Unplannable
from devgem.stack.files import Files


class Provider(Protocol):
    """`plan` answers None when this is not its kind of repository, Unplannable when it is but something is missing.
    It never runs anything and never guesses in silence: what it is not sure of has confidence low."""

    language: str

    async def plan(self, files: Files) -> BuildPlan | Unplannable | None: ...
