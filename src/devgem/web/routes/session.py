"""Signing in and out, and what a page needs to know before it shows anything."""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from devgem.domain.errors import NotSignedIn
from devgem.web.parts import Open, Operator, SignedIn, Who
from devgem.web.schemas import IsolationView, Page, SessionView, SignedInBrowser, SignInUrl
from devgem.web.sign_in import COOKIE, SESSION_LIFETIME

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
        return HTMLResponse(_REFUSED, 401)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/api/v1/signin-urls", status_code=201)
async def new_sign_in_url(parts: SignedIn, operator: Operator) -> SignInUrl:
    """A one-time URL that signs a browser in."""
    return SignInUrl(url=f"{parts.origins[0]}/signin?token={parts.sign_in.new_code()}")


@router.get("/api/v1/session")
async def session(request: Request, parts: Open) -> SessionView:
    try:
        await parts.sign_in.require(request)
    except NotSignedIn:
        return SessionView(signed_in=False, user=None, version=version("devgem"), isolation=None)
    isolation = IsolationView(level=parts.isolation.level, detail=parts.isolation.detail)
    return SessionView(signed_in=True, user="operator", version=version("devgem"), isolation=isolation)


@router.delete("/api/v1/session", status_code=204)
async def sign_out(request: Request, response: Response, parts: SignedIn) -> None:
    await parts.sign_in.end(request)
    response.delete_cookie(COOKIE)


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
