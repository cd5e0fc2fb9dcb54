"""GitHub's REST API as DevGem uses it: https://docs.github.com/en/rest

Every call is made with one user's token, or with none for what is public.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from devgem.domain.errors import SourceError
from devgem.source.errors import refusal
from devgem.source.github import reading
from devgem.source.github.model import (
    Account,
    Branch,
    Comment,
    CommitInfo,
    Comparison,
    Listing,
    OpenPull,
    PullRequest,
    RepositoryInfo,
    Status,
    TreeListing,
)
from devgem.source.github.transport import GONE, RAW, Answer, Ask, Transport, Value, reason
from devgem.source.location import GITHUB

if TYPE_CHECKING:
    import httpx2

API = "https://api.github.com"
_PAGE = 100
_REPOSITORY_PAGES = 30
_BRANCH_PAGES = 10
_LIST_FRESH_SECONDS = 30.0
_SHORT_FRESH_SECONDS = 5.0
_PULL_FILES_LIMIT = 3000
_DESCRIPTION_LIMIT = 140
_COMMENT_LIMIT = 60_000
_BLOB_LIMIT_BYTES = 8 << 20
_ARCHIVE_LIMIT_BYTES = 64 << 20
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class GitHub:
    """`url` is the API's address. Raises SourceError for what GitHub does not show or do, and Unavailable when it
    cannot be asked now."""

    def __init__(
        self, url: str = API, *, client: "httpx2.AsyncClient | None" = None, now: Callable[[], float] = time.time
    ) -> None:
        self.url = url.rstrip("/")
        self._transport = Transport(self.url, client, now)

    async def close(self) -> None:
        await self._transport.close()

    async def user(self, token: str) -> Account:
        """Whose token it is."""
        return await self._get(Ask("/user", reading.account), token)

    async def repositories(self, token: str) -> Listing:
        """Everything that the user owns or works on. While GitHub cannot be asked, it is the last answer."""
        first = await self._repository_page(1, token)
        last = min(first.last_page, _REPOSITORY_PAGES)
        rest = await asyncio.gather(*(self._repository_page(page, token) for page in range(2, last + 1)))
        pages = [first, *rest]
        unique = {item.slug: item for page in pages for item in page.value}
        as_of = min(page.at for page in pages)
        items = sorted(unique.values(), key=lambda item: item.pushed_at or _LONG_AGO, reverse=True)
        stale = next((page.stale for page in pages if page.stale), "")
        more = f"Only the first {_PAGE * _REPOSITORY_PAGES:,} are listed." if first.last_page > last else ""
        return Listing(items, as_of, bool(stale), " ".join(filter(None, (stale, more))))

    async def organisations(self, token: str) -> Sequence[str]:
        ask = Ask("/user/orgs", reading.logins, {"per_page": str(_PAGE)}, fresh_seconds=_LIST_FRESH_SECONDS, stale=True)
        return await self._get(ask, token)

    async def repository(self, slug: str, token: str | None) -> RepositoryInfo:
        """As it is called now: a former name leads to it."""
        return await self._get(
            Ask(_repo(slug), reading.repository, fresh_seconds=_SHORT_FRESH_SECONDS, stale=True), token
        )

    async def branches(self, slug: str, token: str | None) -> Sequence[Branch]:
        """At most a thousand, by name."""
        found: list[Branch] = []
        for page in range(1, _BRANCH_PAGES + 1):
            params = {"per_page": str(_PAGE), "page": str(page)}
            ask = Ask(
                f"{_repo(slug)}/branches", reading.branches, params, fresh_seconds=_SHORT_FRESH_SECONDS, stale=True
            )
            answer = await self._transport.get(ask, token)
            found += answer.value
            if not answer.next:
                break
        return found

    async def commit(self, slug: str, ref: str | None, token: str | None) -> CommitInfo:
        """What a branch, tag or SHA names now; None: the default branch. Never an old answer, but for a whole SHA."""
        named = ref or "HEAD"
        fresh = None if reading.SHA.fullmatch(named) else 0.0
        ask = Ask(f"{_repo(slug)}/commits/{quote(named, safe='/')}", reading.commit, fresh_seconds=fresh)
        try:
            return await self._get(ask, token)
        except SourceError as error:
            if error.code == "github_refused" and error.message.endswith("empty."):
                raise refusal("empty_repository", url=f"{GITHUB}/{slug}") from error
            if error.code == "github_refused" and "No commit found" in error.message:
                raise refusal("no_such_ref", url=f"{GITHUB}/{slug}", ref=named) from error
            raise

    async def tree(self, slug: str, sha: str, token: str | None, *, recursive: bool = True) -> TreeListing:
        """The entries of a tree; with `recursive`, of all below it too, unless there are too many of them."""
        params = {"recursive": "1"} if recursive else None
        ask = Ask(f"{_repo(slug)}/git/trees/{_sha(sha)}", reading.tree, params, fresh_seconds=None)
        return await self._get(ask, token)

    async def blob(self, slug: str, sha: str, token: str | None) -> bytes:
        """A file's bytes. Raises SourceError `github_too_much` beyond 8 MiB."""
        path = f"{_repo(slug)}/git/blobs/{_sha(sha)}"
        return await self._get(Ask(path, bytes, accept=RAW, fresh_seconds=None, limit_bytes=_BLOB_LIMIT_BYTES), token)

    async def blobs(self, slug: str, shas: Sequence[str], token: str) -> Mapping[str, bytes]:
        """Those of some small files that are text, in one request; `blob` has the others."""
        owner, _, name = slug.partition("/")
        objects = " ".join(f'f{n}:object(oid:"{_sha(sha)}"){{...on Blob{{text}}}}' for n, sha in enumerate(shas))
        query = f"query($owner:String!,$name:String!){{repository(owner:$owner,name:$name){{{objects}}}}}"
        answer = await self._transport.query(query, {"owner": owner, "name": name}, token)
        found = reading.document(answer, reading.blobs)
        # What GitHub makes of a file that is not quite UTF-8 has another name.
        return {sha: content for sha in shas if (content := found.get(sha)) is not None}

    async def archive(self, slug: str, sha: str) -> bytes:
        """All files of a public commit, as a compressed tar of at most 64 MiB."""
        return await self._transport.download(f"{_repo(slug)}/tarball/{_sha(sha)}", _ARCHIVE_LIMIT_BYTES)

    async def compare(self, slug: str, base: str, head: str, token: str | None) -> Comparison:
        """What differs between two commits, from where they parted."""
        path = f"{_repo(slug)}/compare/{quote(base, safe='')}...{quote(head, safe='')}"
        return await self._get(Ask(path, reading.comparison), token)

    async def set_status(self, slug: str, sha: str, status: Status, token: str) -> None:
        body = {
            "state": status.state,
            "context": status.context,
            "description": status.description[:_DESCRIPTION_LIMIT],
            **({"target_url": status.url} if status.url else {}),
        }
        await self._send("POST", f"{_repo(slug)}/statuses/{_sha(sha)}", token, body, lambda said: None)

    async def statuses(self, slug: str, sha: str, token: str) -> Sequence[Status]:
        """What was said of a commit, the newest first."""
        return await self._all(f"{_repo(slug)}/commits/{_sha(sha)}/statuses", reading.statuses, token)

    async def comments(self, slug: str, issue: int, token: str) -> Sequence[Comment]:
        return await self._all(f"{_repo(slug)}/issues/{issue:d}/comments", reading.comments, token)

    async def pull_files(self, slug: str, number: int, token: str | None) -> Comparison:
        """The files that a pull request changes; GitHub names 3,000 at most."""
        found = await self._all(f"{_repo(slug)}/pulls/{number:d}/files", reading.files, token)
        return Comparison(found, whole=len(found) < _PULL_FILES_LIMIT)

    async def open_pull(self, slug: str, request: PullRequest, token: str) -> str:
        """The address of the pull request; of the one that is open already, if there is one."""
        body = {"title": request.title, "head": request.head, "base": request.base, "body": request.body}
        pulls = f"{_repo(slug)}/pulls"
        response = await self._transport.send("POST", pulls, token, body)
        if response.status_code == 201:
            return reading.document(response.content, reading.pull_address)
        if response.status_code == 422:
            head = f"{slug.partition('/')[0]}:{request.head}"
            known = await self._get(Ask(pulls, reading.pull_addresses, {"head": head, "state": "open"}), token)
            if known:
                return known[0]
        raise refusal(
            "pull_request_refused", url=f"{GITHUB}/{slug}", detail=reason(response.status_code, response.content)
        )

    async def pull(self, slug: str, number: int, token: str | None) -> OpenPull:
        return await self._get(Ask(f"{_repo(slug)}/pulls/{number:d}", reading.pull), token)

    async def add_comment(self, slug: str, issue: int, text: str, token: str) -> int:
        """A comment under an issue or a pull request; returns its id."""
        body = {"body": text[:_COMMENT_LIMIT]}
        return await self._send("POST", f"{_repo(slug)}/issues/{issue:d}/comments", token, body, reading.number)

    async def change_comment(self, slug: str, id: int, text: str, token: str) -> None:
        body = {"body": text[:_COMMENT_LIMIT]}
        await self._send("PATCH", f"{_repo(slug)}/issues/comments/{id:d}", token, body, reading.number)

    async def delete_comment(self, slug: str, id: int, token: str) -> None:
        """One that is gone already is no fault."""
        path = f"{_repo(slug)}/issues/comments/{id:d}"
        response = await self._transport.send("DELETE", path, token, None)
        if response.status_code not in {204, *GONE}:
            raise _refused(path, reason(response.status_code, response.content))

    async def role(self, slug: str, login: str, token: str) -> str:
        """What somebody may do in a repository: admin, write, read or none."""
        path = f"{_repo(slug)}/collaborators/{quote(login, safe='')}/permission"
        return await self._get(Ask(path, reading.role, fresh_seconds=_LIST_FRESH_SECONDS), token)

    async def add_hook(self, slug: str, url: str, secret: str, events: Sequence[str], token: str) -> int:
        """A webhook of the repository; returns its id."""
        body = {
            "name": "web",
            "active": True,
            "events": list(events),
            "config": {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"},
        }
        return await self._send("POST", f"{_repo(slug)}/hooks", token, body, reading.number)

    async def revoke(self, client_id: str, client_secret: str, token: str) -> None:
        """Ends a token that an app of this id was given; one that has ended already is no fault."""
        path = f"/applications/{quote(client_id, safe='')}/token"
        response = await self._transport.send(
            "DELETE", path, token, {"access_token": token}, basic=(client_id, client_secret)
        )
        if response.status_code not in (204, 404, 422):
            raise _refused("the end of a sign-in", reason(response.status_code, response.content))

    async def _repository_page(self, page: int, token: str) -> Answer[Sequence[RepositoryInfo]]:
        params: Mapping[str, str] = {
            "per_page": str(_PAGE),
            "page": str(page),
            "sort": "pushed",
            "affiliation": "owner,collaborator,organization_member",
        }
        ask = Ask("/user/repos", reading.repositories, params, fresh_seconds=_LIST_FRESH_SECONDS, stale=True)
        return await self._transport.get(ask, token)

    async def _all(self, path: str, read: Callable[[Any], Sequence[Value]], token: str | None) -> list[Value]:
        """All pages of a list, up to a limit."""
        found: list[Value] = []
        for page in range(1, _REPOSITORY_PAGES + 1):
            answer = await self._transport.get(Ask(path, read, {"per_page": str(_PAGE), "page": str(page)}), token)
            found += answer.value
            if not answer.next:
                break
        return found

    async def _get(self, ask: Ask[Value], token: str | None) -> Value:
        return (await self._transport.get(ask, token)).value

    async def _send(self, method: str, path: str, token: str, body: object, read: Callable[[Any], Value]) -> Value:
        response = await self._transport.send(method, path, token, body)
        if response.status_code in GONE:
            raise refusal("github_not_found", what=path.removeprefix("/repos/")[:200])
        if not 200 <= response.status_code < 300:
            raise _refused(path.removeprefix("/repos/"), reason(response.status_code, response.content))
        return reading.document(response.content, read)


def slug_of(location: str) -> str | None:
    """owner/name of a repository on GitHub; None for one that is elsewhere."""
    slug = location.removeprefix(GITHUB + "/")
    return slug if slug != location and reading.SLUG.fullmatch(slug) else None


def _repo(slug: str) -> str:
    """The path of a repository. Raises SourceError for what is no owner/name."""
    if not reading.SLUG.fullmatch(slug) or slug.partition("/")[2] in (".", ".."):
        raise refusal("bad_source", text=slug[:200])
    return f"/repos/{slug}"


def _sha(sha: str) -> str:
    if not reading.SHA.fullmatch(sha):
        raise refusal("bad_ref", ref=sha[:100])
    return sha


def _refused(what: str, detail: str) -> SourceError:
    return refusal("github_refused", what=what[:200], detail=detail)
