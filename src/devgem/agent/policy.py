"""What may be done: one table over a call's tier, whose wish it is, and whether the turn has read what others wrote.

A model's words decide nothing here. A call is `asked` for when the user's own message of this turn asks for exactly
it; a turn is `tainted` once a repository, a log or a page was read in it; it is `proactive` when no user began it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from devgem.agent.tools.tool import Tier


class Verdict(Enum):
    RUN = "run"
    APPROVE = "approve"
    APPROVE_BY_NAME = "approve by typing the name"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Situation:
    """`leaks`: with this call a model that has read what is private and what others wrote would reach out, to where
    the user has not sent it."""

    tier: Tier
    asked: bool
    tainted: bool
    proactive: bool = False
    leaks: bool = False


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    why: str = ""


RUN, APPROVE, NAME, REFUSE = Verdict.RUN, Verdict.APPROVE, Verdict.APPROVE_BY_NAME, Verdict.REFUSE

TABLE: Mapping[Tier, tuple[Verdict, Verdict, Verdict, Verdict, Verdict]] = {
    # asked, untainted | asked, tainted | not asked, untainted | not asked, tainted | proactive
    Tier.OWN: (RUN, RUN, RUN, RUN, RUN),
    Tier.UNTRUSTED: (RUN, RUN, RUN, RUN, RUN),
    Tier.WORKSPACE: (RUN, RUN, RUN, RUN, RUN),
    Tier.VISIBLE: (RUN, APPROVE, APPROVE, APPROVE, APPROVE),
    Tier.SENSITIVE: (APPROVE, APPROVE, APPROVE, APPROVE, APPROVE),
    Tier.DESTRUCTIVE: (NAME, NAME, NAME, NAME, REFUSE),
    Tier.NEVER: (REFUSE, REFUSE, REFUSE, REFUSE, REFUSE),
}


def decide(situation: Situation) -> Decision:
    """The verdict on one call, and the reason as the user is told it."""
    if situation.leaks:
        return Decision(
            REFUSE,
            "it would reach out after private data and text that others wrote have been read; "
            "ask for it in a message of its own",
        )
    verdict = TABLE[situation.tier][_column(situation)]
    return Decision(verdict, _why(situation, verdict))


def _column(situation: Situation) -> int:
    if situation.proactive:
        return 4
    return (0 if situation.asked else 2) + situation.tainted


def _why(situation: Situation, verdict: Verdict) -> str:
    match verdict:
        case Verdict.RUN:
            return ""
        case Verdict.REFUSE if situation.tier is Tier.NEVER:
            return "this is not done by the agent"
        case Verdict.REFUSE:
            return "nothing is destroyed unless a user asks for it"
        case Verdict.APPROVE_BY_NAME:
            return "it cannot be undone"
        case Verdict.APPROVE:
            return _why_approve(situation)


def _why_approve(situation: Situation) -> str:
    if situation.tier is Tier.SENSITIVE:
        return "it touches secrets"
    if situation.proactive:
        return "nobody asked for it yet"
    if situation.tainted:
        return "this turn has read text that others wrote, which may have suggested it"
    return "your message did not ask for exactly this"
