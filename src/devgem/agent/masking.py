"""Secret values in what a user writes: taken out before anything is stored or given to a model.

`NAME=value` and `set NAME to value` give the value a name, under which an approval may use it; a token of a known form
has no name and is only hidden.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MASK = "[hidden]"

_VALUE = r"""(?P<quote>["'`])(?P<quoted>.+?)(?P=quote)|(?P<bare>[^\s"'`]\S*)"""
_SECRETIVE = r"[A-Za-z_]*(?:pass|secret|token|key|dsn)[A-Za-z0-9_]*"
_ASSIGNED = re.compile(rf"(?<![\w/?&=.-])(?P<name>[A-Z_][A-Z0-9_]*|{_SECRETIVE})\s?=\s?(?:{_VALUE})")
_SET_TO = re.compile(
    rf"(?<![\w/.-])(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{{3,}}[A-Z0-9]*)\s(?:to|is|as)\s(?:{_VALUE})"
)
# The prefixes that their issuers publish for scanners to find.
_TOKENS = re.compile(
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|\bsk-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bAKIA[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bnpm_[A-Za-z0-9]{30,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)


@dataclass(frozen=True)
class Masked:
    """`text` without secret values; `values` are those that had a name."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def mask(text: str) -> Masked:
    """
    >>> mask("set STRIPE_KEY=sk_live_1 on shop").text
    'set STRIPE_KEY=[hidden] on shop'
    """
    values: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        value = match["quoted"] or match["bare"]
        kept = ""
        if match["bare"] and (tail := re.search(r"[,;]+$", value)):
            value, kept = value[: tail.start()], tail.group()
        values[match["name"]] = value
        start = match.start("quote") if match["quoted"] else match.start("bare")
        return match.string[match.start() : start] + MASK + kept

    text = _ASSIGNED.sub(take, text)
    text = _SET_TO.sub(lambda match: match.group() if match["bare"] == MASK else take(match), text)
    return Masked(hide_tokens(text), values)


def hide_tokens(text: str) -> str:
    """Hides tokens of known forms, and passwords in URLs."""
    return _TOKENS.sub(MASK, text)
