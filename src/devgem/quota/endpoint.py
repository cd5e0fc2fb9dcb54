"""An endpoint and what may be asked of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked in any 60 s and any 3,600 s. None, zero, a negative number and nonsense mean "not known": no
    limit of ours is applied there, and the board shows it as unknown."""

    rpm: int | None = None
    tpm: int | None = None
    rph: int | None = None
    tph: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A (provider, model, region) address with a quota of its own.

    `id` names the quota: endpoints of one id share it in the whole fleet. `counts_output` is false where the provider's
    token limit counts input alone, as the Gemini API's does (https://ai.google.dev/gemini-api/docs/rate-limits)."""

    id: str
    provider: str
    model: str
    region: str = ""
    limits: Limits = field(default_factory=Limits)
    counts_output: bool = True
