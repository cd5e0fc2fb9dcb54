"""Why an app did not start, from how it ended and what it printed; the rules are in start_failures.toml."""

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devgem.clouds.local.box import Exit
from devgem.domain.failure import Failure

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_ENV_NAME = re.compile(r"\b[A-Za-z_]\w*\b")
_ERROR = re.compile(r"(?i)error|exception|fatal|panic|cannot|can't|could not|failed|not found|denied|refused|missing")
_NAMES_SHOWN = 6
_FRAME = re.compile(r"\s+at |\s+File \"|\s*\^|\s*Traceback|Node\.js v|\s+\w+: [\[{]$")


@dataclass(frozen=True)
class Rule:
    """See start_failures.toml."""

    code: str
    pattern: str
    example: str
    cause: str = "the app needs {names}"
    fix: str = "devgem env set {app} {settings}, then deploy again."
    names: str = ""
    known: bool = False


@dataclass(frozen=True)
class Context:
    """What was started. `env` are the names of the config vars that it was given, `env_names` those that its code
    reads, `env_required` those that it cannot live without."""

    app: str
    port: int
    memory_bytes: int
    env: Collection[str] = ()
    env_names: Collection[str] = ()
    env_required: Collection[str] = ()

    @property
    def memory(self) -> str:
        return f"{self.memory_bytes >> 20} MB"

    @property
    def unset(self) -> str:
        """A sentence on the config vars that are not set: those that the code cannot live without, else all that it
        reads where they are few."""
        required, read = (
            [n for n in sorted(names) if n not in self.env] for names in (self.env_required, self.env_names)
        )
        names = required or (read if len(read) <= _NAMES_SHOWN else [])
        return f" Its code reads config vars that are not set: {', '.join(names)}." if names else ""


@cache
def rules() -> tuple[Rule, ...]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return tuple(Rule(**rule) for rule in tomllib.load(file)["rule"])


def of_exit(end: Exit, lines: Sequence[str], context: Context) -> Failure:
    """Why a process ended before it answered."""
    if end.oom:
        cause = f"it used more than the {context.memory} that it may, and was killed"
        fix = "Let it use less memory: fewer workers, smaller caches, no development server."
        return Failure("out_of_memory", cause, fix, telling(lines))
    return diagnose(lines, context) or _unexplained(end, lines, context)


def diagnose(lines: Sequence[str], context: Context) -> Failure | None:
    """What the lines say the trouble is; None when no rule knows them."""
    text = "\n".join(_COLOUR.sub("", line) for line in lines)
    return next((failure for rule in rules() if (failure := _apply(rule, text, context))), None)


def telling(lines: Sequence[str]) -> str:
    """The line that most likely says what went wrong: the last that speaks of an error, or the last at all."""
    plain = [_COLOUR.sub("", line).rstrip() for line in lines]
    spoken = [line for line in plain if line and not _FRAME.match(line)]
    errors = [line for line in spoken if _ERROR.search(line)]
    return (errors or spoken or [""])[-1].strip()


def _apply(rule: Rule, text: str, context: Context) -> Failure | None:
    found = list(re.finditer(rule.pattern, text, re.MULTILINE))
    if not found:
        return None
    gaps = {name: value or "it" for name, value in found[-1].groupdict().items()}
    if rule.code == "missing_env":
        names = _unset(rule, found, context)
        if not names:
            return None
        gaps = {
            "names": ("the config var " if len(names) == 1 else "the config vars ") + ", ".join(names),
            "settings": " ".join(f"{name}=..." for name in names),
        }
    gaps |= {"app": context.app, "port": str(context.port), "memory": context.memory}
    return Failure(rule.code, rule.cause.format(**gaps), rule.fix.format(**gaps), _evidence(found[-1]))


def _unset(rule: Rule, found: Sequence[re.Match[str]], context: Context) -> list[str]:
    """The variables that a rule's matches name, in order, without those that are set."""
    texts = [rule.names] if rule.names else [match["names"] for match in found]
    names = [name if name.isupper() else name.upper() for text in texts for name in _ENV_NAME.findall(text)]
    return [n for n in dict.fromkeys(names) if n not in context.env and (not rule.known or n in context.env_names)]


def _evidence(match: re.Match[str]) -> str:
    """The line of the log that holds the match, or the name that it is about."""
    group = "names" if "names" in match.groupdict() else 0
    start = match.string.rfind("\n", 0, match.start(group)) + 1
    return match.string[start:].split("\n", 1)[0].strip()


def _unexplained(end: Exit, lines: Sequence[str], context: Context) -> Failure:
    if end.code == 0:
        cause = "it ended by itself (exit code 0) in place of waiting for requests"
        fix = (
            f"A web app keeps running and listens on PORT ({context.port}). "
            "If this one has no URL, say so in a Procfile: `worker: <command>`."
        )
        return Failure("exited", cause, fix, telling(lines))
    how = f"was killed by signal {end.signal}" if end.signal else f"ended with exit code {end.code}"
    return Failure("exited", f"it {how} before it answered", f"The log says more.{context.unset}", telling(lines))
