"""The names of config vars in a message. Their values are no part of a plan: they go from the user to the approval."""

import re

from devgem.llm.planner.clauses import Clause
from devgem.llm.planner.tokens import Kind

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SPOKEN = re.compile(
    r"(?:env|environment|config)? ?(?:variables?|vars?|secret)(?: called| named)? (?!of\b|on\b|for\b|from\b)(\S+)"
)
_COMMANDED = re.compile(r"^(?:unset|env unset|env set) (?:@app )?(\w+)")


def names_in(clause: Clause) -> list[str]:
    """The names of the config vars that a clause speaks of, in order, each once."""
    names = [token.text.partition("=")[0] for token in clause.tokens if token.kind in (Kind.ASSIGNED, Kind.NAME)]
    found = None if names else _SPOKEN.search(clause.words) or _COMMANDED.search(clause.words)
    token = clause.at(found.start(1)) if found else None
    if token is not None and token.kind in (Kind.WORD, Kind.QUOTED):
        names = [token.text]
    return [name for name in dict.fromkeys(names) if _NAME.fullmatch(name)]
