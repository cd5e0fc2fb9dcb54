"""Config vars in a message: `KEY=VALUE` lists and pastes of an .env file. A plan holds their names alone."""

import re
from collections.abc import Mapping

from devgem.llm.planner.clauses import Clause
from devgem.llm.planner.tokens import Kind, tokens

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SET_TO = re.compile(r"\b([A-Z][A-Z0-9_]+) +(?:to|as|with(?: the)? value|is) +(\"[^\"\n]*\"|'[^'\n]*'|\S+)")
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def assignments(text: str) -> Mapping[str, str]:
    """The config vars that a message gives with their values, in its order; a name given twice has its last value."""
    found: dict[str, str] = {}
    for name, value in _SET_TO.findall(text):
        found[name] = _unquoted(value)
    for token in tokens(text, ()):
        if token.kind is Kind.ASSIGNED:
            name, _, value = token.text.partition("=")
            found[name] = _unquoted(value.strip())
    return found


def names_in(clause: Clause) -> list[str]:
    """The names of the config vars that a clause speaks of, in order, each once."""
    names = [token.text.partition("=")[0] for token in clause.tokens if token.kind in (Kind.ASSIGNED, Kind.NAME)]
    if not names:
        found = re.search(
            r"(?:env|environment|config)? ?(?:variables?|vars?|secret)(?: called| named)? (?!of\b|on\b|for\b|"
            r"from\b)(\S+)",
            clause.words,
        ) or re.search(r"^(?:unset|env unset|env set) (?:@app )?(\w+)", clause.words)
        token = clause.at(found.start(1)) if found else None
        names = [token.text] if token is not None and token.kind in (Kind.WORD, Kind.QUOTED) else []
    return [name for name in dict.fromkeys(names) if _NAME.fullmatch(name)]


def _unquoted(value: str) -> str:
    """As dotenv files are read: double quotes take escapes, single quotes take none, a bare value ends at ` #`."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\[nt\"\\]", lambda found: _ESCAPES[found[0]], value[1:-1])
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value).rstrip(",;")
