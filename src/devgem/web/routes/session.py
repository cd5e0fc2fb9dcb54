"""Sessions: one-time links, what a page needs to know before it shows anything, and signing out."""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from devgem.domain.errors import NotSignedIn
from devgem.store import GitHubGrant, GrantKind
from devgem.web.github_sign_in import PRIVATE
from devgem.web.parts import Open, Operator, SignedIn, Who
from devgem.web.routes.sign_in import signed_in_as, user_view
from devgem.web.schemas import IsolationView, Page, SignedInBrowser, SignInUrl
from devgem.web.sign_in_schemas import GitHubAccess, SessionView, WaysIn

router = APIRouter()

_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to DevGem</title>
<h1>This sign-in link does not work</h1>
<p>It was used before, or is too old. A new one: <code>devgem open</code> prints it.
</p></html>"""


@router.get("/signin", include_in_schema=False)
async def sign_in(request: Request, parts: Open, token: str | None = None) -> Response:
    """The page that tells the ways in; with the token of a one-time link, the way in itself."""
    if token is None:
        return FileResponse(parts.static / "index.html", headers={"Cache-Control": "no-cache"})
    try:
        session = await parts.sign_in.redeem(token)
    except NotSignedIn:
        parts.sign_in.attempts.charge(request)
        return HTMLResponse(_REFUSED, 401)
    return signed_in_as(session, RedirectResponse("/", 303), request, parts)


@router.post("/api/v1/signin-urls", status_code=201)
async def new_sign_in_url(parts: SignedIn, operator: Operator) -> SignInUrl:
    """A one-time URL that signs a browser in."""
    return SignInUrl(url=f"{parts.origins[0]}/signin?token={parts.sign_in.new_code()}")


@router.get("/api/v1/session")
async def session(request: Request, parts: Open) -> SessionView:
    by_github = parts.github_sign_in
    ways = WaysIn(github=by_github.is_set_up, token=True, app_url=by_github.app_url)
    try:
        user = (await parts.sign_in.require(request)).user
    except NotSignedIn:
        return SessionView(signed_in=False, user=None, version=version("devgem"), isolation=None, sign_in=ways)
    return SessionView(
        signed_in=True,
        user=await user_view(user, parts),
        version=version("devgem"),
        isolation=IsolationView(level=parts.isolation.level, detail=parts.isolation.detail),
        sign_in=ways,
        github=_access(await by_github.tokens.grant(user)),
        clouds=list(parts.clouds),
    )


def _access(grant: GitHubGrant | None) -> GitHubAccess | None:
    if grant is None or grant.revoked:
        return None
    # What a GitHub App was installed for, and what a token may, GitHub tells only when it is asked.
    can_read_private = grant.kind is not GrantKind.OAUTH or PRIVATE in grant.scopes
    return GitHubAccess(scopes=list(grant.scopes), can_read_private=can_read_private)


@router.delete("/api/v1/session", status_code=204)
async def sign_out(request: Request, response: Response, parts: SignedIn, who: Who) -> None:
    """Ends the session. With the user's last one, what GitHub has granted them ends too."""
    await parts.sign_in.end(request)
    if not await parts.sign_in.sessions(who.user):
        await parts.github_sign_in.tokens.forget(who.user)
    response.delete_cookie(
        parts.sign_in.cookie(request), httponly=True, samesite="lax", secure=parts.sign_in.is_secure(request)
    )


@router.get("/api/v1/sessions")
async def list_sessions(parts: SignedIn, who: Who) -> Page[SignedInBrowser]:
    """The browsers that are signed in as the sender, the last seen first."""
    return Page(
        items=[
            SignedInBrowser(
                id=one.id,
                created_at=one.created_at,
                seen_at=one.seen_at,
                expires_at=one.expires_at,
                current=one.id == who.session,
            )
            for one in await parts.sign_in.sessions(who.user)
        ]
    )


@router.delete("/api/v1/sessions/{session}", status_code=204)
async def revoke_session(session: str, parts: SignedIn, who: Who) -> None:
    """Signs a browser out; its open connections are closed within seconds."""
    await parts.sign_in.revoke(who.user, session)
