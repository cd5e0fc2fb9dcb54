"""Which version of a language to state, and where."""

import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Advice, Remedy
from devgem.agent.diagnosis.evidence import Evidence
from devgem.agent.diagnosis.rule import Clue

_BOUND = re.compile(r"(?P<sign>[<>=~^!]{0,3})\s{0,3}v?(?P<major>\d{1,3})(?:\.(?P<minor>\d{1,3}))?")


def pin_node(clue: Clue) -> Iterator[Remedy]:
    """.nvmrc with the major version that a range asks for."""
    wanted = admitted(clue["want"], with_minor=False)
    if wanted:
        yield from _state(clue.evidence, ".nvmrc", wanted)
    else:
        yield Advice("state the version of Node that it asks for in .nvmrc")


def pin_python(clue: Clue) -> Iterator[Remedy]:
    wanted = admitted(clue["want"], with_minor=True)
    if wanted:
        yield from _state(clue.evidence, ".python-version", wanted)
    else:
        yield Advice("state the version of Python that it asks for in .python-version")


def _state(evidence: Evidence, name: str, version: str) -> Iterator[Remedy]:
    path = evidence.find(name) or evidence.here(name)
    text = evidence.files.get(path)
    why = f"It states version {version}."
    if text is None and path in evidence.paths:
        yield Advice(f"state version {version} in {path}")
    elif text is None or not text.strip():
        yield edits.new_file(path, version + "\n", why)
    elif diff := edits.substituted(path, text, r"^(?!\s*#)[^\n]*\S[^\n]*$", version, why):
        yield diff


def admitted(wanted: str, *, with_minor: bool) -> str | None:
    """The lowest version that the last alternative of a range admits: ">=20.9.0" is 20, "^18 || >=20" is 20.

    >>> admitted(">=3.10,<3.13", with_minor=True)
    '3.10'
    """
    bounds = list(_BOUND.finditer(wanted.split("||")[-1]))
    low = next((bound for bound in bounds if "<" not in bound["sign"] and "!" not in bound["sign"]), None)
    if low is None or low["sign"] == ">":
        return None
    if not with_minor:
        return low["major"]
    return f"{low['major']}.{low['minor']}" if low["minor"] else None
