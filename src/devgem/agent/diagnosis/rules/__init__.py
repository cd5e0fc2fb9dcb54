"""The table of causes: what the machine refused first, then what each ecosystem says, then what any program may say."""

from devgem.agent.diagnosis.rule import Rule
from devgem.agent.diagnosis.rules import limits, source

TABLE: tuple[Rule, ...] = (
    *limits.RULES,
    *source.RULES,
)
