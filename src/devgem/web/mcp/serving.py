"""The MCP endpoint and its authorization server as one ASGI application. Imports the MCP package."""

import asyncio
from collections.abc import Mapping

from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.metadata import MetadataHandler, ProtectedResourceMetadataHandler
from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.middleware.client_auth import AuthenticationError, ClientAuthenticator
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from pydantic import AnyHttpUrl
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.datastructures import Headers
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from devgem.domain.users import OPERATOR
from devgem.web.mcp.approving import Approving
from devgem.web.mcp.caller import (
    ACT,
    CALLER_HEADER,
    DEPLOY,
    NAME_HEADER,
    READ,
    SCOPE_HEADER,
    SCOPES,
    Caller,
    plain_name,
)
from devgem.web.mcp.clients import Clients
from devgem.web.mcp.consent import Consent
from devgem.web.mcp.desk import Desk
from devgem.web.mcp.oauth import Access, Provider
from devgem.web.mcp.pages import CSS
from devgem.web.mcp.server import build
from devgem.web.parts import Parts

_OWN_CLIENT = "own"
_BODY_LIMIT_BYTES = 256 << 10


class Serving:
    """An ASGI application that serves once `start` has returned. Each of the dashboard's origins is
    an issuer and a resource of its own: clients compare what they are told with the URL that they were given."""

    def __init__(self, parts: Parts, desk: Desk) -> None:
        server = build(desk, _identify, lambda *of: approval_url(parts.origins[0], *of))
        # Without sessions any process of the fleet can answer any request.
        self._manager = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=_BODY_LIMIT_BYTES)
        endpoint = StreamableHTTPASGIApp(self._manager)
        providers = {
            f"{origin}/mcp": Provider(
                parts.store, resource=f"{origin}/mcp", consent_url=f"{parts.origins[0]}/mcp/consent"
            )
            for origin in parts.origins
        }
        self._routers = {
            origin.partition("://")[2]: Router(
                [*_pages(parts, providers), *_routes(parts, origin, providers[f"{origin}/mcp"], endpoint)]
            )
            for origin in parts.origins
        }
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The guard has let through only hosts that are there.
        await self._routers[Headers(scope=scope)["host"].lower()](scope, receive, send)

    async def start(self) -> None:
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._run(ready))
        await ready.wait()

    async def _run(self, ready: asyncio.Event) -> None:
        # One task enters and leaves it, as its task group demands.
        async with self._manager.run():
            ready.set()
            await asyncio.Event().wait()


class _Backend(AuthenticationBackend):
    """A user's own token, the operator's or that of a session, or an access token that was issued for this very
    resource. A cookie counts for nothing here: browsers send it by themselves."""

    def __init__(self, parts: Parts, provider: Provider, resource: str) -> None:
        self._parts = parts
        self._resource = resource
        self._issued = BearerAuthBackend(provider, resource_server_url=AnyHttpUrl(resource))

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        if (identity := await self._parts.sign_in.by_bearer(conn)) is not None:
            scopes = [READ, ACT, *([DEPLOY] if DEPLOY in conn.headers.get(SCOPE_HEADER, "").split() else [])]
            own = AccessToken(
                token="", client_id=_OWN_CLIENT, scopes=scopes, resource=self._resource, subject=identity.user
            )
            return AuthCredentials(scopes), AuthenticatedUser(own)
        found: tuple[AuthCredentials, BaseUser] | None = await self._issued.authenticate(conn)
        return found


class _Revocation:
    """https://www.rfc-editor.org/rfc/rfc7009. The package's own one knows no clients without a secret."""

    def __init__(self, provider: Provider, authenticator: ClientAuthenticator) -> None:
        self._provider = provider
        self._authenticator = authenticator

    async def answer(self, request: Request) -> Response:
        try:
            client = await self._authenticator.authenticate_request(request)
        except AuthenticationError as error:
            return JSONResponse({"error": "invalid_client", "error_description": error.message}, 401)
        text = str((await request.form()).get("token", ""))
        token = await self._provider.load_access_token(text) or await self._provider.load_refresh_token(client, text)
        if token is not None and token.client_id == client.client_id:
            await self._provider.revoke_token(token)
        return Response(headers={"Cache-Control": "no-store"})


async def _identify(request: Request, name: str | None) -> Caller:
    user = request.scope["user"]
    assert isinstance(user, AuthenticatedUser)
    token = user.access_token
    scopes = frozenset(token.scopes)
    if isinstance(token, Access):
        return Caller(f"mcp:{token.grant}", token.name, token.subject or OPERATOR, scopes)
    called = plain_name(request.headers.get(NAME_HEADER) or name or request.headers.get("user-agent", ""))
    key = plain_name(request.headers.get(CALLER_HEADER, called))
    sender = token.subject or OPERATOR
    return Caller(f"mcp:{sender}:{key}", called, sender, scopes, local=sender == OPERATOR)


def approval_url(origin: str, conversation: str, approval: str) -> str:
    return f"{origin}/mcp/approvals/{conversation}/{approval}"


def _pages(parts: Parts, providers: Mapping[str, Provider]) -> list[Route]:
    async def style(request: Request) -> Response:
        return Response(CSS, media_type="text/css")

    return [
        Route("/mcp/page.css", style),
        Route("/mcp/consent", Consent(parts, providers).answer, methods=["GET", "POST"]),
        Route("/mcp/clients", Clients(parts, next(iter(providers.values()))).answer, methods=["GET", "POST"]),
        Route("/mcp/approvals/{conversation}/{approval}", Approving(parts).answer, methods=["GET", "POST"]),
    ]


def _routes(parts: Parts, origin: str, provider: Provider, endpoint: ASGIApp) -> list[Route]:
    resource = f"{origin}/mcp"
    described = f"{origin}/.well-known/oauth-protected-resource/mcp"
    required = RequireAuthMiddleware(endpoint, [READ], AnyHttpUrl(described))
    authenticated = AuthenticationMiddleware(required, backend=_Backend(parts, provider, resource))
    authenticator = ClientAuthenticator(provider)
    registration = ClientRegistrationOptions(enabled=True, valid_scopes=list(SCOPES), default_scopes=list(SCOPES))
    return [
        Route("/mcp", authenticated, methods=["POST"]),
        Route("/.well-known/oauth-protected-resource/mcp", ProtectedResourceMetadataHandler(_resource(origin)).handle),
        Route("/.well-known/oauth-authorization-server", MetadataHandler(_metadata(origin)).handle),
        Route("/mcp/authorize", AuthorizationHandler(provider).handle, methods=["GET"]),
        Route("/mcp/token", TokenHandler(provider, authenticator).handle, methods=["POST"]),
        Route("/mcp/register", RegistrationHandler(provider, registration).handle, methods=["POST"]),
        Route("/mcp/revoke", _Revocation(provider, authenticator).answer, methods=["POST"]),
    ]


def _resource(origin: str) -> ProtectedResourceMetadata:
    """https://www.rfc-editor.org/rfc/rfc9728"""
    return ProtectedResourceMetadata.model_validate(
        {
            "resource": f"{origin}/mcp",
            "authorization_servers": [origin],
            "scopes_supported": list(SCOPES),
            "resource_name": "DevGem",
        }
    )


def _metadata(origin: str) -> OAuthMetadata:
    """https://www.rfc-editor.org/rfc/rfc8414"""
    methods = ["none", "client_secret_post", "client_secret_basic"]
    return OAuthMetadata.model_validate(
        {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/mcp/authorize",
            "token_endpoint": f"{origin}/mcp/token",
            "registration_endpoint": f"{origin}/mcp/register",
            "revocation_endpoint": f"{origin}/mcp/revoke",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )
