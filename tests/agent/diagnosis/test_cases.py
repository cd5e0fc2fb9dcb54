import re
from collections import Counter

import pytest

from devgem.agent.diagnosis import Command, ConfigVar, Diff, diagnose, summary
from devgem.agent.diagnosis.edits import applied
from devgem.agent.diagnosis.rules import TABLE
from devgem.agent.diagnosis.said import bare
from devgem.domain.plan import display
from tests.agent.diagnosis.cases import Case, all_cases

CASES = all_cases()
UNFILLED = re.compile(r"\{(?:app|dir|file|have|host|kind|line|module|names?|other|port|want|what)\}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.origin)
def test_a_log_leads_to_its_cause(case: Case) -> None:
    evidence = case.evidence
    found = diagnose(evidence)
    assert (found.id if found else "") == case.rule, found
    if found is None:
        return
    text = summary(evidence.failure, found)
    assert [words for words in case.cause if words not in found.cause] == [], found.cause
    assert [words for words in case.says if words not in text] == [], text
    assert case.confidence in ("", found.confidence)
    assert not UNFILLED.search(text), text
    commands = [display(remedy.argv) for remedy in found.remedies if isinstance(remedy, Command)]
    assert not case.command or case.command in commands, found.remedies
    names = [name for remedy in found.remedies if isinstance(remedy, ConfigVar) for name in remedy.names]
    assert not case.vars or names == case.vars, found.remedies


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.origin)
def test_every_diff_applies_and_does_what_it_says(case: Case) -> None:
    found = diagnose(case.evidence)
    diffs = [remedy for remedy in found.remedies if isinstance(remedy, Diff)] if found else []
    made = {diff.path: applied(case.files.get(diff.path), diff) for diff in diffs}
    assert all(made[path] != case.files.get(path) for path in made)
    if case.diff:
        path, _, text = case.diff.partition("->")
        assert text.strip() in made[path.strip()], made
    else:
        assert made == {}, "a case with a diff states it"


@pytest.mark.parametrize("case", [case for case in CASES if case.log and case.rule], ids=lambda case: case.origin)
def test_the_evidence_is_a_line_of_the_log(case: Case) -> None:
    found = diagnose(case.evidence)
    assert found
    if found.quote.seq is not None:
        line = bare(case.evidence.lines[found.quote.seq - 1].text)
        assert line.strip().startswith(found.quote.text)


def test_every_cause_has_a_case_and_there_are_many() -> None:
    hit = Counter(case.rule for case in CASES)
    assert [rule.id for rule in TABLE if not hit[rule.id]] == []
    assert len({rule.id for rule in TABLE}) == len(TABLE) >= 60
