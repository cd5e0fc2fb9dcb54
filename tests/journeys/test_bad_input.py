"""Whatever is deployed, it ends in one terminal event with a cause and a remedy, and leaves nothing behind."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.apps import script, server
from tests.journeys.conftest import DevGem, Folders, processes_of, wait_until

Files = dict[str, str | bytes]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevGem]:
    """A DevGem with narrow limits."""
    devgem = DevGem(tmp_path_factory.mktemp("strict"))
    devgem.environ = {
        "DEVGEM_BUILD_TIMEOUT_SECONDS": "12",
        "DEVGEM_BUILD_MEMORY_MB": "256",
        "DEVGEM_APP_MEMORY_MB": "96",
    }
    devgem.start()
    yield devgem
    devgem.stop()
    wait_until(lambda: processes_of(devgem.data_dir) == [], "every process has ended", 30)


def building(program: str) -> Files:
    """A server whose build runs a program."""
    return {**server(), "build.py": program, "devgem.toml": 'build = ["python build.py"]\n'}


SOURCES = [
    ("/nowhere/at/all", "nowhere"),
    ("no spaces allowed", "no spaces allowed"),
    ("ext::sh -c id", "ext"),
    ("--upload-pack=touch /tmp/x", "upload-pack"),
    ("file:///etc", "file"),
    ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
    ("https://127.0.0.1/a/b", "127.0.0.1"),
    ("https://[::ffff:10.0.0.1]/a/b", "10.0.0.1|not public|private"),
    ("https://user:token@github.com/a/b", "credential|password|token"),
    ("https://localhost:1/a/b", "localhost"),
]


@pytest.mark.parametrize(("source", "says"), SOURCES)
def test_an_address_that_is_refused(strict: DevGem, source: str, says: str) -> None:
    """T-30, T-31. Some are refused at once, some by the step that fetches."""
    done = subprocess.run(
        [*_command(), "deploy", "--name", "refused", "--", source],
        env=strict._env(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode in (1, 2, 7), done.stderr
    assert re.search(says, done.stderr, re.IGNORECASE), done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "token@" not in done.stderr


def _command() -> list[str]:
    return [sys.executable, "-m", "devgem"]


TREES: list[tuple[str, Files, str]] = [
    ("empty", {"README": ""}, "Nothing|no"),
    ("json", {"package.json": '{"name": "x",,}'}, r"package\.json"),
    ("toml", {"pyproject.toml": "[project\nname = 3"}, r"pyproject\.toml"),
    ("yaml", {"pnpm-workspace.yaml": "a: [", "package.json": "{}"}, r"pnpm-workspace\.yaml|package\.json"),
    ("garbage", {"requirements.txt": bytes(range(256)) * 40, "app.py": b"\x00\xff" * 500}, ""),
    ("no-package", {**server(), "requirements.txt": "no-such-package-of-anyone-xyz==1.0\n"}, "no-such-package"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "says"), TREES, ids=[name for name, *_ in TREES])
def test_a_tree_that_cannot_be_deployed(strict: DevGem, folders: Folders, name: str, files: Files, says: str) -> None:
    failure, _ = strict.fail(folders(name, files))
    assert re.search(says, failure["cause"] + failure["evidence"], re.IGNORECASE), failure
    assert failure["fix"], failure


BUILDS: list[tuple[str, str, str]] = [
    ("fails", "import sys; print('boom here'); sys.exit(3)", "boom here|3"),
    ("hangs", "import time; time.sleep(600)", "12|time"),
    ("stubborn", "import os, signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
     "if os.fork() == 0:\n    os.setsid()\n    os.fork()\ntime.sleep(600)", "12|time"),
    ("fork-bomb", "import os\nwhile True: os.fork()", "process|fork|time|12|memory"),
    ("memory-hog", "x = []\nwhile True: x.append(bytearray(10**7))", "memory"),
    ("disk-filler", "f = open('/app/big', 'wb')\nwhile True: f.write(bytes(10**7))", "disk|space|write|file|large"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "program", "says"), BUILDS, ids=[name for name, *_ in BUILDS])
def test_a_build_that_misbehaves(strict: DevGem, folders: Folders, name: str, program: str, says: str) -> None:
    """F-70, F-72."""
    failure, _ = strict.fail(folders(name, building(program)))
    assert re.search(says, failure["cause"] + failure["evidence"], re.IGNORECASE), failure
    assert failure["fix"], failure
    wait_until(lambda: not any("build.py" in line for line in _all_processes()), "nothing of the build is left")


def _all_processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return found


def test_a_flood_of_output_is_bounded_and_said(strict: DevGem, folders: Folders) -> None:
    """F-71, F-36: an endless log, one line of 10 MB, invalid UTF-8, escapes."""
    program = (
        "import sys, time\nw = sys.stdout.buffer.write\n"
        "w(b'\\xff\\xfe invalid\\n'); w(b'\\x1b]0;title\\x07\\x1b[2Jplain\\x1b[31mred\\x1b[0m\\n')\n"
        "w(b'a' * 10_000_000 + b'\\n')\nend = time.time() + 4\n"
        "while time.time() < end: w(b'flood\\n' * 10000)\nprint('the end')\n"
    )
    folder = folders("flood", building(program))
    done = strict.run("deploy", str(folder), "--json")
    texts = [event["text"] for event in map(json.loads, done.stdout.splitlines()) if event["type"] == "log"]
    assert "�� invalid" in texts
    assert "plain\x1b[31mred\x1b[0m" in texts
    assert all(len(text) < 20_000 for text in texts)
    assert any("suppressed" in text for text in texts)
    assert len(texts) < 300_000


STARTS: list[tuple[str, Files, str]] = [
    ("exits-0", script("print('all done')"), "exit"),
    ("exits-1", script("import sys; print('no config found', file=sys.stderr); sys.exit(1)"), "no config found|1"),
    ("needs-env", server(before="os.environ['DATABASE_URL']"), "DATABASE_URL"),
    ("too-large", server(before="hog = [bytearray(10**7) for _ in range(30)]"), "96 MB"),
    ("import-error", script("import not_installed_anywhere"), "not_installed_anywhere"),
    ("syntax-error", script("def f(:\n"), "SyntaxError|syntax"),
    ("always-500", {**script(
        "import os\nfrom http.server import *\nclass H(BaseHTTPRequestHandler):\n"
        "    def do_GET(self): self.send_error(500)\n"
        "HTTPServer(('', int(os.environ['PORT'])), H).serve_forever()\n")}, "500"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "says"), STARTS, ids=[name for name, *_ in STARTS])
def test_an_app_that_does_not_answer(strict: DevGem, folders: Folders, name: str, files: Files, says: str) -> None:
    """F-46: the old revision goes on serving."""
    folder = folders(name, server("before"))
    strict.deploy(folder)
    for path, content in files.items():
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    failure, _ = strict.fail(folder)
    assert re.search(says, failure["cause"] + failure["evidence"], re.IGNORECASE), failure
    assert failure["fix"], failure
    assert strict.get(name) == (200, "before")


def test_a_wrong_port_is_repaired_and_said(strict: DevGem, folders: Folders) -> None:
    files = server("on another port")
    files["main.py"] = str(files["main.py"]).replace('int(os.environ["PORT"])', "int('30' + '00')")
    events = [
        json.loads(line) for line in strict.run("deploy", str(folders("port", files)), "--json").stdout.splitlines()
    ]
    assert strict.get("port") == (200, "on another port")
    assert any("3000" in note for note in events[-1]["notes"])


def test_a_loopback_bind_is_said(strict: DevGem, folders: Folders) -> None:
    files = server("loopback")
    files["main.py"] = str(files["main.py"]).replace("0.0.0.0", "127.0.0.1")
    events = [
        json.loads(line) for line in strict.run("deploy", str(folders("loop", files)), "--json").stdout.splitlines()
    ]
    assert strict.get("loop") == (200, "loopback")
    assert any("127.0.0.1" in note for note in events[-1]["notes"])


def test_a_repository_without_the_ref_says_so(strict: DevGem, folders: Folders) -> None:
    folder = folders("git-app", server())
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    failure, _ = strict.fail(folder, "--ref", "no-such-branch")
    assert "no-such-branch" in failure["cause"]
    assert failure["fix"]


def test_a_link_that_leaves_the_tree_shows_nothing(strict: DevGem, folders: Folders, tmp_path: Path) -> None:
    """T-33."""
    (tmp_path / "secret.txt").write_text("canary")
    folder = folders("links", {"index.html": "<p>site</p>"})
    (folder / "leak.txt").symlink_to(tmp_path / "secret.txt")
    done = subprocess.run([*_command(), "deploy", str(folder)], env=strict._env(), capture_output=True, text=True)
    assert done.returncode in (0, 7)
    status, body = strict.get("links", "/leak.txt")
    assert status == 404 or "canary" not in body
    assert "canary" not in body
