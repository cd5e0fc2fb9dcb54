"""The server: its accounts, tokens and repositories, and what it lets in."""

import base64
import json
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.source.git_repository import ENVIRONMENT
from tests.standins.github import git_http, oauth, rest, webhooks
from tests.standins.github.answers import Answer, Asked, fault_of, limit_headers, send, with_etag
from tests.standins.github.faults import Faults
from tests.standins.github.model import Account, Code, Device, OAuthApp, Repo, Token


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    status: int = 0


@dataclass
class World:
    """What there is. `pulls`, `comments`, `statuses` and `hooks` are as they are answered, by slug."""

    accounts: dict[str, Account] = field(default_factory=dict)
    organisations: dict[str, set[str]] = field(default_factory=dict)
    repos: dict[str, Repo] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[str, OAuthApp] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    used_codes: dict[str, list[str]] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hooks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class GitHubApi(ThreadingHTTPServer):
    """Serves the bare repositories <root>/<owner>/<name>; one that was not added with `add_repo` is public. `token` is
    one of `ada`, who may do everything; `readers` are tokens that may read and not write. `signing_in` is who presses
    the button on the authorize page; None: they decline."""

    daemon_threads = True

    def __init__(self, root: Path, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.root = root
        self.token = token
        self.readers: set[str] = set()
        self.world = World()
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self.lock = threading.RLock()
        self.limit = 5000
        self.used = 0
        self.reset_at = int(time.time()) + 3600
        self.tree_limit = 100_000
        self.signing_in: str | None = "ada"
        self.add_account("ada", 101, "Ada Lovelace")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def pulls(self) -> dict[str, list[dict[str, Any]]]:
        return self.world.pulls

    @property
    def broken(self) -> bool:
        """Whether every request gets GitHub's page of apology."""
        return self.faults.status == 502

    @broken.setter
    def broken(self, value: bool) -> None:
        self.faults.status = 502 if value else 0

    def add_account(self, login: str, id: int, name: str = "", *, type: str = "User") -> Account:
        account = self.world.accounts[login] = Account(login, id, name, type)
        return account

    def add_organisation(self, login: str, id: int, members: set[str]) -> None:
        self.add_account(login, id, type="Organization")
        self.world.organisations[login] = members

    def add_app(self, app: OAuthApp) -> OAuthApp:
        self.world.apps[app.client_id] = app
        return app

    def add_repo(self, repo: Repo) -> Repo:
        """Its files, if it has any, are those of <root>/<slug>."""
        repo.id = repo.id or 1000 + len(self.world.repos)
        self.world.repos[repo.slug] = repo
        return repo

    def grant(self, login: str, *scopes: str, app: str = "", reads_only: bool = False) -> str:
        """A new token of an account."""
        token = "gho_" + secrets.token_hex(18)
        self.world.tokens[token] = Token(login, scopes, app=app, reads_only=reads_only)
        return token

    def revoke(self, token: str) -> None:
        self.world.tokens.pop(token, None)

    def approve_device(self, user_code: str, login: str = "ada", *, denied: bool = False) -> None:
        """Somebody types the code into the page for devices."""
        for device in self.world.devices.values():
            if device.user_code == user_code:
                device.login, device.denied = login, denied

    def rename(self, slug: str, to: str) -> None:
        """As the website does it: the former address leads to the new one."""
        repo = self.repo(slug)
        assert repo is not None
        (self.root / slug).rename(_folder(self.root / to))
        self.world.repos.pop(slug, None)
        repo.slug = to
        self.add_repo(repo)
        self.faults.renamed[slug] = to

    def delete(self, slug: str) -> None:
        self.world.repos.pop(slug, None)
        if (self.root / slug).is_dir():
            (self.root / slug).rename(self.root / f"deleted-{secrets.token_hex(4)}")

    def token_of(self, given: str) -> Token | None:
        if given == self.token:
            return Token("ada")
        if given in self.readers:
            return Token("ada", reads_only=True)
        return self.world.tokens.get(given)

    def repo(self, slug: str) -> Repo | None:
        """By name, whatever its case."""
        for known in self.world.repos.values():
            if known.slug.lower() == slug.lower():
                return known
        if slug.count("/") == 1 and (self.root / slug / "HEAD").is_file():
            return Repo(slug, id=1 + sum(slug.encode()), default_branch=self.head(slug))
        return None

    def head(self, slug: str) -> str:
        done = self.git(slug, "symbolic-ref", "--short", "HEAD")
        return done.stdout.decode().strip() or "main"

    def has_branch(self, slug: str, branch: str) -> bool:
        return self.git(slug, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").returncode == 0

    def git(self, slug: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        command = ["git", f"--git-dir={self.root / slug}", *args]
        return subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)

    def deliver(self, url: str, event: str, payload: dict[str, Any], secret: str, *, delivery: str = "") -> int:
        """Sends a signed webhook, and returns the status that it was answered with."""
        return webhooks.deliver(url, event, payload, secret, delivery or secrets.token_hex(16))


@contextmanager
def serving_api(root: Path, token: str = "ghp_" + "a" * 36) -> Iterator[GitHubApi]:
    server = GitHubApi(root, token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _folder(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


class _Request(BaseHTTPRequestHandler):
    server: GitHubApi

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, dict(self.headers))
        self.server.seen.append(seen)
        if self.server.faults.slow_seconds:
            self.server.released.wait(self.server.faults.slow_seconds)
        if self.server.faults.down:
            self.close_connection = True
            return
        answer = self._answer(body)
        seen.status = answer.status
        send(self, answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, body: bytes) -> Answer:
        url = urlsplit(self.path)
        faults = self.server.faults
        if faults.status:
            return Answer(faults.status, raw=b"<html>Unicorn!</html>", headers={"Content-Type": "text/html"})
        if url.path.startswith("/login/"):
            with self.server.lock:
                return oauth.answer(self.server, self.command, url.path, url.query, body, dict(self.headers))
        if git_http.is_git(url.path):
            return git_http.answer(self.server, self.command, url.path, url.query, body, dict(self.headers))
        return self._api(url.path.removeprefix("/api/v3"), url.query, body)

    def _api(self, path: str, query: str, body: bytes) -> Answer:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            with self.server.lock:
                return oauth.applications(self.server, self.command, path, body, base64.b64decode(given).decode())
        token = self.server.token_of(given) if given else None
        if given and token is None:
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        if limited := fault_of(self.server):
            return limited
        if self.server.faults.garbled:
            return Answer(200, raw=b"{", headers={"Content-Type": "application/json"})
        asked = Asked(
            self.command,
            path,
            dict(parse_qsl(query)),
            json.loads(body) if body else {},
            token,
            self.headers.get("Accept", ""),
        )
        with self.server.lock:
            answer = with_etag(rest.answer(self.server, asked), given, self.headers.get("If-None-Match", ""))
            if answer.status != 304:
                self.server.used += 1
        answer.headers.update(limit_headers(self.server))
        if token is not None and token.scopes is not None:
            answer.headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
        return answer
