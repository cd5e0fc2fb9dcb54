"""F-01: the control process is killed at any moment; every deployment still ends once, and nothing happens twice."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.pipeline.lives import Death, Finished, Intent, begin, finished, violations
from tests.pipeline.peers import read_journal, running, traffic

RUNS = int(os.environ.get("DEVGEM_CRASH_RUNS", "15"))
"""How many seeds the random-time killer tries; 200 for a soak."""

POINTS = ("committing", "committed", "noting", "noted")
EDIT = Intent("edit", "hello", behaviour={"lines": 4, "delay": 0.005})
PREVIEW = Intent("preview", "hello", behaviour={"lines": 4, "delay": 0.005})
DEPLOY = Intent("deploy", "hello", behaviour={"lines": 3, "delay": 0.01})


async def survive(folder: Path, intents: Sequence[Intent], lives: list[Finished]) -> None:
    """Lives one more time, undisturbed."""
    assert begin(folder, intents).end() == 0
    assert await violations(folder, lives) == []


@pytest.mark.parametrize("seed", range(RUNS))
async def test_a_process_that_is_killed_at_any_time_is_taken_up_where_it_was(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    intents = [
        DEPLOY,
        Intent("deploy", "other", 0.05, {"delay": 0.02, "verify": "fail" if seed % 3 == 0 else None}),
        Intent("deploy", "hello", 0.1 * chance.random(), {"lines": 5, "delay": 0.005}),
    ]
    lives = []
    for _ in range(chance.randint(1, 3)):
        life = begin(tmp_path, intents)
        life.kill(0.5 * chance.random())
        life.end()
        lives.append(await finished(tmp_path))
    await survive(tmp_path, intents, lives)


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_may_die_at_any_boundary_of_any_step(tmp_path: Path, point: str) -> None:
    numbers = range(1, 60, 1 if RUNS > 15 else 6)
    for number in numbers:
        folder = tmp_path / str(number)
        folder.mkdir()
        if begin(folder, [DEPLOY], Death(point, number)).end() == 0:
            break  # it passed the point less often
        await survive(folder, [DEPLOY], [await finished(folder)])
    assert numbers[0] < number < numbers[-1]


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_may_die_again_and_again(tmp_path: Path, point: str) -> None:
    """Each life dies the first, second, ... fifth time that it passes the point."""
    assert begin(tmp_path, [DEPLOY], Death("committed", 1)).end() < 0
    (tmp_path / "done").write_text("0")  # it was asked for; that is not to be asked for again
    lives = [await finished(tmp_path)]
    while begin(tmp_path, [DEPLOY], Death(point, len(lives) % 5 + 1)).end() != 0:
        lives.append(await finished(tmp_path))
        assert len(lives) < 60
    await survive(tmp_path, [DEPLOY], lives)


@pytest.mark.parametrize("edit", [EDIT, PREVIEW], ids=["edit", "preview"])
@pytest.mark.parametrize("point", POINTS)
async def test_edits_are_live_or_are_not_wherever_the_process_dies(tmp_path: Path, point: str, edit: Intent) -> None:
    intents = [DEPLOY, edit]
    numbers = range(1, 110, 1 if RUNS > 15 else 30)
    for number in numbers:
        folder = tmp_path / str(number)
        folder.mkdir()
        # The first life is told of an edit too, so that both see the repository alike; it comes too early.
        assert begin(folder, [DEPLOY, Intent("edit", "absent")]).end() == 0
        (folder / "done").write_text("0\n")
        if begin(folder, intents, Death(point, number)).end() == 0:
            break
        assert _behaviour(folder) in (DEPLOY.behaviour, edit.behaviour)
        await survive(folder, intents, [await finished(folder)])
        assert _behaviour(folder) == (EDIT.behaviour if edit is EDIT else DEPLOY.behaviour)
        if edit is PREVIEW:
            assert _behaviour(folder, "hello--preview") == PREVIEW.behaviour
    assert numbers[0] < number < numbers[-1]


def _behaviour(folder: Path, app: str = "hello") -> object:
    """What that which is live was told to do."""
    journal = read_journal(folder / "cloud")
    (number,) = traffic(journal, app)
    return running(journal)[f"{app}@{number}"]["asked"]
