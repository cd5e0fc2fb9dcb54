"""Finds the first rule of the table that explains a failure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from devgem.agent.diagnosis.diagnosis import Button, Diagnosis, Diff, Quote, Retry
from devgem.agent.diagnosis.evidence import Evidence
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, repository_path, safe_name
from devgem.agent.diagnosis.rules import TABLE
from devgem.agent.diagnosis.said import Said, bare

_QUOTE_CHARACTERS = 300
_PLACES_TRIED = 50
_LINE_NUMBER = re.compile(r"[1-9][0-9]{0,6}")


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """The cause of a failure; None when no rule knows it."""
    said = Said.of(evidence)
    for rule in TABLE:
        if not _concerns(rule, evidence) or (rule.unless and _compiled(rule.unless).search(said.text)):
            continue
        for clue in _clues(rule, evidence, said):
            if finding := rule.fill(clue):
                return _diagnosis(rule, clue, finding)
    return None


def _concerns(rule: Rule, evidence: Evidence) -> bool:
    failure = evidence.failure
    return (
        evidence.step in rule.steps
        and (not rule.stacks or evidence.language is None or evidence.language in rule.stacks)
        and (not rule.within or failure.code in rule.within)
        and (not rule.about or _compiled(rule.about).search(failure.cause) is not None)
    )


def _clues(rule: Rule, evidence: Evidence, said: Said) -> Iterator[Clue]:
    for pattern in rule.patterns:
        found = list(islice(_compiled(pattern).finditer(said.text), _PLACES_TRIED))
        for match in reversed(found) if rule.last else found:
            yield _clue(match, evidence, said)
    if evidence.failure.code in rule.codes or (rule.about and not rule.patterns):
        text = bare(" ".join(evidence.failure.evidence.split()))
        about = _compiled(rule.about).search(evidence.failure.cause) if rule.about else None
        yield Clue(evidence, said, Quote(text[:_QUOTE_CHARACTERS], said.seq_of(text)), _names(about))


def _clue(match: re.Match[str], evidence: Evidence, said: Said) -> Clue:
    names = _names(match)
    shown = next((n for n in ("names", "name", "what") if match.groupdict().get(n)), None)
    text, seq = said.at(match.start(shown or 0))
    file = repository_path(names["file"], evidence.dir) if names.get("file") else None
    line = int(names["line"]) if file and _LINE_NUMBER.fullmatch(names.get("line", "")) else None
    return Clue(evidence, said, Quote(text.strip()[:_QUOTE_CHARACTERS], seq, file, line), names, match.end())


def _names(match: re.Match[str] | None) -> dict[str, str]:
    """The named groups; of alternatives, name2, name3, ... stand in for `name`."""
    names: dict[str, str] = {}
    for key, value in match.groupdict().items() if match else ():
        plain = key.rstrip("0123456789")
        if not names.get(plain):
            names[plain] = safe_name(value or "")
    return names


def _diagnosis(rule: Rule, clue: Clue, finding: Finding) -> Diagnosis:
    remedies = tuple(dict.fromkeys(finding.remedies))
    confidence = finding.confidence or rule.confidence
    return Diagnosis(
        rule.id, finding.cause, finding.quote or clue.quote, remedies, _buttons(clue.evidence, remedies), confidence
    )


def _buttons(evidence: Evidence, remedies: tuple[object, ...]) -> tuple[Button, ...]:
    may_retry = evidence.failure.retryable or any(isinstance(remedy, Retry) for remedy in remedies)
    offered = {
        Button.APPLY: any(isinstance(remedy, Diff) for remedy in remedies),
        Button.RETRY: may_retry,
        Button.LOGS: bool(evidence.lines),
        Button.ROLL_BACK: evidence.served_before,
    }
    return tuple(button for button, is_offered in offered.items() if is_offered)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
