"""Signing in with GitHub: by the browser, by a code that is typed in elsewhere, or by a token that is pasted in.

A sign-in by the browser is begun with a state, a PKCE verifier and a cookie, and is taken up once, within ten minutes,
by who shows both the state and the cookie.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from devgem.domain.errors import DevGemError, InvalidInput, NotFound, NotSignedIn, SourceError, Unavailable
from devgem.domain.users import github_user
from devgem.source.github import GitHub
from devgem.source.github.oauth import DeviceCode, GitHubOAuth, Granted
from devgem.store import GrantKind, Store
from devgem.web.github_tokens import GitHubTokens

STATE_SECONDS = 600
CALLBACK = "/signin/github/callback"
PRIVATE = "repo"
_NEXT_CHARACTERS = 2000
_PATH = re.compile(r"/(?![/\\])[!#-\[\]-~]*")  # printable ASCII without spaces, quotes and backslashes
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{20,400}")
_NO_DEVICE = "there is no sign-in under this handle: it has ended, or is too old"


class Problem(Exception):
    """Why a browser was not signed in, as the sign-in page knows it; `next` is where it was to go."""

    def __init__(self, code: str, next: str = "/") -> None:
        super().__init__(code)
        self.code = code
        self.next = next


@dataclass(frozen=True)
class Begun:
    """`handle` is the command line's, for GitHub's own code."""

    handle: str
    device: DeviceCode


def safe_next(text: str) -> str:
    """A path of the dashboard's own to go on to, and `/` for whatever is not plainly one (CWE-601)."""
    if len(text) > _NEXT_CHARACTERS or not _PATH.fullmatch(text):
        return "/"
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or ".." in parts.path or parts.path.startswith(("//", "/signin", "/api/")):
        return "/"
    return text


class GitHubSignIn:
    """`oauth` None: no app is registered, and only pasted tokens are taken. `app` is the name of a GitHub App, whose
    powers are those that it was installed with; `site` is GitHub's website. `redirect_uri` is where GitHub sends
    browsers back to; empty: the callback at the address that the browser uses."""

    def __init__(
        self,
        store: Store,
        github: GitHub,
        oauth: GitHubOAuth | None,
        tokens: GitHubTokens,
        *,
        site: str,
        app: str = "",
        redirect_uri: str = "",
    ) -> None:
        self._store = store
        self._github = github
        self._oauth = oauth
        self.tokens = tokens
        self._app = app
        self._site = site
        self.redirect_uri = redirect_uri

    @property
    def is_set_up(self) -> bool:
        """Whether browsers can be sent to GitHub."""
        return self._oauth is not None

    @property
    def app_url(self) -> str | None:
        """Where a user chooses which repositories the GitHub App may see."""
        return f"{self._site.rstrip('/')}/apps/{self._app}/installations/new" if self._app else None

    async def begin(self, *, next: str, private: bool, binding: str, redirect_uri: str) -> str:
        """GitHub's URL for a browser that holds `binding` in a cookie."""
        oauth, now = self._registered(), datetime.now(UTC)
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        facts = {"next": safe_next(next), "verifier": verifier, "binding": _digest(binding), "redirect": redirect_uri}
        async with self._store.write() as transaction:
            await transaction.sign_ins.begin(
                "browser", state, facts, now=now, expires_at=now + timedelta(seconds=STATE_SECONDS)
            )
        return oauth.authorize_url(
            state=state, verifier=verifier, redirect_uri=redirect_uri, scopes=self._scopes(private)
        )

    async def complete(self, *, state: str, code: str, error: str, binding: str) -> tuple[str, str]:
        """The user who has come back from GitHub, and where they go on. Raises Problem."""
        oauth = self._registered()
        async with self._store.write() as transaction:
            facts = await transaction.sign_ins.take("browser", state, now=datetime.now(UTC)) if state else None
        if facts is None or not hmac.compare_digest(facts["binding"], _digest(binding)):
            raise Problem("state")
        next = str(facts["next"])
        if error or not code:
            raise Problem("denied" if error == "access_denied" else "github", next)
        try:
            granted = await oauth.exchange(code, verifier=facts["verifier"], redirect_uri=facts["redirect"])
            return await self._user(self._kind, granted), next
        except Unavailable:
            raise Problem("unavailable", next) from None
        except SourceError as refused:
            raise Problem("expired" if refused.code == "oauth_bad_verification_code" else "github", next) from None

    async def with_token(self, token: str) -> str:
        """The user of a personal token. Raises NotSignedIn when GitHub does not take it."""
        token = token.strip()
        if not _TOKEN.fullmatch(token):
            raise InvalidInput("this is no GitHub token", fix="Copy it from GitHub's settings, Developer settings.")
        try:
            return await self._user(GrantKind.PASTED, Granted(token))
        except SourceError as error:
            raise NotSignedIn("GitHub does not take this token", fix="Make a new one and paste it in.") from error

    async def begin_device(self, *, private: bool = True) -> Begun:
        """Raises InvalidInput where no app is registered."""
        device = await self._registered().begin_device(self._scopes(private))
        handle, now = secrets.token_urlsafe(32), datetime.now(UTC)
        until = now + timedelta(seconds=device.expires_seconds)
        async with self._store.write() as transaction:
            await transaction.sign_ins.begin("device", handle, {"code": device.code}, now=now, expires_at=until)
        return Begun(handle, device)

    async def poll_device(self, handle: str) -> str | None:
        """The user, once they have consented; None until then. Raises NotFound and SourceError."""
        oauth, now = self._registered(), datetime.now(UTC)
        async with self._store.read() as transaction:
            facts = await transaction.sign_ins.find("device", handle, now=now)
        if facts is None:
            raise NotFound(_NO_DEVICE, fix="Begin again with `devgem login`.")
        try:
            granted = await oauth.poll_device(facts["code"])
        except SourceError:
            async with self._store.write() as transaction:
                await transaction.sign_ins.take("device", handle, now=now)
            raise
        if granted is None:
            return None
        async with self._store.write() as transaction:
            first = await transaction.sign_ins.take("device", handle, now=now)
        if first is None:
            raise NotFound(_NO_DEVICE, fix="Begin again with `devgem login`.")
        return await self._user(self._kind, granted)

    @property
    def _kind(self) -> GrantKind:
        return GrantKind.APP if self._app else GrantKind.OAUTH

    def _scopes(self, private: bool) -> Sequence[str]:
        """A GitHub App has no scopes; of another one nothing is asked until private repositories are."""
        return (PRIVATE,) if private and not self._app else ()

    async def _user(self, kind: GrantKind, granted: Granted) -> str:
        account = await self._github.user(granted.access)
        user = github_user(account.id)
        async with self._store.write() as transaction:
            await transaction.users.signed_in(
                user, login=account.login, name=account.name or account.login, now=datetime.now(UTC)
            )
        await self.tokens.keep(user, kind, granted)
        return user

    def _registered(self) -> GitHubOAuth:
        if self._oauth is None:
            raise InvalidInput(
                "this DevGem is not registered at GitHub",
                fix="Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or sign in with a token.",
            )
        return self._oauth


def problem_of(error: DevGemError) -> str:
    """The sign-in page's word for an error."""
    return "unavailable" if isinstance(error, Unavailable) else "github"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
