"""A process is killed in the middle of a turn: nothing acts twice, and the conversation goes on."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.agent.lives import live
from tests.pipeline.lives import Death

RUNS = int(os.environ.get("DEVGEM_CRASH_RUNS", "15"))
"""More than 15: every commit is tried, not each sixth."""


def seen_after(folder: Path) -> dict[str, Any]:
    assert live(folder, "look") == 0
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return found


def check(seen: dict[str, Any]) -> None:
    """What holds wherever the process died."""
    events = seen["events"]
    finished = [data for type, data in events if type == "message.finished"]
    turns = {data["turn"] for type, data in events if data.get("turn")}
    ended = {data["turn"] for data in finished if data["role"] == "assistant" and data.get("turn")}
    assert turns <= ended, "every turn has an answer"
    called = [data["call"] for type, data in events if type == "tool.called"]
    assert sorted(called) == sorted(data["call"] for type, data in events if type == "tool.finished")
    assert finished[-1]["text"] == "Still here."
    assert len(seen["restarts"]) <= 1
    assert seen["deployments"] <= 1


@pytest.mark.parametrize("scene", ["asked", "approved", "deploy"])
@pytest.mark.parametrize("point", ["committing", "committed"])
def test_a_process_may_die_at_any_commit_of_a_turn(tmp_path: Path, scene: str, point: str) -> None:
    assert live(tmp_path, "prepare") == 0
    first = 1 + ["asked", "approved", "deploy"].index(scene) + (point == "committed")
    deaths = 0
    for number in range(1, 60) if RUNS > 15 else range(first, 60, 6):
        folder = tmp_path.parent / f"{tmp_path.name}-{number}"
        shutil.copytree(tmp_path, folder)
        if live(folder, scene, Death(point, number)) == 0:
            break
        deaths += 1
        check(seen_after(folder))
    assert 1 <= deaths < 59


@pytest.mark.parametrize("point", ["noting", "noted"])
def test_a_process_that_dies_while_it_acts_does_not_act_again(tmp_path: Path, point: str) -> None:
    assert live(tmp_path, "prepare") == 0
    assert live(tmp_path, "asked", Death(point, 1)) < 0
    seen = seen_after(tmp_path)
    check(seen)
    assert len(seen["restarts"]) == (0 if point == "noting" else 1)
    text = next(data["text"] for type, data in seen["events"] if type == "message.finished" and data.get("stopped"))
    assert "It is not known whether this was done: Restarting shop" in text
