"""The policy, whole: every tier in every situation."""

from itertools import product

import pytest

from devgem.agent.policy import TABLE, Situation, Verdict, decide
from devgem.agent.tools import TOOLS, Tier

RUN, APPROVE, NAME, REFUSE = Verdict.RUN, Verdict.APPROVE, Verdict.APPROVE_BY_NAME, Verdict.REFUSE
SITUATIONS = [
    Situation(tier, asked, tainted, proactive, leaks)
    for tier in Tier
    for asked, tainted, proactive, leaks in product((False, True), repeat=4)
]


def test_every_tier_has_its_row() -> None:
    assert set(TABLE) == set(Tier)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_whole_table(situation: Situation) -> None:
    """Written a second time, as rules, so that a slip in the table shows."""
    if situation.leaks or situation.tier is Tier.NEVER:
        expected = REFUSE
    elif situation.tier <= Tier.WORKSPACE:
        expected = RUN
    elif situation.tier is Tier.VISIBLE:
        expected = RUN if situation.asked and not situation.tainted and not situation.proactive else APPROVE
    elif situation.tier is Tier.SENSITIVE:
        expected = APPROVE
    else:
        expected = REFUSE if situation.proactive else NAME
    decision = decide(situation)
    assert decision.verdict is expected
    assert bool(decision.why) is (expected is not RUN)


def test_what_is_worse_is_never_easier() -> None:
    hardness = [RUN, APPROVE, NAME, REFUSE]
    for asked, tainted, proactive in product((False, True), repeat=3):
        verdicts = [decide(Situation(tier, asked, tainted, proactive)).verdict for tier in Tier]
        assert [hardness.index(verdict) for verdict in verdicts] == sorted(hardness.index(v) for v in verdicts)


def test_no_tool_does_what_is_never_done() -> None:
    """Print a secret, run a command, change the policy, add a server, read another's data: T-65."""
    forbidden = ("secret", "shell", "exec", "run_command", "policy", "mcp", "approve", "tenant", "eval")
    assert [name for name in TOOLS if any(word in name for word in forbidden)] == []
    assert [tool.name for tool in TOOLS.values() if tool.tier is Tier.NEVER] == []


def test_tiers_are_those_of_the_design() -> None:
    tiers = {
        "list_apps": 0,
        "app_status": 0,
        "list_deployments": 0,
        "list_revisions": 0,
        "signals": 0,
        "list_incidents": 0,
        "list_domains": 0,
        "list_env": 0,
        "list_repositories": 0,
        "quota": 0,
        "help": 0,
        "inspect_repository": 1,
        "read_logs": 1,
        "explain_failure": 1,
        "list_files": 1,
        "read_file": 1,
        "search_files": 1,
        "show_diff": 1,
        "edit_file": 2,
        "write_file": 2,
        "change_style": 2,
        "run_checks": 2,
        "undo_edit": 2,
        "redo_edit": 2,
        "restore_checkpoint": 2,
        "discard_edits": 2,
        "deploy": 3,
        "deploy_edits": 3,
        "preview_edits": 3,
        "restart": 3,
        "rollback": 3,
        "cancel": 3,
        "open_pull_request": 3,
        "set_env": 4,
        "unset_env": 4,
        "remove_app": 5,
    }
    assert {name: int(tool.tier) for name, tool in TOOLS.items()} == {
        name: tier for name, tier in tiers.items() if name in TOOLS
    }
