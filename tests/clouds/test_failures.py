"""Lines that tools really print, and what DevGem makes of them."""

from pathlib import Path

import pytest

from devgem.clouds.local.box import Exit, Limits
from devgem.clouds.local.failures import Ended, explain, rules
from devgem.clouds.local.quota import Full

LINES = Path(__file__).with_name("failure_lines.txt").read_text().splitlines()[1:]
SAID = [tuple(line.split(" | ", 2)) for line in LINES]
FAILED = Exit(1)


def ended(*lines: str, exit: Exit = FAILED, full: Full | None = None, packages: tuple[str, ...] = ()) -> Ended:
    return Ended(("npm", "ci"), exit, lines, Limits(memory_bytes=1 << 30), full, packages)


@pytest.mark.parametrize(("code", "said", "line"), SAID)
def test_what_a_tool_says_has_a_cause_and_a_remedy(code: str, said: str, line: str) -> None:
    failure = explain(ended("some output", f"\x1b[31m{line}\x1b[0m", "more output"))
    assert failure.code == code, failure
    assert said in failure.cause + " " + failure.fix
    assert failure.evidence == line.strip()
    assert failure.fix and "{" not in failure.cause + failure.fix


def test_every_rule_has_a_line_that_finds_it() -> None:
    found = [next((rule for rule in rules() if rule.line.search(line)), None) for _, _, line in SAID]
    assert [rule.line.pattern for rule in rules() if rule not in found] == []


@pytest.mark.parametrize(
    "line",
    [
        "npm warn deprecated har-validator@5.1.5: this library is no longer supported",
        "added 72 packages in 2s",
        "Resolved 8 packages in 145ms",
        "vite v5.4.11 building for production...",
        "npm warn EBADENGINE Unsupported engine {",
        "10 packages are looking for funding",
        "warning: in the working copy of 'a.txt', LF will be replaced by CRLF",
        "✓ 34 modules transformed.",
        "info  - Creating an optimized production build",
        "error: something that no rule knows",
    ],
)
def test_ordinary_lines_are_not_taken_for_causes(line: str) -> None:
    assert [rule.code for rule in rules() if rule.line.search(line)] == []


def test_the_memory_limit_is_named() -> None:
    failure = explain(ended("Compiling", exit=Exit(137, 9, oom=True)))
    assert failure.code == "out_of_memory" and "killed (out of memory)" in failure.cause and "1.0 GB" in failure.cause


def test_time_that_is_up_is_named() -> None:
    failure = explain(ended("Listening on 3000", exit=Exit(137, 9, timed_out=True)))
    assert failure.code == "build_timeout" and failure.evidence == "Listening on 3000"


def test_the_builds_own_disk_limit_and_a_full_disk_are_told_apart() -> None:
    own = explain(ended(exit=Exit(137, 9, killed=True), full=Full(True, 3 << 30, 50 << 30)))
    assert own.code == "disk_limit" and "3.0 GB" in own.cause
    all_of_it = explain(ended(exit=Exit(137, 9, killed=True), full=Full(False, 1 << 30, 100 << 20)))
    assert all_of_it.code == "disk_full" and all_of_it.retryable and "100 MB free" in all_of_it.cause


def test_a_kill_from_outside_can_be_tried_again() -> None:
    failure = explain(ended("Compiling", exit=Exit(137, 9)))
    assert failure.code == "killed" and "signal 9" in failure.cause and failure.retryable


def test_an_unknown_failure_quotes_the_line_that_tells_most() -> None:
    failure = explain(ended("step 1", "fatal: the frobnicator failed", "bye", exit=Exit(3), packages=("libfrob-dev",)))
    assert (failure.code, failure.evidence) == ("command_failed", "fatal: the frobnicator failed")
    assert "`npm ci` failed with exit code 3" in failure.cause and "apt-get install libfrob-dev" in failure.fix


def test_a_silent_failure_has_no_evidence() -> None:
    assert explain(ended(exit=Exit(3))).evidence == ""
