"""One language's way from files to a plan."""

from dataclasses import dataclass
from typing import Protocol

from devgem.domain.plan import BuildPlan, Unplannable
from devgem.stack.files import Files


@dataclass(frozen=True)
class NoStart:
    """The provider knows how to install and build, but found nothing to start. A Procfile or devgem.toml may say it;
    otherwise the user is told `reason` and `fix`, as in Unplannable. The plan's `start` and `static` are None."""

    plan: BuildPlan
    reason: str
    fix: str


Answer = BuildPlan | NoStart | Unplannable | None


class Provider(Protocol):
    """`plan` answers None when this is not its kind of repository, NoStart when only the start is missing, Unplannable
    when more is. It never runs anything and never guesses in silence: what it is not sure of has confidence low.
    It does not read Procfile, app.json, devgem.toml or a Dockerfile: compose.py lays those over its answer."""

    language: str

    async def plan(self, files: Files) -> Answer: ...
