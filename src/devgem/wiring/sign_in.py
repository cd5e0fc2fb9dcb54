"""Sign-in with GitHub over the house's parts, and the addresses that the dashboard answers at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devgem.config import Settings
from devgem.domain.errors import InvalidInput
from devgem.source.github import GitHub
from devgem.source.github.oauth import GitHubOAuth
from devgem.store import Store
from devgem.web.github_sign_in import GitHubSignIn
from devgem.web.github_tokens import GitHubTokens


@asynccontextmanager
async def opened(settings: Settings, store: Store, github: GitHub) -> AsyncIterator[GitHubSignIn]:
    """Without an app that is registered, users can come in with a token of their own only. Raises InvalidInput."""
    if bool(settings.github_client_id) != bool(settings.github_client_secret):
        missing = "GITHUB_CLIENT_SECRET" if settings.github_client_id else "GITHUB_CLIENT_ID"
        raise InvalidInput(f"{missing} is not set, but its other half is", fix="Set both or neither, and start again.")
    oauth = None
    if settings.github_client_id and settings.github_client_secret:
        secret = settings.github_client_secret.get_secret_value()
        oauth = GitHubOAuth(settings.github_url, settings.github_client_id, secret)
    tokens = GitHubTokens(store, github, oauth)
    try:
        yield GitHubSignIn(
            store,
            github,
            oauth,
            tokens,
            site=settings.github_url,
            app=settings.github_app,
            redirect_uri=settings.github_redirect_uri,
        )
    finally:
        await tokens.close()
        if oauth is not None:
            await oauth.close()


def own_origin(settings: Settings) -> str:
    """Where programs of this machine reach the dashboard."""
    return f"http://localhost:{settings.port}"


def origins(settings: Settings) -> list[str]:
    """The dashboard's own origins, that of links first."""
    local = [own_origin(settings), *(f"http://{name}:{settings.port}" for name in ("127.0.0.1", "[::1]"))]
    return [*([settings.url] if settings.url else []), *local]
