"""Pull requests as https://docs.github.com/en/rest/pulls/pulls says: who may, what must be there, what is answered."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_UNAUTHORIZED = {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}


class GitHubApi(ThreadingHTTPServer):
    """Serves the bare repositories <root>/<owner>/<name>. `pulls` are the open ones of each; `readers` are tokens that
    may read and not write."""

    daemon_threads = True

    def __init__(self, root: Path, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.root = root
        self.token = token
        self.readers: set[str] = set()
        self.pulls: dict[str, list[dict[str, Any]]] = {}
        self.broken = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def has_branch(self, slug: str, branch: str) -> bool:
        command = ["git", f"--git-dir={self.root / slug}", "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def serving_api(root: Path, token: str) -> Iterator[GitHubApi]:
    server = GitHubApi(root, token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Request(BaseHTTPRequestHandler):
    server: GitHubApi

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.broken:
            self._send(502, b"<html>Unicorn!</html>")
            return
        status, answer = self._answer(body)
        self._send(status, json.dumps(answer).encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, body: bytes) -> tuple[int, Any]:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if given not in {self.server.token, *self.server.readers}:
            return 401, _UNAUTHORIZED
        url = urlsplit(self.path)
        parts = url.path.split("/")
        slug = "/".join(parts[2:4])
        if parts[1] != "repos" or parts[4:] != ["pulls"] or not (self.server.root / slug).is_dir():
            return 404, {"message": "Not Found"}
        if self.command == "GET":
            (head,) = parse_qs(url.query)["head"]
            return 200, [pull for pull in self.server.pulls.get(slug, []) if pull["head"]["label"] == head]
        if given in self.server.readers:
            return 403, {"message": "Resource not accessible by personal access token"}
        return self._create(slug, json.loads(body))

    def _create(self, slug: str, asked: dict[str, str]) -> tuple[int, Any]:
        label = f"{slug.partition('/')[0]}:{asked['head']}"
        pulls = self.server.pulls.setdefault(slug, [])
        if any(pull["head"]["label"] == label for pull in pulls):
            return _invalid(f"A pull request already exists for {label}.")
        for field in ("head", "base"):
            if not self.server.has_branch(slug, asked[field]):
                return _invalid(field=field)
        number = len(pulls) + 1
        pull = {
            "number": number,
            "html_url": f"https://github.com/{slug}/pull/{number}",
            "title": asked["title"],
            "body": asked.get("body"),
            "state": "open",
            "head": {"label": label, "ref": asked["head"]},
            "base": {"ref": asked["base"]},
        }
        pulls.append(pull)
        return 201, pull


def _invalid(message: str = "", field: str = "") -> tuple[int, Any]:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    if field:
        error = {"resource": "PullRequest", "field": field, "code": "invalid"}
    return 422, {"message": "Validation Failed", "errors": [error]}
