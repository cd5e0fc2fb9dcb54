"""Tells GitHub what became of a commit or a pull request, and asks it which files changed.

https://docs.github.com/en/rest/commits/statuses
https://docs.github.com/en/rest/issues/comments
https://docs.github.com/en/rest/commits/commits#compare-two-commits
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from devgem.domain.errors import SourceError, Unavailable
from devgem.domain.log import clean

if TYPE_CHECKING:
    import httpx2

_TIMEOUT_SECONDS = 20.0
_VERSION = "2022-11-28"
_FILES_LIMIT = 300
"""A comparison names no more files."""
_PULL_FILES_LIMIT = 3000
_PAGE = 100
_PAGES = 30


@dataclass(frozen=True)
class CommitStatus:
    """`state`: pending, success, failure or error; `description` has at most 140 characters."""

    state: str
    target_url: str
    description: str
    context: str


class Reporting:
    """`api` is GitHub's or an Enterprise server's. Raises Unavailable for what may go well later, SourceError for what
    will not."""

    def __init__(self, api: str) -> None:
        self._api = api.rstrip("/")

    async def set_status(self, slug: str, sha: str, status: CommitStatus, *, token: str) -> None:
        await self._ask("POST", f"/repos/{slug}/statuses/{sha}", token, asdict(status))

    async def has_status(self, slug: str, sha: str, status: CommitStatus, *, token: str) -> bool:
        """Whether the commit has exactly this one already."""
        wanted = asdict(status)
        async for found in self._pages(f"/repos/{slug}/commits/{sha}/statuses", token):
            if all(found.get(name) == value for name, value in wanted.items()):
                return True
        return False

    async def comment(self, slug: str, number: int, text: str, *, token: str) -> int:
        """Writes one, and returns its id."""
        made = await self._ask("POST", f"/repos/{slug}/issues/{number}/comments", token, {"body": text})
        return int(made["id"])

    async def change_comment(self, slug: str, comment: int, text: str, *, token: str) -> None:
        await self._ask("PATCH", f"/repos/{slug}/issues/comments/{comment}", token, {"body": text})

    async def find_comment(self, slug: str, number: int, mark: str, *, token: str) -> int | None:
        """The one that begins with `mark`."""
        async for found in self._pages(f"/repos/{slug}/issues/{number}/comments", token):
            if str(found.get("body") or "").startswith(mark):
                return int(found["id"])
        return None

    async def changed_files(self, slug: str, base: str, head: str, *, token: str | None) -> list[str] | None:
        """The files that differ between two commits; None when there are more than GitHub names."""
        found = await self._ask("GET", f"/repos/{slug}/compare/{quote(base)}...{quote(head)}", token)
        files = [name for one in found.get("files") or () for name in _names(one)]
        return files if len(found.get("files") or ()) < _FILES_LIMIT else None

    async def files_of_pull_request(self, slug: str, number: int, *, token: str | None) -> list[str] | None:
        """As `changed_files`."""
        found = [file async for file in self._pages(f"/repos/{slug}/pulls/{number}/files", token)]
        files = [name for one in found for name in _names(one)]
        return files if len(found) < _PULL_FILES_LIMIT else None

    async def _pages(self, path: str, token: str | None) -> AsyncIterator[Mapping[str, Any]]:
        for page in range(1, _PAGES + 1):
            found = await self._ask("GET", f"{path}?per_page={_PAGE}&page={page}", token)
            for one in found:
                yield one
            if len(found) < _PAGE:
                return

    async def _ask(self, method: str, path: str, token: str | None, body: Mapping[str, Any] | None = None) -> Any:
        import httpx2  # only when it is needed: it takes a while to import

        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": _VERSION,
            "User-Agent": "DevGem",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        try:
            async with httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=False) as client:
                answer = await client.request(method, self._api + path, json=body)
        except httpx2.HTTPError as error:
            raise _later(f"GitHub cannot be reached ({type(error).__name__})") from error
        return _read(answer, f"{method} {path.partition('?')[0]}")


def _read(answer: "httpx2.Response", what: str) -> Any:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status_code in (200, 201) and found is not None:
        return found
    said = clean(str(found.get("message", "")))[:200] if isinstance(found, dict) else ""
    reason = f"GitHub answered {answer.status_code} to {what}: {said}".rstrip(": ")
    is_limit = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    if answer.status_code in (200, 429) or answer.status_code >= 500 or (answer.status_code == 403 and is_limit):
        raise _later(reason)
    raise SourceError(reason, fix="Sign in to GitHub again, with leave to write.", code="github_refused")


def _later(reason: str) -> Unavailable:
    return Unavailable(reason, fix="It is tried again.", code="github_unavailable")


def _names(file: Mapping[str, Any]) -> list[str]:
    """A file that was renamed has changed under both of its names."""
    return [str(file[name]) for name in ("filename", "previous_filename") if file.get(name)]
