"""Edits are checked in the real sandbox before anyone deploys them, and deployed on the real local cloud."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devgem.domain.trial import Finding
from devgem.source.workspace import Write
from tests.pipeline.local_house import LocalHouse, open_local_house

NODE = {
    "package.json": '{"name": "shop", "version": "1.0.0", "scripts": {"start": "node server.js", '
    '"test": "node test.js", "lint": "absent-linter ."}}\n',
    "package-lock.json": '{"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": '
    '{"name": "shop", "version": "1.0.0"}}}\n',
    "greeting.js": "module.exports = 'good morning'\n",
    "server.js": "require('http').createServer((_, r) => r.end(require('./greeting'))).listen(process.env.PORT)\n",
    "test.js": "if (require('./greeting') !== 'good morning') { console.error('wrong: greeting'); process.exit(1) }\n"
    "console.log('ok', process.env.CI, require('fs').existsSync('/etc/shadow'))\n",
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[LocalHouse]:
    async with open_local_house(tmp_path) as opened:
        yield opened


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


async def test_edits_are_tried_out_previewed_and_made_live_while_the_app_serves(house: LocalHouse) -> None:
    await house.deploy(house.repository("shop", NODE), "shop")
    workspace = await house.workspaces.open("shop", "one")

    await workspace.edit("greeting.js", "'good morning'", "'good morning")
    found = by_name(await workspace.check())
    assert found["the edits apply"].passed
    assert found["it can be planned"].passed
    assert found["JavaScript parses"].passed is False
    assert "greeting.js:1" in found["JavaScript parses"].detail
    assert found["npm run test"].passed is False

    await workspace.undo()
    await workspace.edit("greeting.js", "morning", "evening")
    found = by_name(await workspace.check())
    assert found["JavaScript parses"].passed
    assert found["npm run test"].passed is False
    assert "wrong: greeting" in found["npm run test"].detail
    assert found["npm run lint"].passed is None

    await workspace.edit("test.js", "morning", "evening")
    found = by_name(await workspace.check())
    assert found["npm run test"].passed
    assert "ok true false" in found["npm run test"].detail

    begun = time.perf_counter()
    preview = await workspace.preview()
    await house.seconds_until("shop--preview", "evening", begun)
    assert await house.get("shop") == (200, "good morning")
    await house.live(preview)

    begun = time.perf_counter()
    live = await workspace.deploy()
    await house.seconds_until("shop", "evening", begun)
    assert (await house.live(live)).steps["build"].status == "skipped"

    begun = time.perf_counter()
    await workspace.apply([Write("greeting.js", "module.exports = 'good night'\n")], "Good night")
    await house.live(await workspace.deploy())
    seconds = await house.seconds_until("shop", "night", begun)
    assert seconds < 5, "dependencies are reused: it takes a start and little more"


SERVER = """
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hi")
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
"""
PYTHON = {
    "app.py": SERVER,
    "requirements.txt": "",
    "tests/test_app.py": "def test_it():\n    pass\n",
    "data.json": "{}\n",
    "conf.yaml": "a: 1\n",
}


async def test_what_does_not_parse_or_cannot_be_tried_is_said(house: LocalHouse) -> None:
    await house.deploy(house.repository("py", PYTHON), "py")
    workspace = await house.workspaces.open("py", "one")
    await workspace.apply(
        [
            Write("data.json", '{"a": 1,\n}'),
            Write("conf.yaml", "a: [1\nb: 2\n"),
            Write("new.toml", "x = \n"),
            Write("deep.py", "x = " + "(" * 30_000),
            Write("fine.py", "x = 1\n"),
            Write("bad.py", "def f(:\n"),
            Write("icon.svg", "<svg>\n<g></svg>"),
        ],
        "All at once",
    )
    found = by_name(await workspace.check())
    assert {name for name, finding in found.items() if finding.passed is False} == {
        f"{path} parses" for path in ("data.json", "conf.yaml", "new.toml", "deep.py", "bad.py", "icon.svg")
    }
    assert found["data.json parses"].detail.startswith("JSON, line 2")
    assert found["bad.py parses"].detail.startswith("Python, line 1")
    assert found["fine.py parses"].passed
    assert found["pytest"].passed is None
    assert "pytest is not among" in found["pytest"].detail
