"""docs/openapi.json and the UI's types are those of the code. `scripts/openapi` writes both."""

import json
import subprocess
from pathlib import Path

from devgem.web.app import create_app
from tests.web.conftest import Dashboard

ROOT = Path(__file__).parent.parent.parent


def test_the_committed_document_is_the_codes(dashboard: Dashboard) -> None:
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert committed == create_app(dashboard.parts).openapi()


def test_the_types_of_the_ui_are_the_documents(tmp_path: Path) -> None:
    command = ["npx", "--no-install", "openapi-typescript", str(ROOT / "docs" / "openapi.json")]
    subprocess.run([*command, "-o", str(tmp_path / "api.d.ts")], cwd=ROOT / "ui", check=True, capture_output=True)
    assert (tmp_path / "api.d.ts").read_text() == (ROOT / "ui" / "src" / "lib" / "api.d.ts").read_text()
