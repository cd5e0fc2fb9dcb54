"""What a message asks for, understood by plain rules: pure, English only, and never guessing at a destructive act."""

from devgem.llm.planner.guide import help_text
from devgem.llm.planner.plan import Ask, Call, NeedsModel, Plan, Say, Several
from devgem.llm.planner.understand import understand
from devgem.llm.planner.world import KnownApp, World, world_in

__all__ = [
    "Ask",
    "Call",
    "KnownApp",
    "NeedsModel",
    "Plan",
    "Say",
    "Several",
    "World",
    "help_text",
    "understand",
    "world_in",
]
