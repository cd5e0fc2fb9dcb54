"""The command line as a shell sees it: exit codes, streams, start-up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent.parent.parent / "src" / "devgem" / "samples" / "hello"


def devgem(*arguments: str, data_dir: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    env = os.environ | {"DEVGEM_DATA_DIR": str(data_dir), "NO_COLOR": "1"} | environ
    command = [sys.executable, "-m", "devgem", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["list"], 1, "devgem up"),
        (["nonsense"], 2, "No such command"),
        (["show"], 2, "APP"),
        (["up", "--port", "99999"], 2, "DEVGEM_PORT"),
        (["env", "set", "shop"], 2, "NAME=value"),
        (["deploy", "--env", "nonsense"], 2, "NAME=value"),
        (["logs", "shop", "--grep", "("], 2, "regular expression"),
        (["logs", "shop", "--level", "loud"], 2, "debug, info"),
        (["detect", "/nowhere/at/all"], 1, "/nowhere/at/all"),
    ],
)
def test_a_wrong_call_says_what_to_do(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = devgem(*arguments, data_dir=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_status_says_that_nothing_runs(tmp_path: Path) -> None:
    done = devgem("status", "--json", data_dir=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["running"]) == (1, False)


def test_detect_prints_one_document_with_evidence(tmp_path: Path) -> None:
    done = devgem("detect", str(SAMPLE), "--json", data_dir=tmp_path)
    document = json.loads(done.stdout)
    assert (done.returncode, document["framework"], document["kind"]) == (0, "flask", "server")
    assert {"claim": "framework", "value": "flask", "file": "requirements.txt", "line": 1} in document["evidence"]


def test_detect_prints_the_dockerfile(tmp_path: Path) -> None:
    text = devgem("detect", str(SAMPLE), "--dockerfile", data_dir=tmp_path).stdout
    assert "\nFROM python:" in text
    assert "gunicorn" in text


def test_what_cannot_be_planned_says_what_to_add(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing to see\n")
    done = devgem("detect", str(folder), "--json", data_dir=tmp_path)
    document = json.loads(done.stdout)
    assert (done.returncode, document["kind"]) == (1, "unknown")
    assert document["reason"]


def test_help_imports_nothing_heavy() -> None:
    heavy = {"dbos", "fastapi", "sqlalchemy", "pydantic", "httpx2", "rich.console", "uvicorn"}
    code = "import sys, devgem.cli.program as p; p.build(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
