"""An endpoint and what may be asked of it."""

from dataclasses import dataclass, field

_LARGEST = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked in any 60 s and any 3,600 s. None, zero, a negative number and nonsense mean "not known": no
    limit of ours is applied there, and the board shows it as unknown."""

    rpm: int | None = None
    tpm: int | None = None
    rph: int | None = None
    tph: int | None = None

    def known(self) -> "Limits":
        """The same with None for everything that is no positive number."""
        return Limits(*(_known(limit) for limit in (self.rpm, self.tpm, self.rph, self.tph)))


def _known(limit: object) -> int | None:
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 1 <= limit <= _LARGEST:
        return None
    return int(limit)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A (provider, model, region) address with a quota of its own.

    `id` names the quota: endpoints of one id share it in the whole fleet. `counts_output` is false where the provider's
    token limit counts input alone, as the Gemini API's does (https://ai.google.dev/gemini-api/docs/rate-limits).
    One that is not `shared` belongs to one user: others' calls never wait for it, nor it for theirs."""

    id: str
    provider: str
    model: str
    region: str = ""
    limits: Limits = field(default_factory=Limits)
    counts_output: bool = True
    shared: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", self.limits.known())
