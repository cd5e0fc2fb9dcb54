"""Why a step of a deployment did not succeed: a result with a remedy, not an exception."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from devgem.domain.errors import DevGemError


@dataclass(frozen=True)
class Failure:
    """`cause` says what happened in plain words, `evidence` quotes the log line or the `file:line` that shows it,
    `fix` says what to do. `retryable` is true when the same deployment may succeed if it is tried again. `candidates`
    are the folders to choose from (`dir`, `summary`) when a repository holds several apps."""

    code: str
    cause: str
    fix: str = ""
    evidence: str = ""
    retryable: bool = False
    candidates: Sequence[Mapping[str, str]] = ()

    @classmethod
    def of(cls, error: DevGemError) -> Self:
        return cls(code=error.code, cause=error.message, fix=error.fix)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
