"""Trials of code before it is deployed: what to try, and what was found."""

from dataclasses import dataclass

from devgem.domain.plan import Argv


@dataclass(frozen=True)
class Trial:
    """A command that tries the code out: a test suite, a linter, a parser; it ends with 0 when all is well. `probe` is
    a command that fails where there is no such tool; `missing` says then what is not there."""

    name: str
    command: Argv
    probe: Argv | None = None
    missing: str = ""


@dataclass(frozen=True)
class Finding:
    """What came of a trial or a check. `passed` is None when it could not be carried out; `detail` says why, or quotes
    what was printed last."""

    name: str
    passed: bool | None
    detail: str = ""
    seconds: float = 0.0
