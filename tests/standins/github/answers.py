"""How the stand-in answers: JSON or bytes, ETags, limits, pages."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.standins.github.model import Token

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi


@dataclass
class Answer:
    """`raw` instead of `content` for what is no JSON."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.content is None else json.dumps(self.content).encode()


@dataclass(frozen=True)
class Asked:
    """A request of the API. `token` None: nobody is signed in."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    token: Token | None
    accept: str

    @property
    def login(self) -> str:
        return self.token.login if self.token else ""


NOT_FOUND = Answer(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})


def not_found() -> Answer:
    return Answer(404, dict(NOT_FOUND.content))


def invalid(resource: str, message: str = "", field: str = "") -> Answer:
    error = {"resource": resource, "code": "custom", "message": message}
    if field:
        error = {"resource": resource, "field": field, "code": "invalid"}
    return Answer(422, {"message": "Validation Failed", "errors": [error]})


def paged(server: "GitHubApi", asked: Asked, items: Sequence[Any]) -> Answer:
    """https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
    size = min(max(int(asked.query.get("per_page", 30)), 1), 100)
    page = max(int(asked.query.get("page", 1)), 1)
    last = max(-(-len(items) // size), 1)
    links: dict[str, int] = {}
    if page < last:
        links |= {"next": page + 1, "last": last}
    if page > 1:
        links |= {"prev": page - 1, "first": 1}

    def link(number: int) -> str:
        return f"{server.url}{asked.path}?{urlencode({**asked.query, 'per_page': size, 'page': number})}"

    header = ", ".join(f'<{link(number)}>; rel="{rel}"' for rel, number in links.items())
    return Answer(200, list(items[(page - 1) * size : page * size]), {"Link": header} if header else {})


def fault_of(server: "GitHubApi") -> Answer | None:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
    kind = server.faults.limited
    if kind == "secondary":
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        headers = {"Retry-After": str(server.faults.retry_after_seconds), **limit_headers(server)}
        return Answer(403, {"message": message}, headers)
    if kind == "primary" or server.used >= server.limit:
        server.used = server.limit
        return Answer(403, {"message": "API rate limit exceeded for user ID 101."}, limit_headers(server))
    return None


def limit_headers(server: "GitHubApi") -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(server.limit),
        "X-RateLimit-Remaining": str(max(server.limit - server.used, 0)),
        "X-RateLimit-Used": str(server.used),
        "X-RateLimit-Reset": str(server.reset_at),
        "X-RateLimit-Resource": "core",
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
    }


def with_etag(answer: Answer, token: str, if_none_match: str) -> Answer:
    """An answer's ETag is of what it says and to whom; the same one is not sent twice."""
    if answer.status != 200:
        return answer
    etag = 'W/"' + hashlib.sha256(token.encode() + b"\0" + answer.body).hexdigest() + '"'
    headers = {**answer.headers, "ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"}
    if if_none_match == etag:
        return Answer(304, None, headers)
    return Answer(200, answer.content, headers, answer.raw)


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    try:
        handler.send_response_only(answer.status)
        headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the client was stopped
