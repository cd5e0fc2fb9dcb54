"""docs/failures.md, from the table: `python -m tests.agent.diagnosis.failures_page` writes it."""

from itertools import groupby
from pathlib import Path

from devgem.agent.diagnosis.rules import TABLE

PAGE = Path(__file__).parents[3] / "docs" / "failures.md"
_INTRODUCTION = """# Failures

When a step of a deployment fails, the conversation says what the cause is, quotes the line that shows it, and says what
mends it: a change of a file, a command, config vars to set, another option, or to try again. Rules decide that, without
a model; these are the {count} causes that they know, by the id that a tool's result names. Of several that fit, the one
that stands first in the table counts. "Likely" ones follow from signs, where the log does not say so itself.

This page is made from the table of rules (`devgem.agent.diagnosis`); a test keeps it true.
"""
_NAMES = {
    "limits": "Limits of the machine",
    "source": "The repository",
    "plan": "The plan",
    "env": "Config vars",
    "python": "Python",
    "django": "Django",
    "node": "Node.js, Deno, Bun",
    "static": "Static sites",
    "docker": "Dockerfiles",
    "go": "Go",
    "ruby": "Ruby",
    "php": "PHP",
    "rust": "Rust",
    "elixir": "Elixir",
    "dotnet": ".NET",
    "java": "Java, Kotlin",
    "system": "The system below",
    "network": "The network",
    "database": "Databases and other servers",
    "run": "Running",
    "build": "Other errors of a build",
    "devgem": "DevGem itself",
}


def page() -> str:
    order = list(_NAMES)
    rules = sorted(TABLE, key=lambda rule: order.index(rule.id.partition(".")[0]))
    parts = [_INTRODUCTION.format(count=len(TABLE))]
    for group, members in groupby(rules, key=lambda rule: rule.id.partition(".")[0]):
        rows = [
            f"| `{rule.id}` | {rule.title}{' (likely)' if rule.confidence == 'likely' else ''} |" for rule in members
        ]
        parts.append("\n".join([f"## {_NAMES[group]}", "", "| Id | Cause |", "| --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
