"""What is wanted, beside what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import table, verdict


@dataclass(frozen=True)
class Target:
    what: str
    value: float
    goal: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def judge(title: str, targets: Sequence[Target], besides: Sequence[tuple[str, str]] = ()) -> bool:
    """Shows a table and says whether all are met; `besides` are figures without a target."""
    rows = [(one.what, f"{one.value:,.3f}", verdict(one.value, one.goal, at_least=one.at_least)) for one in targets]
    table(title, ("what", "value", "target"), [*rows, *((what, value, "") for what, value in besides)])
    return all(one.is_met for one in targets)
