"""Every example repository is planned as its expect.json says."""

import json
from pathlib import Path
from typing import Any

import pytest

from devgem.domain.plan import BuildPlan
from devgem.stack import detect, dockerfile
from tests.stack.dockerfile_check import check
from tests.stack.trees import FolderTree

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/expect.json"))
KEYS = {"dir", "detect", "evidence", "serve", "needs", "env", "why", "notes"}


def expectation(name: str) -> dict[str, Any]:
    expect: dict[str, Any] = json.loads((EXAMPLES / name / "expect.json").read_text())
    return expect


def test_every_example_folder_says_what_is_expected() -> None:
    folders = sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir())
    assert [name for name in folders if name not in NAMES] == []
    for name in NAMES:
        assert set(expectation(name)) <= KEYS, name


@pytest.mark.parametrize("name", NAMES)
async def test_it_is_planned_as_expected(name: str) -> None:
    expect = expectation(name)
    plan = await detect(FolderTree(EXAMPLES / name / "repo"), expect.get("dir", "."))
    document = json.loads(json.dumps(plan.to_json()))

    assert {key: document.get(key) for key in expect["detect"]} == expect["detect"]
    for evidence in expect.get("evidence", []):
        assert any(evidence.items() <= found.items() for found in document["evidence"]), (
            evidence,
            document["evidence"],
        )
    for note in expect.get("notes", []):
        assert any(note in found for found in document["notes"]), (note, document["notes"])


@pytest.mark.parametrize("name", NAMES)
async def test_every_claim_cites_a_line_that_exists(name: str) -> None:
    repo = EXAMPLES / name / "repo"
    plan = await detect(FolderTree(repo), expectation(name).get("dir", "."))
    for evidence in plan.to_json()["evidence"]:
        path = repo / evidence["file"]
        if evidence["line"] is not None:
            assert 1 <= evidence["line"] <= len(path.read_text(errors="replace").splitlines()), evidence
        else:
            assert path.exists(), evidence


@pytest.mark.parametrize("name", NAMES)
async def test_the_dockerfile_is_sound_and_always_the_same(name: str) -> None:
    tree = FolderTree(EXAMPLES / name / "repo")
    dir = expectation(name).get("dir", ".")
    plan = await detect(tree, dir)
    if isinstance(plan, BuildPlan) and plan.stack.language != "docker":
        text = dockerfile(plan)
        check(text, plan, list(await tree.paths()))
        again = await detect(FolderTree(EXAMPLES / name / "repo"), dir)
        assert isinstance(again, BuildPlan) and dockerfile(again) == text
