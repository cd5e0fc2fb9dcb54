"""How urgent a turn is, by what its message asks for."""

import pytest

from devgem.agent.asked import priority_of
from devgem.llm.planner import KnownApp, World
from devgem.quota import Priority

WORLD = World(apps=(KnownApp("shop"),))


@pytest.mark.parametrize(
    ("said", "priority"),
    [
        ("deploy owner/repo", Priority.DEPLOY),
        ("roll back shop", Priority.DEPLOY),
        ("why did it fail?", Priority.ANALYZE),
        ("hello", Priority.CHAT),
        ("do not deploy anything", Priority.CHAT),
    ],
)
def test_deploys_come_first(said: str, priority: Priority) -> None:
    assert priority_of(said, WORLD) is priority
