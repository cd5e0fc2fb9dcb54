"""Signing in with GitHub: the way there and back, a token that is pasted in, and a code for the command line."""

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from devgem.domain.errors import DevGemError, InvalidInput
from devgem.domain.users import OPERATOR
from devgem.web.github_sign_in import CALLBACK, STATE_SECONDS, Problem, problem_of, safe_next
from devgem.web.parts import Open, Parts
from devgem.web.sign_in import SESSION_LIFETIME
from devgem.web.sign_in_schemas import DeviceSignedIn, DeviceStarted, TokenBody, UserView

router = APIRouter()

_BINDING = "devgem_signin"


@router.get("/signin/github", response_class=Response, include_in_schema=False)
async def to_github(request: Request, parts: Open, next: str = "/", access: str = "") -> Response:
    """Sends the browser to GitHub; with `access=private` what is asked for covers private repositories."""
    parts.sign_in.attempts.charge(request)
    binding = secrets.token_urlsafe(32)
    try:
        url = await parts.github_sign_in.begin(
            next=next, private=access == "private", binding=binding, redirect_uri=_redirect_uri(request, parts)
        )
    except InvalidInput:
        return _problem("unavailable", safe_next(next))
    response = RedirectResponse(url, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        _binding_cookie(request, parts),
        binding,
        max_age=STATE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=parts.sign_in.is_secure(request),
    )
    return response


@router.get(CALLBACK, response_class=Response, include_in_schema=False)
async def from_github(
    request: Request,
    parts: Open,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=200)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Where GitHub sends the browser back to."""
    parts.sign_in.attempts.charge(request)
    name = _binding_cookie(request, parts)
    try:
        user, next = await parts.github_sign_in.complete(
            state=state, code=code, error=error, binding=request.cookies.get(name, "")
        )
    except Problem as problem:
        return _problem(problem.code, problem.next)
    except DevGemError as failed:
        return _problem(problem_of(failed), "/")
    before = request.cookies.get(parts.sign_in.cookie(request))
    session = await parts.sign_in.open(user, before=before)
    response = signed_in_as(session, RedirectResponse(next, 303, {"Cache-Control": "no-store"}), request, parts)
    response.delete_cookie(name, httponly=True, samesite="lax", secure=parts.sign_in.is_secure(request))
    return response


@router.post("/api/v1/signin/token")
async def with_token(body: TokenBody, request: Request, parts: Open) -> UserView:
    """Signs the browser in with a personal token of GitHub's, which is kept sealed."""
    parts.sign_in.attempts.charge(request)
    user = await parts.github_sign_in.with_token(body.token.get_secret_value())
    before = request.cookies.get(parts.sign_in.cookie(request))
    session = await parts.sign_in.open(user, before=before)
    view = await user_view(user, parts)
    answer = signed_in_as(session, JSONResponse(view.model_dump()), request, parts)
    return answer  # type: ignore[return-value]  # FastAPI hands on a response as it is


@router.post("/api/v1/signin/device")
async def begin_device(request: Request, parts: Open) -> DeviceStarted:
    """Begins the sign-in of a command line: its user types the code into GitHub's page."""
    parts.sign_in.attempts.charge(request)
    begun = await parts.github_sign_in.begin_device()
    return DeviceStarted(
        handle=begun.handle,
        user_code=begun.device.user_code,
        verification_uri=begun.device.verification_uri,
        interval=begun.device.interval_seconds,
        expires_in=begun.device.expires_seconds,
    )


@router.post("/api/v1/signin/device/{handle}", responses={202: {"description": "Not yet: ask again later"}})
async def poll_device(handle: str, request: Request, parts: Open) -> DeviceSignedIn:
    """What has become of it: 202 while the user has not consented, then a session, once."""
    parts.sign_in.attempts.charge(request)
    user = await parts.github_sign_in.poll_device(handle)
    if user is None:
        return JSONResponse({"status": "pending"}, 202)  # type: ignore[return-value]  # handed on as it is
    return DeviceSignedIn(token=await parts.sign_in.open(user), user=await user_view(user, parts))


def signed_in_as(session: str, response: Response, request: Request, parts: Parts) -> Response:
    """The response with the session's cookie."""
    response.set_cookie(
        parts.sign_in.cookie(request),
        session,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.sign_in.is_secure(request),
    )
    return response


async def user_view(user: str, parts: Parts) -> UserView:
    """A user as the page shows them."""
    async with parts.store.read() as transaction:
        known = await transaction.users.find(user)
    if known is None:
        return UserView(id=user, login=user, name="Operator" if user == OPERATOR else user)
    return UserView(id=user, login=known.login, name=known.name)


def _redirect_uri(request: Request, parts: Parts) -> str:
    """On the address that the browser uses, which the guard has checked: the cookie is sent there alone."""
    host = request.headers["host"].lower()
    origin = next(origin for origin in parts.origins if origin.partition("://")[2] == host)
    return parts.github_sign_in.redirect_uri or origin + CALLBACK


def _binding_cookie(request: Request, parts: Parts) -> str:
    return f"__Host-{_BINDING}" if parts.sign_in.is_secure(request) else _BINDING


def _problem(code: str, next: str) -> Response:
    more = {"next": next} if next != "/" else {}
    return RedirectResponse(f"/signin?{urlencode({'problem': code, **more})}", 303, {"Cache-Control": "no-store"})
