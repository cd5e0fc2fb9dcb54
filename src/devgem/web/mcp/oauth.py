"""DevGem as OAuth 2.1 authorization server for its own MCP endpoint: clients, codes and tokens, bound to it.

Codes live for a minute and work once, access tokens for a quarter of an hour, refresh tokens are exchanged for new
ones at each use. Whoever shows a code or a refresh token a second time has stolen it, or was stolen from: the grant
ends.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    RegistrationError,
    TokenError,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from devgem.domain.ids import new_id
from devgem.store import Issued, Store, TokenKind
from devgem.web.mcp.caller import plain_name

CODE_LIFETIME = timedelta(minutes=1)
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
_CLIENT_LIMIT = 200
_DOCUMENT_CHARACTERS = 8_000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What a browser would run, or read from its own machine, instead of handing it to an application.
_UNFIT_SCHEMES = frozenset({"javascript", "data", "file", "vbscript", "blob", "about", "ftp", "ws", "wss"})


class Code(AuthorizationCode):
    grant: str


class Access(AccessToken):
    grant: str
    name: str


class Refresh(RefreshToken):
    grant: str


class Provider(OAuthAuthorizationServerProvider[Code, Refresh, Access]):
    """`resource` is this endpoint's own URL; `consent_url` is the page on which the operator decides."""

    def __init__(self, store: Store, *, resource: str, consent_url: str) -> None:
        self._store = store
        self._resource = resource
        self._consent_url = consent_url

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        async with self._store.read() as transaction:
            document = await transaction.grants.client(client_id)
        return None if document is None else OAuthClientInformationFull.model_validate_json(document)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Raises RegistrationError."""
        for uri in client_info.redirect_uris or ():
            if not is_fit(str(uri)):
                raise RegistrationError("invalid_redirect_uri", "use https, loopback, or a scheme of the app's own")
        document = client_info.model_dump_json(exclude_none=True)
        if len(document) > _DOCUMENT_CHARACTERS:
            raise RegistrationError("invalid_client_metadata", "the registration is too long")
        async with self._store.write() as transaction:
            taken = await transaction.grants.add_client(
                client_info.client_id, document, now=datetime.now(UTC), limit=_CLIENT_LIMIT
            )
        if not taken:
            raise RegistrationError("invalid_client_metadata", "too many clients are registered; try again tomorrow")

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """The consent page's URL. Raises AuthorizeError."""
        if params.resource is not None and params.resource.rstrip("/") != self._resource:
            raise AuthorizeError("invalid_target", f"this server's resource is {self._resource}")
        asked = {
            "client_id": client.client_id,
            "redirect_uri": str(params.redirect_uri),
            "explicit": "1" if params.redirect_uri_provided_explicitly else "",
            "code_challenge": params.code_challenge,
            "scope": " ".join(params.scopes or ()),
            "state": params.state or "",
            "resource": self._resource,
        }
        return f"{self._consent_url}?{urlencode(asked)}"

    async def load_authorization_code(self, client: OAuthClientInformationFull, authorization_code: str) -> Code | None:
        issued = await self._find(client, authorization_code, TokenKind.CODE)
        if issued is None:
            return None
        return Code(
            code=authorization_code,
            scopes=list(issued.scopes),
            expires_at=issued.expires_at.timestamp(),
            client_id=issued.client,
            resource=issued.resource,
            subject=issued.user,
            grant=issued.grant,
            **issued.facts,
        )

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: Code
    ) -> OAuthToken:
        """Raises TokenError when somebody else was faster."""
        return await self._exchange(authorization_code.code, authorization_code, authorization_code.scopes)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> Refresh | None:
        issued = await self._find(client, refresh_token, TokenKind.REFRESH)
        if issued is None:
            return None
        return Refresh(token=refresh_token, **_bare(issued))

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: Refresh, scopes: list[str]
    ) -> OAuthToken:
        """Raises TokenError when somebody else was faster."""
        return await self._exchange(refresh_token.token, refresh_token, scopes)

    async def load_access_token(self, token: str) -> Access | None:
        async with self._store.read() as transaction:
            issued = await transaction.grants.find(token, TokenKind.ACCESS, now=datetime.now(UTC))
        if issued is None or (client := await self.get_client(issued.client)) is None:
            return None
        return Access(token=token, name=plain_name(client.client_name or ""), **_bare(issued))

    async def verify_token(self, token: str) -> Access | None:
        return await self.load_access_token(token)

    async def revoke_token(self, token: Access | Refresh) -> None:
        """Ends the whole grant."""
        await self._revoke(token.grant)

    async def issue_code(
        self, *, client: str, user: str, scopes: Sequence[str], redirect_uri: str, explicit: bool, challenge: str
    ) -> str:
        """A code for a new grant, which the operator has just given."""
        facts = {
            "redirect_uri": redirect_uri,
            "redirect_uri_provided_explicitly": explicit,
            "code_challenge": challenge,
        }
        now, code = datetime.now(UTC), secrets.token_urlsafe(32)
        issued = Issued(
            TokenKind.CODE, new_id("grt"), client, user, tuple(scopes), self._resource, now + CODE_LIFETIME, facts
        )
        async with self._store.write() as transaction:
            await transaction.grants.issue(code, issued, now=now)
        return code

    async def _find(self, client: OAuthClientInformationFull, token: str, kind: TokenKind) -> Issued | None:
        async with self._store.read() as transaction:
            issued = await transaction.grants.find(token, kind, now=datetime.now(UTC))
        if issued is None or issued.client != client.client_id:
            return None
        if issued.spent:
            await self._revoke(issued.grant)
            return None
        return issued

    async def _exchange(self, spent: str, of: Code | Refresh, scopes: Sequence[str]) -> OAuthToken:
        now = datetime.now(UTC)
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        common = (of.grant, of.client_id, of.subject or "", tuple(scopes), of.resource or "")
        async with self._store.write() as transaction:
            first = await transaction.grants.spend(spent)
            if first:
                grants = transaction.grants
                await grants.issue(access, Issued(TokenKind.ACCESS, *common, now + ACCESS_LIFETIME), now=now)
                await grants.issue(refresh, Issued(TokenKind.REFRESH, *common, now + REFRESH_LIFETIME), now=now)
        if not first:
            await self._revoke(of.grant)
            raise TokenError("invalid_grant", "it was used before")
        return OAuthToken(
            access_token=access,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            scope=" ".join(scopes),
            refresh_token=refresh,
        )

    async def _revoke(self, grant: str) -> None:
        async with self._store.write() as transaction:
            await transaction.grants.revoke(grant)


def is_fit(redirect_uri: str) -> bool:
    """Whether a code may be sent there: https, this machine (RFC 8252, 7.3), or an app's own scheme (7.1)."""
    parts = urlsplit(redirect_uri)
    if parts.fragment or parts.username or parts.password:
        return False
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return bool(parts.scheme) and parts.scheme not in _UNFIT_SCHEMES and (parts.scheme != "https" or bool(parts.netloc))


def _bare(issued: Issued) -> dict[str, Any]:
    return {
        "client_id": issued.client,
        "scopes": list(issued.scopes),
        "expires_at": int(issued.expires_at.timestamp()),
        "resource": issued.resource,
        "subject": issued.user,
        "grant": issued.grant,
    }
