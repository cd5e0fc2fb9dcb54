"""What DevGem itself adds to a deployment on Google Cloud: the stand-in of Google answers at once.

The stand-in's build takes as long as its git fetch; a build has ended, and a revision is ready, as soon as it is looked
at. What remains is DevGem: its steps, its database, and how long it waits between two looks.
"""

import tempfile
import time
from pathlib import Path

from tests.source.git_repository import GitRepository
from tests.standins.github import Repo, serving_api
from tests.standins.google.whole import environ, playing_project

from bench.report import median, table, verdict
from bench.running import Running, devgem

ROUNDS = 5
APP = """import os
from http.server import HTTPServer, SimpleHTTPRequestHandler

HTTPServer(("0.0.0.0", int(os.environ["PORT"])), SimpleHTTPRequestHandler).serve_forever()
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="devgem-bench-") as folder:
        root = Path(folder)
        work = GitRepository(root / "work")
        work.commit({"app.py": APP, "Procfile": "web: python3 app.py\n"}, "Begin")
        (root / "served/ada").mkdir(parents=True)
        bare = work.bare(root / "served/ada/shop")
        with playing_project(root / "machine") as google, serving_api(root / "served") as github:
            github.add_repo(Repo("ada/shop"))
            with devgem(**environ(google, github.url)) as running:
                first = _deploy(running)
                later, calls = [], []
                for number in range(ROUNDS):
                    work.commit({"app.py": f"{APP}# {number}\n"}, "Change")
                    work.git("push", "-q", str(bare), "HEAD:main", "--force")
                    before = sum(google.peer.counts.values())
                    later.append(_deploy(running))
                    calls.append(sum(google.peer.counts.values()) - before)
    rows = [
        ("first deployment, with all checks", f"{first:.2f} s", ""),
        ("later ones, median", f"{median(later):.2f} s", verdict(median(later), 2.0)),
        ("Google's calls of a later one, median", f"{median(calls):.0f}", ""),
    ]
    table("A deployment on Google Cloud whose calls take no time", ("what", "figure", "target"), rows)


def _deploy(running: Running) -> float:
    begun = time.perf_counter()
    id = running.request("POST", "/api/v1/deployments", {"source": "ada/shop"})["id"]
    while time.perf_counter() < begun + 120:
        found = running.request("GET", f"/api/v1/deployments/{id}")
        if found["status"] == "live":
            return time.perf_counter() - begun
        if found["status"] == "failed":
            break
        time.sleep(0.01)
    raise RuntimeError(str(running.request("GET", f"/api/v1/deployments/{id}")))


if __name__ == "__main__":
    main()
