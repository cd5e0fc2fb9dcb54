"""How the language providers add to a plan what they have to say."""

from collections.abc import Iterable
from dataclasses import replace

from devgem.domain.plan import BuildPlan

_SHOWN = 6


def note(plan: BuildPlan, *said: str) -> BuildPlan:
    """The plan with notes added."""
    return replace(plan, notes=(*plan.notes, *said))


def doubt(plan: BuildPlan, *said: str) -> BuildPlan:
    """The plan with notes added that make it a guess."""
    return note(replace(plan, stack=replace(plan.stack, confidence="low")), *said)


def listed(names: Iterable[str]) -> str:
    """`a, b, c and 4 more`."""
    names = list(names)
    shown, rest = names[:_SHOWN], len(names) - _SHOWN
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
