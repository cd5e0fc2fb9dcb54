"""git over HTTP, by git's own `git http-backend`; a private repository takes a token as the password."""

import base64
import re
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.source.git_repository import ENVIRONMENT
from tests.standins.github.answers import Answer

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi

_PATH = re.compile(r"/(?P<slug>[^/]+/[^/]+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)")
_SETTINGS = {
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "safe.directory": "*",
    "http.receivepack": "true",
}


def is_git(path: str) -> bool:
    return _PATH.fullmatch(path) is not None


def answer(server: "GitHubApi", method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    found = _PATH.fullmatch(path)
    assert found is not None
    slug = found["slug"]
    if to := server.faults.renamed.get(slug):
        return Answer(301, headers={"Location": f"{server.url}/{to}.git/{found['rest']}?{query}"})
    given = _password(headers.get("Authorization", ""))
    token = server.token_of(given) if given else None
    repo = server.repo(slug)
    pushes = "git-receive-pack" in path + query
    login = token.login if token else ""
    may = repo is not None and (token is None or not (pushes and token.reads_only))
    may = may and repo is not None and (repo.may_write(login) if pushes else repo.may_read(login))
    if (given and token is None) or not may:
        if token is not None:
            return Answer(404 if repo is None or not repo.may_read(login) else 403, raw=b"")
        return Answer(401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'}, raw=b"")
    assert repo is not None
    return _backend(server, method, f"/{repo.slug}/{found['rest']}", query, body, headers)


def _password(authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    return base64.b64decode(given).decode().partition(":")[2]


def _backend(
    server: "GitHubApi", method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    given = {name.lower(): value for name, value in headers.items()}
    settings = {"GIT_CONFIG_COUNT": str(len(_SETTINGS))}
    for number, (name, value) in enumerate(_SETTINGS.items()):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    done = subprocess.run(
        ["git", "http-backend"],
        input=body,
        capture_output=True,
        check=False,
        env={
            **ENVIRONMENT,
            **settings,
            "GIT_PROJECT_ROOT": str(server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "somebody",
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": given.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": given.get("content-encoding", ""),
            "GIT_PROTOCOL": given.get("git-protocol", ""),
        },
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    said = dict(line.split(": ", 1) for line in head.decode().splitlines())
    return Answer(int(said.pop("Status", "200 OK").split()[0]), headers=said, raw=content)
