"""Why a step of a deployment did not succeed: a result with a remedy, not an exception."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from devgem.domain.errors import DevGemError


@dataclass(frozen=True)
class Failure:
    """`cause` says what happened in plain words, `evidence` quotes the log line or the `file:line` that shows it,
    `fix` says what to do. `retryable` is true when the same deployment may succeed if it is tried again."""

    code: str
    cause: str
    fix: str = ""
    evidence: str = ""
    retryable: bool = False

    @classmethod
    def of(cls, error: DevGemError) -> Self:
        return cls(code=error.code, cause=error.message, fix=error.fix)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
