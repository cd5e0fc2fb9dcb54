"""F-48: several people act on one app at once, in random order, while the process may be killed."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.lives import Intent, begin, violations

RUNS = int(os.environ.get("DEVGEM_SCHEDULE_RUNS", "12"))
"""How many seeds are tried; 500 for a soak."""

BEHAVIOURS: list[dict[str, Any]] = [
    {},
    {"delay": 0.02},
    {"build": "fail"},
    {"verify": "fail", "delay": 0.01},
    {"shift": "error"},
    {"kind": "worker"},
    {"hang": "build"},
]
ACTS = ["deploy"] * 6 + ["cancel"] * 3 + ["rollback"] * 3 + ["remove"]


def schedule(chance: random.Random) -> list[Intent]:
    intents = [
        Intent(chance.choice(ACTS), "hello", chance.uniform(0, 0.8), {**chance.choice(BEHAVIOURS), "n": number})
        for number in range(chance.randint(4, 12))
    ]
    return [*intents, Intent("cancel", "hello", 1.0)]  # so that nothing hangs for ever


@pytest.mark.parametrize("seed", range(RUNS))
async def test_whatever_is_asked_in_whatever_order_each_deployment_ends_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    intents = schedule(chance)
    if seed % 2:
        life = begin(tmp_path, intents)
        life.kill(chance.uniform(0, 1.0))
        life.end()
    assert begin(tmp_path, intents).end() == 0
    assert await violations(tmp_path, rollbacks=True) == []
