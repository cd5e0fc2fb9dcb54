"""Sign-in with GitHub, this side of it: OAuth 2.0 with PKCE, tokens that are refreshed, and the flow for devices.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps. GitHub answers errors with status
200; what they mean is told by their `error`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from devgem.domain.errors import SourceError, Unavailable
from devgem.domain.log import clean

if TYPE_CHECKING:
    import httpx2

_SECONDS = 15.0
_ANSWER_BYTES = 64 << 10
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_WAITS = frozenset({"authorization_pending", "slow_down"})
_WORDS = 500


@dataclass(frozen=True)
class Granted:
    """Tokens as GitHub gives them; `refresh` and `expires_at` where it is a GitHub App whose tokens expire."""

    access: str = field(repr=False)
    scopes: Sequence[str] = ()
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class DeviceCode:
    code: str = field(repr=False)
    user_code: str
    verification_uri: str
    interval_seconds: int
    expires_seconds: int


class GitHubOAuth:
    """An app that is registered at `url`. Raises SourceError with the code `oauth_<GitHub's error>` for a refusal, and
    Unavailable when GitHub does not answer."""

    def __init__(
        self, url: str, client_id: str, client_secret: str, *, client: "httpx2.AsyncClient | None" = None
    ) -> None:
        self.url = url.rstrip("/")
        self.client_id = client_id
        self.client_secret = client_secret
        self._client = client
        self._own = client is None

    async def close(self) -> None:
        if self._own and self._client is not None:
            await self._client.aclose()

    def authorize_url(self, *, state: str, verifier: str, redirect_uri: str, scopes: Sequence[str]) -> str:
        """Where the browser is sent."""
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        asked = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            **({"scope": " ".join(scopes)} if scopes else {}),
        }
        return f"{self.url}/login/oauth/authorize?{urlencode(asked)}"

    async def exchange(self, code: str, *, verifier: str, redirect_uri: str) -> Granted:
        """The tokens for a code."""
        return _granted(await self._token(code=code, code_verifier=verifier, redirect_uri=redirect_uri))

    async def refresh(self, refresh: str) -> Granted:
        """New tokens; the old ones end with it."""
        return _granted(await self._token(grant_type="refresh_token", refresh_token=refresh))

    async def begin_device(self, scopes: Sequence[str]) -> DeviceCode:
        """A code that a person types into GitHub's page, wherever they have a browser."""
        scope = {"scope": " ".join(scopes)} if scopes else {}
        said = await self._post("/login/device/code", {"client_id": self.client_id, **scope})
        uri = _text(said, "verification_uri")
        if not uri.startswith(f"{self.url}/"):
            raise _garbled()
        return DeviceCode(
            _text(said, "device_code"),
            _text(said, "user_code"),
            uri,
            max(1, _number(said, "interval") or 5),
            max(1, min(_number(said, "expires_in") or 900, 1800)),
        )

    async def poll_device(self, code: str) -> Granted | None:
        """The tokens once the person has consented; None until then."""
        asked = {"client_id": self.client_id, "device_code": code, "grant_type": _DEVICE_GRANT}
        try:
            return _granted(await self._post("/login/oauth/access_token", asked))
        except SourceError as error:
            if error.code.removeprefix("oauth_") in _WAITS:
                return None
            raise

    async def _token(self, **asked: str) -> Mapping[str, Any]:
        app = {"client_id": self.client_id, "client_secret": self.client_secret}
        return await self._post("/login/oauth/access_token", {**app, **asked})

    async def _post(self, path: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        import httpx2  # only when it is needed: it takes a while to import

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False)
        headers = {"Accept": "application/json", "User-Agent": "DevGem"}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._client.stream("POST", self.url + path, data=dict(form), headers=headers) as response,
            ):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _ANSWER_BYTES:
                        raise _garbled()
            status = response.status_code
            said = httpx2.Response(200, content=bytes(body)).json() if status == 200 else None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise self._unreachable(type(error).__name__) from error
        except ValueError as error:
            raise _garbled() from error
        if status >= 500:
            raise self._unreachable(f"it answers {status}")
        if not isinstance(said, dict):
            raise _garbled()
        if error_code := said.get("error"):
            raise _refused(str(error_code), str(said.get("error_description", "")))
        return said

    def _unreachable(self, detail: str) -> Unavailable:
        return Unavailable(
            f"GitHub cannot be asked: {self.url} ({detail})",
            fix="Try again in a few minutes; see www.githubstatus.com.",
            code="github_unavailable",
        )


def _granted(said: Mapping[str, Any]) -> Granted:
    refresh, seconds = said.get("refresh_token"), _number(said, "expires_in")
    scopes = str(said.get("scope") or "").replace(",", " ").split()
    return Granted(
        _text(said, "access_token"),
        tuple(scopes),
        refresh if isinstance(refresh, str) and refresh else None,
        datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None,
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not 0 < len(value) <= _WORDS:
        raise _garbled()
    return value


def _number(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) and 0 < value < 10**9 else 0


def _refused(code: str, description: str) -> SourceError:
    named = code if code.replace("_", "").isalnum() and code.isascii() and len(code) < 60 else "refused"
    said = clean(description or code)[:200].rstrip(".")
    return SourceError(f"GitHub refuses the sign-in: {said}", fix="Begin the sign-in again.", code=f"oauth_{named}")


def _garbled() -> SourceError:
    return SourceError(
        "GitHub's answer to the sign-in cannot be read", fix="Try again in a moment.", code="oauth_garbled"
    )
