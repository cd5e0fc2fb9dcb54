"""Opens a pull request by GitHub's REST API: https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgem.domain.errors import SourceError
from devgem.domain.log import clean
from devgem.source.errors import refusal
from devgem.source.location import GITHUB

if TYPE_CHECKING:
    import httpx2

API = "https://api.github.com"
_TIMEOUT_SECONDS = 20.0
_VERSION = "2022-11-28"


@dataclass(frozen=True)
class PullRequest:
    """What to open: the branch `head`, to be merged into the branch `base`."""

    head: str
    base: str
    title: str
    body: str


def slug_of(location: str) -> str | None:
    """owner/name of a repository on GitHub; None for one that is elsewhere."""
    return location.removeprefix(GITHUB + "/") if location.startswith(GITHUB + "/") else None


async def open_pull_request(request: PullRequest, slug: str, *, token: str, api: str = API) -> str:
    """The address of the pull request; of the one that is open already, if there is one. Raises SourceError."""
    import httpx2  # only when it is needed: it takes a while to import

    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": _VERSION,
        "User-Agent": "DevGem",
    }
    pulls = f"{api.rstrip('/')}/repos/{slug}/pulls"
    try:
        async with httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=False) as client:
            created = await client.post(pulls, json=_body(request))
            if created.status_code == 422:
                owner = slug.partition("/")[0]
                known = await client.get(pulls, params={"head": f"{owner}:{request.head}", "state": "open"})
                if known.status_code == 200 and (found := _json(known)):
                    return _url(found[0], slug)
            if created.status_code != 201:
                raise _refused(slug, _reason(created))
            return _url(_json(created), slug)
    except httpx2.HTTPError as error:
        raise _refused(slug, f"{api} cannot be reached ({type(error).__name__})") from error


def _body(request: PullRequest) -> dict[str, str]:
    return {"title": request.title, "head": request.head, "base": request.base, "body": request.body}


def _url(found: Any, slug: str) -> str:
    try:
        return str(found["html_url"])
    except (KeyError, TypeError):
        raise _refused(slug, "the answer has no address") from None


def _reason(response: "httpx2.Response") -> str:
    found = _json(response)
    said = found.get("message", "") if isinstance(found, dict) else ""
    return f"{response.status_code} {clean(str(said))[:200]}".strip()


def _json(response: "httpx2.Response") -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _refused(slug: str, detail: str) -> SourceError:
    return refusal("pull_request_refused", url=f"{GITHUB}/{slug}", detail=detail)
