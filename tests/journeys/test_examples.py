"""Every example that says what it must answer is built, started and asked, in one DevGem, each under its own name."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import DevGem

EXAMPLES = Path(__file__).parent.parent / "examples"
SERVED: list[tuple[str, dict[str, Any]]] = [
    (path.parent.name, document)
    for path in sorted(EXAMPLES.glob("*/expect.json"))
    if (document := json.loads(path.read_text())).get("serve")
]


def test_there_are_examples_of_many_stacks() -> None:
    assert len(list(EXAMPLES.glob("*/expect.json"))) >= 60
    assert {need for _, document in SERVED for need in document["needs"]} >= {"python", "node", "go", "php", "ruby"}


@pytest.mark.parametrize(("name", "document"), SERVED, ids=[name for name, _ in SERVED])
def test_an_example_answers_as_it_says(running: DevGem, tmp_path: Path, name: str, document: dict[str, Any]) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name / "repo", folder)
    needed = [part for var in document["detect"].get("env_required", []) for part in ("--env", f"{var}=of-the-test")]
    running.deploy(folder, "--name", name, "--dir", document.get("dir", "."), *needed)
    expected = document["serve"]
    status, body = running.get(name, expected["path"])
    assert status == expected["status"]
    assert re.search(re.escape(expected["contains"]), body)
    running.run("remove", name, "--yes")
