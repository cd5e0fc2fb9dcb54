"""From request to first 200 through the gateway, beside the floor: a bare script that fetches, installs and starts.

The floor has no sandbox, no plan, no database and no log: git fetch, the package manager with a warm cache, the
process, and requests until the first 200. Both are taken in turns, and medians compared.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.report import median, table, verdict
from bench.running import Running, devgem, fetch, free_port

ROUNDS = 5

FLASK = {
    "app.py": "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef home():\n    return 'marker-0'\n",
    "requirements.txt": "flask==3.1.2\ngunicorn==23.0.0\n",
    # Both take the same Python.
    ".python-version": f"{sys.version_info.major}.{sys.version_info.minor}\n",
}
EXPRESS = {
    "server.js": "const app = require('express')();\napp.get('/', (_, r) => r.send('marker-0'));\n"
    "app.listen(process.env.PORT);\n",
    "package.json": '{"name": "web", "version": "1.0.0", "private": true, "scripts": {"start": "node server.js"},\n'
    ' "dependencies": {"express": "5.1.0"}}\n',
}
STATIC = {"index.html": "<!doctype html><title>site</title>marker-0\n"}


@dataclass
class Project:
    """A git repository of a small app; `mark` commits a one-line change that its answer shows."""

    root: Path
    file: str

    @classmethod
    def make(cls, root: Path, files: dict[str, str], file: str) -> "Project":
        root.mkdir()
        for name, text in files.items():
            (root / name).write_text(text)
        if "package.json" in files:
            subprocess.run(["npm", "install", "--package-lock-only", "--silent"], cwd=root, check=True)
        project = cls(root, file)
        project._git("init", "--quiet")
        project._commit()
        return project

    def mark(self, old: str, new: str) -> None:
        path = self.root / self.file
        path.write_text(path.read_text().replace(old, new))
        self._commit()

    def _commit(self) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "-m", "change")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True)


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory(prefix="devgem-bench-") as folder, devgem() as running:
        base = Path(folder)
        flask = Project.make(base / "flask", FLASK, "app.py")
        express = Project.make(base / "express", EXPRESS, "server.js")
        static = Project.make(base / "static", STATIC, "index.html")
        rows += _first_deploys(running, "Flask", flask, _flask_floor, 1.5)
        rows += _first_deploys(running, "Express", express, _express_floor, 1.5)
        rows += _redeploys(running, "Flask", flask, "flask-0", _flask_start)
        rows += _redeploys(running, "Express", express, "express-0", _express_start)
        site = [_deploy(running, static, f"static-{n}", "marker-0") for n in range(ROUNDS)]
        rows.append(("static site, no build", f"{median(site):.2f} s", "", "", verdict(median(site), 1.0)))
    table("Deployments, medians", ("what", "DevGem", "floor", "ratio", "target"), rows)


def _first_deploys(
    running: Running, name: str, project: Project, floor: Callable[[Project, Path], float], target: float
) -> list[tuple[str, ...]]:
    prefix = name.lower()
    _deploy(running, project, f"{prefix}-warm", "marker-0")
    ours, floors = [], []
    for n in range(ROUNDS):
        ours.append(_deploy(running, project, f"{prefix}-{n}", "marker-0"))
        with tempfile.TemporaryDirectory(prefix="devgem-floor-") as folder:
            floors.append(floor(project, Path(folder)))
    ratio = median(ours) / median(floors)
    figures = (f"{median(ours):.2f} s", f"{median(floors):.2f} s", f"{ratio:.2f}")
    return [(f"{name}: new app, warm caches", *figures, verdict(ratio, target))]


def _redeploys(
    running: Running, name: str, project: Project, app: str, start: Callable[[Project, Path], float]
) -> list[tuple[str, ...]]:
    ours, floors = [], []
    with tempfile.TemporaryDirectory(prefix="devgem-floor-") as folder:
        prepare = _FLOORS[start]
        prepare(project, Path(folder))
        for n in range(ROUNDS):
            project.mark(f"marker-{n}", f"marker-{n + 1}")
            ours.append(_deploy(running, project, app, f"marker-{n + 1}"))
            floors.append(start(project, Path(folder)))
    target = 1.2 * median(floors) + 0.5
    figures = (f"{median(ours):.2f} s", f"{median(floors):.2f} s (start + first 200)", "")
    return [(f"{name}: redeploy after a one-line change", *figures, verdict(median(ours), round(target, 2)))]


def _deploy(running: Running, project: Project, app: str, marker: str) -> float:
    begun = time.perf_counter()
    body = {"source": f"file://{project.root}", "name": app}
    deployment = running.request("POST", "/api/v1/deployments", body)["id"]
    deadline = begun + 120
    while time.perf_counter() < deadline:
        status, text = running.get_app(app)
        if status == 200 and marker.encode() in text:
            return time.perf_counter() - begun
        time.sleep(0.01)
    raise RuntimeError(str(running.request("GET", f"/api/v1/deployments/{deployment}")))


def _fetch(project: Project, into: Path) -> Path:
    app = into / "app"
    shutil.rmtree(app, ignore_errors=True)
    subprocess.run(["git", "init", "--quiet", str(app)], check=True)
    subprocess.run(["git", "fetch", "--quiet", "--depth", "1", f"file://{project.root}", "HEAD"], cwd=app, check=True)
    subprocess.run(["git", "checkout", "--quiet", "FETCH_HEAD"], cwd=app, check=True)
    return app


def _flask_install(project: Project, into: Path) -> None:
    app = _fetch(project, into)
    env = os.environ | {"VIRTUAL_ENV": str(into / "venv")}
    subprocess.run(["uv", "venv", "--quiet", str(into / "venv")], cwd=app, check=True)
    install = ["uv", "pip", "install", "--quiet", "-r", "requirements.txt"]
    subprocess.run(install, cwd=app, env=env, check=True)


def _flask_start(_project: Project, into: Path) -> float:
    gunicorn = str(into / "venv" / "bin" / "gunicorn")
    return _until_200(into / "app", lambda port: [gunicorn, "--bind", f"127.0.0.1:{port}", "app:app"])


def _express_install(project: Project, into: Path) -> None:
    app = _fetch(project, into)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=app, check=True)


def _express_start(_project: Project, into: Path) -> float:
    return _until_200(into / "app", lambda _port: ["node", "server.js"])


_FLOORS: dict[Callable[[Project, Path], float], Callable[[Project, Path], None]] = {
    _flask_start: _flask_install,
    _express_start: _express_install,
}


def _flask_floor(project: Project, into: Path) -> float:
    return _floor(project, into, _flask_start)


def _express_floor(project: Project, into: Path) -> float:
    return _floor(project, into, _express_start)


def _floor(project: Project, into: Path, start: Callable[[Project, Path], float]) -> float:
    begun = time.perf_counter()
    _FLOORS[start](project, into)
    start(project, into)
    return time.perf_counter() - begun


def _until_200(app: Path, command: Callable[[int], list[str]]) -> float:
    port = free_port()
    begun = time.perf_counter()
    env = os.environ | {"PORT": str(port)}
    process = subprocess.Popen(command(port), cwd=app, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while fetch(port, "localhost")[0] != 200:
            if process.poll() is not None:
                raise RuntimeError(f"{command(port)} ended with {process.returncode}")
            time.sleep(0.005)
        return time.perf_counter() - begun
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
