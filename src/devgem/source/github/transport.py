"""One request to GitHub's API and its answer: cached by ETag, asked once for all who wait, within its limits."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from devgem.domain.errors import DevGemError, Unavailable
from devgem.domain.log import clean
from devgem.source.errors import refusal
from devgem.source.github.budget import Budget, is_limit
from devgem.source.github.cache import Cache, Kept
from devgem.source.github.reading import document

if TYPE_CHECKING:
    import httpx2

JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
_VERSION = "2022-11-28"
_CACHE_BYTES = 48 << 20
_ANSWER_BYTES = 24 << 20
_AT_ONCE = 16
_REDIRECTS = 3
_TIMEOUT_SECONDS = 20.0
_WHOLE_SECONDS = 40.0
_PATIENCE_SECONDS = 3.0
"""How long is waited for an answer when there is an older one."""
_DOWN_SECONDS = 5.0
_REDIRECT_STATUS = frozenset({301, 302, 307, 308})
_NEXT = re.compile(r'<([^>]{1,2000})>;\s*rel="(next|last)"')
GONE = frozenset({404, 410, 451})


_ENCODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


Value = TypeVar("Value")


@dataclass(frozen=True)
class Ask(Generic[Value]):
    """A GET: `read` makes of its document, or of its bytes where it is not JSON, what is kept. `fresh_seconds`: an
    answer so young is not asked for again; None: it never changes. With `stale`, the last answer stands in while GitHub
    cannot be asked."""

    path: str
    read: Callable[[Any], Value]
    params: Mapping[str, str] | None = None
    accept: str = JSON
    fresh_seconds: float | None = 0.0
    stale: bool = False
    limit_bytes: int = _ANSWER_BYTES


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """`stale` is why this is an old answer; empty when it is not."""

    value: Value
    at: datetime
    next: str = ""
    last_page: int = 1
    stale: str = ""


class Transport:
    """`url` is the API's. `client` is made at the first request where none is given."""

    def __init__(
        self, url: str, client: "httpx2.AsyncClient | None" = None, now: Callable[[], float] = time.time
    ) -> None:
        self.url = url.rstrip("/")
        self._client = client
        self._own = client is None
        self._now = now
        self._cache = Cache(_CACHE_BYTES)
        self._budget = Budget(now)
        self._flights: dict[tuple[str, str, str], asyncio.Task[Answer[Any]]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._down_until = 0.0

    async def close(self) -> None:
        for task in list(self._flights.values()):
            task.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)
        if self._own and self._client is not None:
            await self._client.aclose()

    async def get(self, ask: Ask[Value], token: str | None) -> Answer[Value]:
        """Raises SourceError, and Unavailable when GitHub cannot be asked now."""
        who = digest(token)
        key = (who, _address(ask), ask.accept)
        known = self._cache.find(key)
        if known is not None and self._is_fresh(known, ask):
            return _answer(known)
        if known is not None and ask.stale and self._budget.is_short(who):
            return replace(_answer(known), stale="Few calls to GitHub are left for now.")
        if known is not None and ask.stale and self._now() < self._down_until:
            return replace(_answer(known), stale="GitHub cannot be asked.")
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fly(ask, token, key, known))
            flight.add_done_callback(lambda done: self._landed(key, done))
        if known is None or not ask.stale:
            return await asyncio.shield(flight)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.shield(flight)
        except TimeoutError:  # it goes on, for who asks next
            return replace(_answer(known), stale="GitHub is slow to answer.")
        except Unavailable as error:
            return replace(_answer(known), stale=f"{error.message}.")

    async def send(
        self, method: str, path: str, token: str | None, body: object, *, basic: tuple[str, str] | None = None
    ) -> "httpx2.Response":
        """A request that changes something; its answer is the caller's to judge, but for limits and faults."""
        self._check_budget(digest(token))
        async with self._bounds():
            response = await self._exchange(method, self.url + path, token, {}, body, basic=basic)
        self._judge(response.status_code, response.headers, b"", token, path, soft=True)
        return response

    async def query(self, text: str, variables: Mapping[str, str], token: str) -> bytes:
        """A question in GraphQL, which has a limit of its own: https://docs.github.com/en/graphql"""
        pool = f"{digest(token)}/graphql"
        self._check_budget(pool)
        url = self.url.removesuffix("/v3") + "/graphql"
        async with self._bounds():
            body = {"query": text, "variables": dict(variables)}
            response = await self._exchange("POST", url, token, {}, body, pool=pool)
        self._judge(response.status_code, response.headers, response.content, token, "/graphql")
        return response.content

    async def download(self, path: str, limit_bytes: int) -> bytes:
        """What is public, without a token; it may come from the host that GitHub keeps for downloads."""
        self._check_budget("")
        async with self._bounds():
            response = await self._exchange("GET", self.url + path, None, {}, None, limit_bytes, downloads=True)
        self._judge(response.status_code, response.headers, response.content, None, path)
        return response.content

    def _is_fresh(self, known: Kept, ask: Ask[Any]) -> bool:
        return ask.fresh_seconds is None or self._now() - known.at.timestamp() < ask.fresh_seconds

    def _landed(self, key: tuple[str, str, str], done: "asyncio.Task[Answer[Any]]") -> None:
        self._flights.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waited has it; it may be that nobody did

    async def _fly(
        self, ask: Ask[Any], token: str | None, key: tuple[str, str, str], known: Kept | None
    ) -> Answer[Any]:
        self._check_budget(key[0])
        headers = {"Accept": ask.accept, **({"If-None-Match": known.etag} if known and known.etag else {})}
        async with self._bounds():
            response = await self._exchange("GET", self.url + _address(ask), token, headers, None, ask.limit_bytes)
        if response.status_code == 304 and known is not None:
            kept = replace(known, at=self._time())
        else:
            self._judge(response.status_code, response.headers, response.content, token, ask.path)
            kept = self._kept(ask, response)
        self._cache.put(key, kept)
        return _answer(kept)

    def _kept(self, ask: Ask[Any], response: "httpx2.Response") -> Kept:
        body = response.content
        value = document(body, ask.read) if ask.accept == JSON else ask.read(body)
        links = {rel: url for url, rel in _NEXT.findall(response.headers.get("link", "")[:8000])}
        etag = response.headers.get("etag", "")
        last = _page_of(links.get("last", "")) or 1
        return Kept(value, etag, links.get("next", ""), last, self._time(), len(body) + 500)

    async def _exchange(
        self,
        method: str,
        url: str,
        token: str | None,
        headers: Mapping[str, str],
        body: object,
        limit_bytes: int = _ANSWER_BYTES,
        basic: tuple[str, str] | None = None,
        pool: str = "",
        downloads: bool = False,
    ) -> "httpx2.Response":
        import httpx2  # only when it is needed: it takes a while to import

        client = self._opened()
        sent = {"Accept": JSON, "X-GitHub-Api-Version": _VERSION, "User-Agent": "DevGem", **headers}
        if token and basic is None:
            sent["Authorization"] = f"Bearer {token}"
        auth = {"auth": httpx2.BasicAuth(*basic)} if basic else {}
        try:
            for _ in range(_REDIRECTS + 1):
                async with client.stream(method, url, headers=sent, json=body, **auth) as response:  # type: ignore[arg-type]
                    content = await _bounded(response, limit_bytes)
                self._budget.learn(pool or digest(token), response.status_code, response.headers)
                if response.status_code not in _REDIRECT_STATUS:
                    kept = [(n, v) for n, v in response.headers.multi_items() if n not in _ENCODED]
                    return httpx2.Response(response.status_code, headers=kept, content=content)
                url = self._redirected(url, response.headers.get("location", ""), downloads=downloads)
        except httpx2.HTTPError as error:
            raise self._unreachable(type(error).__name__) from error
        raise refusal("github_redirects", url=self.url)

    def _redirected(self, url: str, target: str, *, downloads: bool) -> str:
        """Where a repository that was renamed is now; nothing but this API gets the token."""
        found = urljoin(url, target)
        parts = urlsplit(self.url)
        host = "codeload." + parts.netloc.removeprefix("api.")
        if not found.startswith((self.url + "/", *([f"{parts.scheme}://{host}/"] if downloads else []))):
            raise refusal("redirected_elsewhere", url=self.url, target=clean(found)[:200])
        return found

    def _check_budget(self, who: str) -> None:
        if seconds := self._budget.wait_seconds(who):
            raise self._limited(seconds, who)

    def _judge(
        self, status: int, headers: Mapping[str, str], body: bytes, token: str | None, path: str, *, soft: bool = False
    ) -> None:
        """`soft`: a refusal of what was asked is left to the caller."""
        who = digest(token)
        if is_limit(status, headers):
            raise self._limited(self._budget.wait_seconds(who), who)
        if status == 401:
            self._cache.forget(who)
            raise refusal("github_token_refused" if token else "github_needs_token", what=_shown(path))
        if status >= 500:
            raise self._unreachable(f"it answers {status}")
        if soft or 200 <= status < 300:
            return
        self._refuse(status, body, path)

    def _refuse(self, status: int, body: bytes, path: str) -> NoReturn:
        said = reason(status, body)
        if status in GONE:
            raise refusal("github_not_found", what=_shown(path))
        raise refusal("github_refused", what=_shown(path), detail=said)

    def _limited(self, seconds: float, who: str) -> Unavailable:
        minutes = max(1, round(seconds / 60))
        return Unavailable(
            "GitHub's limit of requests is used up" + ("" if who else " for who is not signed in"),
            fix=("" if who else "Sign in with GitHub, which allows far more; or ")
            + ("T" if who else "t")
            + f"ry again in about {minutes} minute{'s' if minutes > 1 else ''}.",
            code="github_limited",
        )

    def _unreachable(self, detail: str) -> Unavailable:
        self._down_until = self._now() + _DOWN_SECONDS
        return Unavailable(
            f"GitHub cannot be asked: {self.url} ({detail})",
            fix="Try again in a few minutes; see www.githubstatus.com.",
            code="github_unavailable",
        )

    def _opened(self) -> "httpx2.AsyncClient":
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        return self._client

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    @asynccontextmanager
    async def _bounds(self) -> AsyncIterator[None]:
        try:
            async with self._turns, asyncio.timeout(_WHOLE_SECONDS):
                yield
        except TimeoutError as error:
            raise self._unreachable(f"no answer within {_WHOLE_SECONDS:g} seconds") from error


async def _bounded(response: "httpx2.Response", limit_bytes: int) -> bytes:
    found = bytearray()
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) > limit_bytes:
            raise refusal("github_too_much", limit=f"{limit_bytes >> 20} MiB")
    return bytes(found)


def digest(token: str | None) -> str:
    """Names a token without being one."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def reason(status: int, body: bytes) -> str:
    """What an answer that refuses says, as part of a sentence."""
    try:
        said = document(body, lambda found: f"{found['message']} {_first_error(found)}")
    except DevGemError:
        said = ""
    return f"{status} {clean(said)[:200]}".strip()


def _first_error(found: Any) -> str:
    errors = found.get("errors") or [{}]
    first = errors[0] if isinstance(errors, list) else {}
    return str(first.get("message") or first.get("field") or "") if isinstance(first, dict) else str(first)


def _answer(kept: Kept) -> Answer[Any]:
    return Answer(kept.value, kept.at, kept.next, kept.last_page)


def _address(ask: Ask[Any]) -> str:
    return ask.path + (f"?{urlencode(ask.params)}" if ask.params else "")


def _page_of(url: str) -> int | None:
    pages = parse_qs(urlsplit(url).query).get("page", [""])
    return int(pages[0]) if pages[0].isdigit() and len(pages[0]) < 9 else None


def _shown(path: str) -> str:
    """What was asked for, as people call it."""
    parts = path.removeprefix("/repos/").strip("/").split("/")
    inside = path.startswith("/repos/") and parts[2:3] in (["commits"], ["git"], ["branches"], ["tarball"])
    return "/".join(parts[:2] if inside else parts)[:200]
