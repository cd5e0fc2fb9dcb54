"""One row of the table of causes, and the clue that it found."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from devgem.agent.diagnosis.diagnosis import (
    Advice,
    Command,
    Confidence,
    ConfigVar,
    Diff,
    Quote,
    Redeploy,
    Remedy,
    Retry,
)
from devgem.agent.diagnosis.evidence import Evidence
from devgem.agent.diagnosis.said import Said
from devgem.domain.deployment import Step

NAME_CHARACTERS = 120
ALL_STEPS = frozenset(Step)
BUILD = frozenset({Step.BUILD})
RUN = frozenset({Step.RELEASE, Step.VERIFY, Step.SHIFT})
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Clue:
    """Where a rule's pattern was found. `names` are the pattern's named groups, safe to be shown within a sentence:
    one line, short, no quotes of Markdown. Those that took no part are empty."""

    evidence: Evidence
    said: Said
    quote: Quote
    names: Mapping[str, str] = field(default_factory=dict)
    end: int = 0

    def __getitem__(self, name: str) -> str:
        return self.names.get(name, "")

    @property
    def before(self) -> str:
        """The log down to the end of what was found."""
        return self.said.text[: self.end]

    @property
    def after(self) -> str:
        return self.said.text[self.end :]

    def fill(self, text: str) -> str:
        """`text` with {app}, {dir} and the pattern's groups; one pass, so that no name is taken for a gap."""
        known = {"app": self.evidence.app, "dir": self.evidence.dir, **self.names}
        return _GAP.sub(lambda gap: known.get(gap[1], gap[0]), text)


@dataclass(frozen=True)
class Finding:
    """What a rule makes of a clue; `confidence` and `quote` where they differ from the rule's and the clue's."""

    cause: str
    remedies: tuple[Remedy, ...] = ()
    confidence: Confidence | None = None
    quote: Quote | None = None


Fill = Callable[[Clue], Finding | None]
Remedies = Callable[[Clue], Iterable[Remedy]]


@dataclass(frozen=True)
class Rule:
    """A cause that can be told from a log. It applies when one of `patterns` is found (Python's re, MULTILINE, in
    the bounded lines), or when the failure's code is one of `codes`; only in these `stacks` (languages; empty: any)
    and `steps`; only where the failure's code is in `within` (empty: any) and its cause matches `about`; never where
    `unless` is found. `last`: the last place found counts rather than the first."""

    id: str
    title: str
    fill: Fill
    patterns: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    stacks: frozenset[str] = frozenset()
    steps: frozenset[Step] = ALL_STEPS
    within: frozenset[str] = frozenset()
    about: str = ""
    unless: str = ""
    last: bool = False
    confidence: Confidence = "certain"


def rule(
    id: str,
    title: str,
    fill: Fill,
    *patterns: str,
    codes: str = "",
    stacks: str = "",
    steps: frozenset[Step] = ALL_STEPS,
    within: str = "",
    about: str = "",
    unless: str = "",
    last: bool = False,
    likely: bool = False,
) -> Rule:
    """A row; `codes`, `stacks` and `within` are words."""
    sets = [frozenset(words.split()) for words in (codes, stacks, within)]
    confidence: Confidence = "likely" if likely else "certain"
    return Rule(id, title, fill, patterns, sets[0], sets[1], steps, sets[2], about, unless, last, confidence)


def says(cause: str, *remedies: Remedy | Remedies, likely: bool = False) -> Fill:
    """A cause and remedies whose gaps are filled with the pattern's groups. A remedy may be a function of the clue."""

    def fill(clue: Clue) -> Finding:
        found = tuple(remedy for each in remedies for remedy in _made(each, clue))
        return Finding(clue.fill(cause), found, "likely" if likely else None)

    return fill


def _made(remedy: Remedy | Remedies, clue: Clue) -> Iterator[Remedy]:
    match remedy:
        case Command():
            argv = tuple(clue.fill(part) for part in remedy.argv)
            if not any(new.startswith("-") and new != old for new, old in zip(argv, remedy.argv, strict=True)):
                yield replace(remedy, argv=argv, why=clue.fill(remedy.why))
        case ConfigVar():
            yield replace(remedy, names=tuple(map(clue.fill, remedy.names)), why=clue.fill(remedy.why))
        case Redeploy():
            yield replace(remedy, option=tuple(map(clue.fill, remedy.option)), why=clue.fill(remedy.why))
        case Diff() | Retry():
            yield remedy
        case Advice():
            yield Advice(clue.fill(remedy.why))
        case _:
            yield from remedy(clue)


def safe_name(text: str) -> str:
    """Untrusted text that may stand within a sentence."""
    line = " ".join(text.replace("`", "'").split())
    return line if len(line) <= NAME_CHARACTERS else line[: NAME_CHARACTERS - 3] + "..."


def repository_path(path: str, folder: str) -> str | None:
    """A path that a log names, relative to the repository's root; None when it lies elsewhere (a package, the
    system). /app holds the whole repository."""
    if path.startswith("/app/"):
        path = path.removeprefix("/app/")
    elif path.startswith("/"):
        return None
    else:
        path = posixpath.normpath(posixpath.join(folder, path))
    return None if path.startswith("..") or "node_modules/" in path or "site-packages/" in path else path
