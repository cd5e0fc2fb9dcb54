"""docs/agent.md says what the code does."""

import json
from pathlib import Path

from devgem.agent.budget import REPAIR_ROUNDS, Budget
from devgem.agent.policy import TABLE, Verdict
from devgem.agent.tools import TOOLS, Tool

DOC = Path(__file__).parent.parent.parent / "docs" / "agent.md"
WORDS = {
    Verdict.RUN: "runs",
    Verdict.APPROVE: "approval",
    Verdict.APPROVE_BY_NAME: "approval, name typed",
    Verdict.REFUSE: "refused",
}


def tool_rows() -> list[str]:
    ordered = sorted(TOOLS.values(), key=lambda tool: (tool.tier, tool.name))
    return [f"| `{tool.name}` | {tool.tier:d} | {_arguments(tool)} | {_reads(tool)} |" for tool in ordered]


def _arguments(tool: Tool) -> str:  # type: ignore[type-arg]  # of any arguments
    required = tool.schema.get("required", [])
    return ", ".join(f"`{name}`" + ("" if name in required else "?") for name in tool.schema.get("properties", {}))


def _reads(tool: Tool) -> str:  # type: ignore[type-arg]  # of any arguments
    flags = {"untrusted": tool.reads_untrusted, "private": tool.reads_private, "reaches out": tool.egress}
    return ", ".join(name for name, holds in flags.items() if holds)


def policy_rows() -> list[str]:
    return [
        f"| {tier:d} {tier.name.lower()} | " + " | ".join(WORDS[v] for v in row) + " |" for tier, row in TABLE.items()
    ]


def budget_rows() -> list[str]:
    limits = Budget()
    return [
        f"| Tokens of a turn | {limits.turn_tokens:,} | budget |",
        f"| Tokens of a conversation | {limits.conversation_tokens:,} | budget |",
        f"| Tokens of a user's day (UTC) | {limits.day_tokens:,} | budget |",
        f"| Cost of a user's day | ${limits.day_cost_usd:.2f} | budget |",
        f"| Characters of one answer | {limits.answer_characters:,} | budget |",
        f"| Answers of the model in a turn | {limits.steps} | steps |",
        f"| The same call in a turn | {limits.same_calls} | steps |",
        f"| Time of a turn, waiting for approvals aside | {limits.seconds / 60:g} minutes | time |",
        f"| Failed deployments of an app one after the other, not asked for anew | {REPAIR_ROUNDS} | refusal |",
    ]


def test_every_table_is_that_of_the_code() -> None:
    text = DOC.read_text().splitlines()
    for row in [*tool_rows(), *policy_rows(), *budget_rows()]:
        assert row in text, row
    assert sum(line.startswith("| `") for line in text) == len(TOOLS)


def test_what_a_model_is_told_of_the_tools_is_small() -> None:
    """It is paid for with every request."""
    told = [{"name": t.name, "description": t.description, "parameters": t.schema} for t in TOOLS.values()]
    assert len(json.dumps(told)) < 10_500
