"""Why a command failed: from how it ended and what it said, to one cause with a remedy.

The rules are data, in failure_rules.toml, in order.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from devgem.clouds.local.box import Exit, Limits
from devgem.clouds.local.quota import Full
from devgem.domain.failure import Failure
from devgem.domain.plan import Argv, display

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_LOOKS_WRONG = re.compile(r"\b(error|fatal|failed|exception|cannot|not found|panic)\b", re.IGNORECASE)
_EVIDENCE_LIMIT = 500


@dataclass(frozen=True)
class Ended:
    """How a command of a build ended. `lines` are the last it printed, `packages` Debian packages that the plan says
    it needs and this machine may lack."""

    command: Argv
    exit: Exit
    lines: Sequence[str]
    limits: Limits
    full: Full | None = None
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A row of failure_rules.toml."""

    code: str
    line: re.Pattern[str]
    cause: str
    fix: str
    packages: Mapping[str, str] | None = None
    retryable: bool = False


@cache
def rules() -> tuple[Rule, ...]:
    """The table, read once, when the first command fails."""
    table = tomllib.loads(files(__package__).joinpath("failure_rules.toml").read_text())
    return tuple(
        Rule(
            code=row["code"],
            line=re.compile(row["line"]),
            cause=row["cause"],
            fix=row["fix"],
            packages=table[row["packages"]] if "packages" in row else None,
            retryable=row.get("retryable", False),
        )
        for row in table["rule"]
    )


def explain(ended: Ended) -> Failure:
    """The failure of a command that did not end with 0."""
    lines = [_COLOURS.sub("", line).rstrip() for line in ended.lines]
    evidence = telling_line(lines)
    if ended.full or ended.exit.timed_out or ended.exit.oom:
        return _stopped(ended, evidence)
    for rule in rules():
        if found := _search(rule, lines):
            return _failure(rule, found)
    return _unknown(ended, evidence)


def explain_lines(lines: Iterable[str]) -> Failure | None:
    """The failure that a build's lines tell of, wherever it ran; None when no rule knows them."""
    plain = [_COLOURS.sub("", line).rstrip() for line in lines]
    return next((_failure(rule, found) for rule in rules() if (found := _search(rule, plain))), None)


def _search(rule: Rule, lines: Iterable[str]) -> re.Match[str] | None:
    return next((match for line in lines if (match := rule.line.search(line))), None)


def _failure(rule: Rule, found: re.Match[str]) -> Failure:
    """Of alternatives a pattern names its group name, name2, ...; those that did not take part are empty."""
    values = {name: value or "" for name, value in found.groupdict().items()}
    fix = rule.fix
    if rule.packages is not None:
        name = next(value for key, value in values.items() if key.startswith("name") and value)
        package = rule.packages.get(name)
        fix = fix.replace("{package}", package) if package else f"Install the Debian package that brings {name}."
    return Failure(
        code=rule.code,
        cause=_fill(rule.cause, values),
        fix=_fill(fix, values),
        evidence=found.string.strip()[:_EVIDENCE_LIMIT],
        retryable=rule.retryable,
    )


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), text)


def _stopped(ended: Ended, evidence: str) -> Failure:
    """Ended by a limit that DevGem keeps."""
    name = f"`{display(ended.command)}`"
    limits = ended.limits
    if ended.full and not ended.full.own:
        free = _size(ended.full.free_bytes)
        return Failure(
            "disk_full",
            f"the disk of this machine is nearly full ({free} free), so {name} was ended",
            "Free some space (`devgem remove` apps that are not needed) and deploy again.",
            evidence,
            retryable=True,
        )
    if ended.full:
        return Failure(
            "disk_limit",
            f"{name} wrote {_size(ended.full.used_bytes)} to disk, more than a build may",
            "Write less during the build, or fetch large files when the app starts.",
            evidence,
        )
    if ended.exit.timed_out:
        return Failure(
            "build_timeout",
            f"{name} was still running when the build's time was up, and was ended with all its processes",
            "Look for a command that waits for input or never ends (a server, a watcher). For a build that is just"
            " long, raise DEVGEM_BUILD_TIMEOUT_SECONDS.",
            evidence,
        )
    return Failure(
        "out_of_memory",
        f"{name} was killed (out of memory): the build may use {_size(limits.memory_bytes)}",
        "Make the build use less memory, or raise DEVGEM_BUILD_MEMORY_MB.",
        evidence,
    )


def _unknown(ended: Ended, evidence: str) -> Failure:
    name, end = f"`{display(ended.command)}`", ended.exit
    if end.signal == 9:
        fix = "Deploy again. If it happens again, the machine may be out of memory: see its kernel log."
        return Failure("killed", f"{name} was killed (signal 9)", fix, evidence, retryable=True)
    if end.signal:
        return Failure("crashed", f"{name} crashed (signal {end.signal})", "See the log above its end.", evidence)
    fix = f"Run {name} in the repository to see it fail the same way, and mend what it says."
    if ended.packages:
        fix += f" It may need packages: apt-get install {' '.join(ended.packages)}"
    return Failure("command_failed", f"{name} failed with exit code {end.code}", fix, evidence)


def telling_line(lines: Sequence[str]) -> str:
    """The last line that looks like an error, or the last one that says anything."""
    said = [line.strip() for line in lines if line.strip()]
    wrong = [line for line in said if _LOOKS_WRONG.search(line)]
    return (wrong or said or [""])[-1][:_EVIDENCE_LIMIT]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.1f} GB" if size_bytes >= 1 << 30 else f"{size_bytes >> 20} MB"
