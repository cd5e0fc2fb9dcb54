"""The page on which the operator decides what an MCP client may do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from mcp.server.auth.provider import construct_redirect_uri
from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull
from pydantic import AnyUrl, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from devgem.web.mcp import pages
from devgem.web.mcp.caller import ACT, DEPLOY, READ, SCOPES, plain_name
from devgem.web.mcp.oauth import Provider
from devgem.web.parts import Parts

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_FIELD_CHARACTERS = 4000


@dataclass(frozen=True)
class Wish:
    """What a client asks for; checked once more, since it has been in a browser's hands."""

    client: OAuthClientInformationFull
    redirect_uri: str
    explicit: bool
    challenge: str
    scopes: frozenset[str]
    state: str
    resource: str

    @property
    def name(self) -> str:
        return plain_name(self.client.client_name or "")


class Consent:
    """`providers` by their resource."""

    def __init__(self, parts: Parts, providers: Mapping[str, Provider]) -> None:
        self._parts = parts
        self._providers = providers

    async def answer(self, request: Request) -> Response:
        identity = await pages.operator(request, self._parts)
        if isinstance(identity, Response):
            return identity
        wish = await self._wish(request)
        if wish is None:
            return pages.Page("This request is not valid", ["<p>Let the client ask again.</p>"], status=400)
        about = f"consent?{request.url.query}"
        if request.method == "GET":
            return _page(wish, pages.seal(request, about))
        form = await request.form()
        if not pages.own_form(request, self._parts) or not pages.is_sealed(request, about, str(form.get("seal", ""))):
            return pages.too_old()
        if form.get("answer") != "yes":
            return _back(wish, error="access_denied", error_description="the operator has refused")
        scopes = [scope for scope in SCOPES if scope == READ or form.get(scope) == "on"]
        code = await self._providers[wish.resource].issue_code(
            client=wish.client.client_id,
            user=identity.user,
            scopes=scopes,
            redirect_uri=wish.redirect_uri,
            explicit=wish.explicit,
            challenge=wish.challenge,
        )
        return _back(wish, code=code)

    async def _wish(self, request: Request) -> Wish | None:
        asked = request.query_params
        provider = self._providers.get(asked.get("resource", ""))
        if provider is None or any(len(value) > _FIELD_CHARACTERS for value in asked.values()):
            return None
        client = await provider.get_client(asked.get("client_id", ""))
        if client is None or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
            return None
        try:
            redirect_uri = client.validate_redirect_uri(AnyUrl(asked.get("redirect_uri", "")))
        except (InvalidRedirectUriError, ValidationError):
            return None
        return Wish(
            client,
            str(redirect_uri),
            bool(asked.get("explicit")),
            asked["code_challenge"],
            frozenset(asked.get("scope", "").split()) or frozenset({READ, ACT}),
            asked.get("state", ""),
            asked["resource"],
        )


def _page(wish: Wish, seal: str) -> Response:
    target = urlsplit(wish.redirect_uri)
    body = [
        f"<p><strong>{escape(wish.name)}</strong> asks to use DevGem for you. That is the name which it gives itself; "
        f"the answer is sent to <strong>{escape(target.netloc or target.scheme)}</strong>. "
        "Go on only when you have just started this yourself.</p>",
        '<form method="post"><p>It may then</p>',
        f'<label><input type="checkbox" checked disabled> {escape(SCOPES[READ])}</label>',
        _choice(ACT, checked=ACT in wish.scopes),
        # What needs no click later is never chosen for the operator.
        _choice(DEPLOY, checked=False),
        pages.hidden("seal", seal),
        pages.buttons("Allow", "Refuse"),
        "</form>",
    ]
    return pages.Page(f"Let {wish.name} in?", body, sends_to=wish.redirect_uri)


def _choice(scope: str, *, checked: bool) -> str:
    mark = " checked" if checked else ""
    return f'<label><input type="checkbox" name="{escape(scope)}"{mark}> {escape(SCOPES[scope])}</label>'


def _back(wish: Wish, **answer: str) -> Response:
    """https://www.rfc-editor.org/rfc/rfc9207: the answer names who gives it."""
    issuer = wish.resource.removesuffix("/mcp")
    target = construct_redirect_uri(wish.redirect_uri, **answer, state=wish.state or None, iss=issuer)
    return RedirectResponse(target, 303, {"Cache-Control": "no-store"})
