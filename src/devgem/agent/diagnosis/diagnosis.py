"""What is known about a failure: a cause, the line that shows it, and remedies, the best first."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Confidence = Literal["certain", "likely"]
Place = Literal["repository", "machine", "devgem"]


class Button(StrEnum):
    """What a person can press below a diagnosis."""

    APPLY = "apply_and_redeploy"
    RETRY = "retry"
    LOGS = "logs"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class Quote:
    """The untrusted line that shows the cause: in the log (`seq`), or in a file of the repository (`file`, `line`)."""

    text: str
    seq: int | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Diff:
    """`search` stands exactly once in the file at `path` (relative to the repository's root); None: `replace` is the
    whole text of the file, which is new or empty."""

    path: str
    search: str | None
    replace: str
    why: str = ""


@dataclass(frozen=True)
class Command:
    """A command for a person: in the repository (its result is to be committed), on the machine that builds, or
    DevGem's own."""

    argv: tuple[str, ...]
    why: str = ""
    place: Place = "repository"


@dataclass(frozen=True)
class ConfigVar:
    """Config vars to set. `values` are those that are no secret and follow from the log; the others a person gives.
    `build`: for the build in place of the running app."""

    names: tuple[str, ...]
    why: str = ""
    build: bool = False
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Retry:
    """The same deployment may succeed if it is tried again."""

    why: str = ""


@dataclass(frozen=True)
class Redeploy:
    """Deploy again with an option of `devgem deploy`, as in ("--dir", "web")."""

    option: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class Advice:
    """A change that only a person can make, in plain words."""

    why: str


Remedy = Diff | Command | ConfigVar | Retry | Redeploy | Advice


@dataclass(frozen=True)
class Diagnosis:
    """`id` names the rule. `certain`: the log says so itself; `likely`: it follows from signs."""

    id: str
    cause: str
    quote: Quote
    remedies: tuple[Remedy, ...]
    buttons: tuple[Button, ...]
    confidence: Confidence
